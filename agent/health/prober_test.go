package health

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/neo4j/neo4j-go-driver/v5/neo4j"
)

// captured are answers of real servers; the version is in the name.
func captured(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestTheRaftStatusOfRealServers(t *testing.T) {
	for _, test := range []struct {
		file   string
		led    bool
		core   bool
		leader string
	}{
		{"status-3.5.0-beta03-leader.json", true, true, "11e70fbc-952e-4ceb-b083-cbdd2cd28b66"},
		{"status-3.5.0-beta03-follower.json", true, true, "11e70fbc-952e-4ceb-b083-cbdd2cd28b66"},
		{"status-3.5.0-beta03-core-without-majority.json", false, true, ""},
		{"status-3.5.0-beta03-replica.json", false, false, "11e70fbc-952e-4ceb-b083-cbdd2cd28b66"},
		{"status-3.5.0-beta03-replica-without-leader.json", false, false, ""},
	} {
		raft := decodeRaft(200, captured(t, test.file))
		if !raft.Known || !raft.Healthy || raft.led() != test.led || raft.Core != test.core || raft.Leader != test.leader || raft.MemberID == "" {
			t.Errorf("%s is read as %+v, led %v", test.file, raft, raft.led())
		}
	}
}

func TestWhatIsNoRaftStatus(t *testing.T) {
	good := string(captured(t, "status-3.5.0-beta03-leader.json"))
	for name, raft := range map[string]Raft{
		"another code":  decodeRaft(404, []byte(good)),
		"no JSON":       decodeRaft(200, []byte("<html>")),
		"cut off":       decodeRaft(200, []byte(good[:100])),
		"no member":     decodeRaft(200, []byte(`{"healthy":true}`)),
		"nothing":       decodeRaft(200, nil),
		"not an object": decodeRaft(200, []byte(`[]`)),
	} {
		if raft.Known {
			t.Errorf("%s is taken for a status", name)
		}
	}
}

// The later spelling is the manual's: Operations Manual 4.4, Monitoring endpoints for status information.
func TestBothSpellingsOfHealthy(t *testing.T) {
	for text, want := range map[string]bool{
		`{"memberId":"a","healthy":true}`: true, `{"memberId":"a","healthy":false}`: false,
		`{"memberId":"a","isHealthy":true}`: true, `{"memberId":"a","isHealthy":false}`: false, `{"memberId":"a"}`: true,
	} {
		if got := decodeRaft(200, []byte(text)).Healthy; got != want {
			t.Errorf("%s is healthy: %v, want %v", text, got, want)
		}
	}
}

// The rows of 3.5 are those of a 3.5.0-beta03 server, those of 4.x the manual's (Operations Manual 4.4, Procedures).
func TestTheOverviewIsReadByWhatIsThere(t *testing.T) {
	row := func(keys []string, values ...any) *neo4j.Record { return &neo4j.Record{Keys: keys, Values: values} }
	old, later := []string{"id", "addresses", "role", "groups", "database"}, []string{"id", "addresses", "databases", "groups"}
	uris := []any{"bolt://10.0.0.1:7687", "http://10.0.0.1:7474", "https://10.0.0.1:7473"}
	for _, test := range []struct {
		name string
		row  *neo4j.Record
		want []Seen
	}{
		{"3.5", row(old, "a", uris, "LEADER", []any{}, "default"), []Seen{{ID: "a", Bolt: "10.0.0.1:7687", HTTP: "10.0.0.1:7474", Roles: map[string]string{"graph.db": "LEADER"}}}},
		{"4.x", row(later, "a", uris, map[string]any{"neo4j": "FOLLOWER", "system": "LEADER"}, []any{}), []Seen{{ID: "a", Bolt: "10.0.0.1:7687", HTTP: "10.0.0.1:7474", Roles: map[string]string{"neo4j": "FOLLOWER", "system": "LEADER"}}}},
		{"5 and later", row([]string{"id", "addresses", "databases"}, "a", []any{"bolt://10.0.0.1:7687"}, []any{[]any{"neo4j", "FOLLOWER"}, []any{"system", "LEADER"}}), []Seen{{ID: "a", Bolt: "10.0.0.1:7687", Roles: map[string]string{"neo4j": "FOLLOWER", "system": "LEADER"}}}},
		{"pairs that are none", row(later, "a", uris, []any{3, []any{"neo4j"}, []any{"neo4j", nil}, []any{nil, "LEADER"}}, nil), []Seen{{ID: "a", Bolt: "10.0.0.1:7687", HTTP: "10.0.0.1:7474", Roles: map[string]string{}}}},
		{"without HTTP", row(old, "a", []any{"bolt://h:1"}, "LEADER", []any{}, "default"), []Seen{{ID: "a", Bolt: "h:1", Roles: map[string]string{"graph.db": "LEADER"}}}},
		{"nothing that fits", row(old, "a", 3, nil, nil, nil), []Seen{{ID: "a", Roles: map[string]string{}}}},
		{"RETURN 1", row([]string{"1"}, int64(1)), nil},
	} {
		if diff := cmp.Diff(test.want, overview([]*neo4j.Record{test.row}, "graph.db")); diff != "" {
			t.Errorf("%s: %s", test.name, diff)
		}
	}
}

// neighbour serves h as the HTTP port of a member on 127.0.0.1, and returns facts of a member there.
func neighbour(t *testing.T, kind string, h http.HandlerFunc) Facts {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	facts := facts35(kind)
	facts.Member.Listen, facts.Member.LocalHTTP, facts.Member.LocalBolt = "127.0.0.1", server.Listener.Addr().String(), ""
	facts.Member.Ports.HTTP, _ = strconv.Atoi(port)
	facts.Member.Members = []string{"10.0.0.1:5000", "127.0.0.1:5000"}
	return facts
}

func prober() *Neo4j { return NewProber(func() (string, string) { return "neo4j", "secret" }) }

func TestTheEndpointsOfALeader(t *testing.T) {
	facts := neighbour(t, Core, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			t.Error("credentials were sent to a server that wants none")
		}
		switch r.URL.Path {
		case "/db/manage/server/causalclustering/status":
			_, _ = w.Write(captured(t, "status-3.5.0-beta03-leader.json"))
		case "/db/manage/server/causalclustering/writable":
			_, _ = w.Write([]byte("true"))
		default:
			t.Errorf("asked for %s", r.URL.Path)
		}
	})
	seen := prober().Probe(t.Context(), facts)
	if !seen.Asked || !seen.HTTP || !seen.Writable || !seen.Raft.led() || seen.ReplicaAvailable || seen.Bolt.Open {
		t.Errorf("saw %+v", seen)
	}
}

