package integration

import (
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"neo4j-agent/agent/peers/fakecloudmap"
)

// fakeNeighbour is the status endpoint of another core, on an address and the HTTP port of its own. It stands for the whole
// cluster: what is looked at is what the agent makes of its answers.
type fakeNeighbour struct {
	port   string
	answer atomic.Value // string: the body of the status, "" for 401
}

const (
	statusLed     = `{"core":true,"healthy":true,"participatingInRaftGroup":true,"memberId":"a","leader":"a"}`
	statusWithout = `{"core":true,"healthy":true,"participatingInRaftGroup":false,"memberId":"a","leader":""}`
)

func newNeighbour(t *testing.T, says string) *fakeNeighbour {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.2:0")
	if err != nil {
		t.Fatal(err)
	}
	n := &fakeNeighbour{}
	n.answer.Store(says)
	_, n.port, _ = net.SplitHostPort(listener.Addr().String())
	server := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := n.answer.Load().(string)
		if body == "" || r.URL.Path != "/db/neo4j/cluster/status" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = w.Write([]byte(body))
	})}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return n
}

// besideNeighbour is a core with an empty volume and a snapshot to restore, in a service with that neighbour.
func besideNeighbour(t *testing.T, n *fakeNeighbour) *box {
	service := fakecloudmap.New()
	service.AddService(boxService, "core", "neo4j.service")
	for id, address := range map[string]string{"i-002": "127.0.0.2", "i-003": "127.0.0.3"} {
		service.Add(boxService, id, address, fakecloudmap.Healthy)
	}
	server, _ := realS3(t)
	b := adminBox(t, server, "latest").core(service)
	return b.with("AWS_ENDPOINT_URL_S3", "http://"+server, "AWS_ACCESS_KEY_ID", "local", "AWS_SECRET_ACCESS_KEY", "locallocal",
		"NEO4J_dbms_connector_http_listen__address", ":"+n.port)
}

func TestACoreBesideARunningClusterWaitsForItsLeaderAndJoinsInsteadOfRestoring(t *testing.T) {
	t.Parallel()
	n := newNeighbour(t, statusWithout)
	b := besideNeighbour(t, n)
	b.start()
	b.eventually("the core to wait", 20*time.Second, func() bool {
		return strings.Contains(b.output.String(), "waiting: the members that run ([127.0.0.2]) have no leader")
	})
	if b.starts() != 0 {
		t.Error("the database was started meanwhile")
	}
	n.answer.Store(statusLed)
	b.started(1)
	if text := b.output.String(); !strings.Contains(text, "this member joins it and copies its store") {
		t.Errorf("it does not say that it joins:\n%s", text)
	}
	if jobs := b.jobs(); jobs != nil {
		t.Errorf("neo4j-admin was called with %q", jobs)
	}
	if b.read("volume/restored_backups/joined-cluster.done") == "" {
		t.Error("there is no marker")
	}
}

func TestACoreBesideAClusterThatTellsNothingJoinsIt(t *testing.T) {
	t.Parallel()
	b := besideNeighbour(t, newNeighbour(t, ""))
	b.start()
	b.started(1)
	if text := b.output.String(); !strings.Contains(text, "a cluster runs (127.0.0.2 answers)") {
		t.Errorf("it does not say that it joins:\n%s", text)
	}
}

func TestACoreBesideAClusterThatStaysWithoutALeaderRestoresNothingAndTriesAgainLater(t *testing.T) {
	t.Parallel()
	b := besideNeighbour(t, newNeighbour(t, statusWithout)).with("AGENT_DISCOVERY_TIMEOUT", "3s")
	b.start()
	if code := b.exit(30 * time.Second); code != 75 || !strings.Contains(b.output.String(), "restoring could replace newer data") {
		t.Errorf("exit code %d, want 75; output:\n%s", code, b.output)
	}
	if b.starts() != 0 || b.read("volume/restored_backups/joined-cluster.done") != "" {
		t.Error("the database was started, or the volume marked")
	}
}
