package main

import (
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"neo4j-agent/agent/peers"
	"neo4j-agent/agent/restore"
	"neo4j-agent/agent/settings"
	"neo4j-agent/neo4jconf"
)

// A core with data of its own is what a cluster that has lost its majority waits for: it must not wait for a leader itself.
func TestACoreWithDataDoesNotWaitForTheLeaderThatCannotBeElectedWithoutIt(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.213:0") // the one core of three that still runs
	if err != nil {
		t.Fatal(err)
	}
	leaderless := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"memberId":"b","isCore":true,"isParticipatingInRaftGroup":true,"leader":"","isHealthy":true}`))
	})}
	go func() { _ = leaderless.Serve(listener) }()
	t.Cleanup(func() { _ = leaderless.Close() })

	root := t.TempDir()
	dialect := enterprise35(t)
	intent, err := neo4jconf.Input{Dialect: dialect, HomeDir: "/neo4j", DataRoot: root, Role: neo4jconf.Core, Discovery: neo4jconf.List, Advertise: "127.0.0.9"}.Intent()
	if err != nil {
		t.Fatal(err)
	}
	intent.Ports.HTTP = listener.Addr().(*net.TCPAddr).Port
	intent.Ports.Bolt = intent.Ports.HTTP
	loaded := &settings.Settings{
		Home: "/neo4j", DataRoot: root, RunDir: t.TempDir(), Discovery: settings.DiscoveryStatic,
		Peers: []string{"127.0.0.9:5000", "127.0.0.213:5000"}, DiscoveryTimeout: 5 * time.Second, Restore: "each-new",
	}
	p := &preparation{settings: loaded, folders: layoutOf(loaded), neo4j: neo4jHome{dialect: dialect, intent: intent},
		own: peers.Own{Advertised: "127.0.0.9"}, log: zerolog.Nop()}
	p.prepared.DataDir = intent.Config.DataDir()
	for path, text := range map[string]string{
		filepath.Join(p.markers(), "old.zip.done"):              "",
		filepath.Join(root, "data/databases/graph.db/neostore"): "in use",
	} {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	w := &restoring{preparation: p, snapshot: filepath.Join(root, "newer.zip")}
	result, err := w.run(t.Context())
	if err != nil || result.Outcome != restore.Skipped {
		t.Errorf("%+v %v", result, err)
	}
}