func TestTheEndpointsOfAReplica(t *testing.T) {
	facts := neighbour(t, ReadReplica, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/db/manage/server/causalclustering/status":
			_, _ = w.Write(captured(t, "status-3.5.0-beta03-replica.json"))
		case "/db/manage/server/read-replica/available":
			_, _ = w.Write([]byte("true"))
		default:
			t.Errorf("asked for %s", r.URL.Path)
		}
	})
	if seen := prober().Probe(t.Context(), facts); !seen.ReplicaAvailable || seen.Writable || !seen.Raft.Known {
		t.Errorf("saw %+v", seen)
	}
}

func TestAServerThatIsNoClusterIsOnlyAskedWhetherItSpeaksHTTP(t *testing.T) {
	facts := neighbour(t, Standalone, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			t.Errorf("asked for %s", r.URL.Path)
		}
		http.Redirect(w, r, "/browser/", http.StatusSeeOther)
	})
	if seen := prober().Probe(t.Context(), facts); !seen.HTTP || len(seen.Others.Answered) > 0 {
		t.Errorf("saw %+v", seen)
	}
}

func TestOthersAreAskedForTheirLeaderWithoutCredentials(t *testing.T) {
	facts := neighbour(t, Core, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			t.Error("credentials were sent to another member")
		}
		_, _ = w.Write(captured(t, "status-3.5.0-beta03-follower.json"))
	})
	facts.Member.LocalHTTP = "127.0.0.2:1" // nobody is there
	seen := prober().Probe(t.Context(), facts)
	want := Others{Answered: []string{"127.0.0.1"}, Led: []string{"127.0.0.1"}}
	if diff := cmp.Diff(want, seen.Others); diff != "" || seen.HTTP {
		t.Errorf("saw %+v: %s", seen, diff)
	}
}

func TestOthersInAMinorityHaveNoLeader(t *testing.T) {
	facts := neighbour(t, Core, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(captured(t, "status-3.5.0-beta03-core-without-majority.json"))
	})
	facts.Member.LocalHTTP = "127.0.0.2:1"
	seen := prober().Probe(t.Context(), facts)
	if diff := cmp.Diff(Others{Answered: []string{"127.0.0.1"}}, seen.Others); diff != "" {
		t.Error(diff)
	}
}

func TestCredentialsAreUsedWhereTheStatusWantsThemAndNotAgainOnceRefused(t *testing.T) {
	var asked atomic.Int32
	facts := neighbour(t, Core, func(w http.ResponseWriter, r *http.Request) {
		_, password, given := r.BasicAuth()
		if given {
			asked.Add(1)
		}
		if password != "right" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = w.Write(captured(t, "status-3.5.0-beta03-leader.json"))
	})
	facts.Member.Members = nil
	password := "wrong"
	p := NewProber(func() (string, string) { return "neo4j", password })
	for range 3 {
		if seen := p.Probe(t.Context(), facts); seen.Raft.Known || !seen.HTTP {
			t.Errorf("saw %+v", seen)
		}
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("wrong credentials were tried %d times, want once", n)
	}
	password = "right"
	if seen := p.Probe(t.Context(), facts); !seen.Raft.Known {
		t.Errorf("saw %+v with new credentials", seen)
	}
}

func TestAServerThatHangsEndsTheRoundInTime(t *testing.T) {
	release := make(chan struct{})
	facts := neighbour(t, Core, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	defer close(release)
	started := time.Now()
	if seen := prober().Probe(t.Context(), facts); seen.HTTP {
		t.Errorf("saw %+v", seen)
	}
	if took := time.Since(started); took > probeTimeout+askTimeout+time.Second {
		t.Errorf("took %s", took)
	}
}

func TestRefusedCredentialsRestAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		password := "old"
		g := &gate{on: true, credentials: func() (string, string) { return "neo4j", password }}
		tried, usable := g.ask()
		if !usable {
			t.Fatal("fresh credentials are not usable")
		}
		g.refuse(tried)
		if _, usable = g.ask(); usable {
			t.Error("refused credentials are usable at once")
		}
		password = "new"
		if _, usable = g.ask(); !usable {
			t.Error("new credentials are not usable")
		}
		password = ""
		if _, usable = g.ask(); usable {
			t.Error("an empty password is usable")
		}
		password = "old"
		pass(refusedFor + time.Second)
		if _, usable = g.ask(); !usable {
			t.Error("refused credentials are never usable again")
		}
		g.refuse(tried)
		g.forgive()
		if _, usable = g.ask(); !usable {
			t.Error("credentials that the server takes by now are not usable")
		}
	})
}

func TestTheHandshakeTellsBoltFromOtherServers(t *testing.T) {
	for name, test := range map[string]struct {
		answer []byte
		want   bool
	}{"Bolt 3": {[]byte{0, 0, 0, 3}, true}, "no version": {[]byte{0, 0, 0, 0}, false}, "nothing": {nil, false}, "half": {[]byte{0, 0}, false}} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 20))
			_, _ = conn.Write(test.answer)
			_ = conn.Close()
		}()
		if got := handshake(t.Context(), listener.Addr().String(), Pin{}); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
		<-done
		_ = listener.Close()
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if handshake(ctx, "127.0.0.1:1", Pin{}) {
		t.Error("a closed port speaks Bolt")
	}
}
