package health

import (
	"bytes"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"
)

// The table is that of a machine with three cores of Neo4j 3.5.0-beta03 on 127.0.7.1 to 127.0.7.3.
func TestTheKernelsTableShowsWhoListensAndWhoIsConnected(t *testing.T) {
	for _, test := range []struct {
		listen    string
		open      bool
		connected []string
	}{
		{"127.0.7.1", true, []string{"127.0.7.2:5000", "127.0.7.3:5000"}},
		{"127.0.7.2", true, []string{"127.0.7.1:5000", "127.0.7.3:5000"}},
		{"127.0.7.3", true, []string{"127.0.7.1:5000", "127.0.7.2:5000"}},
		{"127.0.7.9", false, []string{}},
	} {
		m := Member{Address: test.listen, Listen: test.listen, Ports: Ports{Discovery: 5000},
			Members: []string{"127.0.7.1:5000", "127.0.7.2:5000", "127.0.7.3:5000"}}
		peers := map[netip.Addr]bool{}
		open := m.survey(bytes.NewReader(captured(t, "proc-net-tcp6")), peers)
		if got := m.connected(peers); open != test.open || !slices.Equal(got, test.connected) {
			t.Errorf("of %s: open %v, connected %q; want %v, %q", test.listen, open, got, test.open, test.connected)
		}
	}
}

func TestADiscoveryPortIsClosedUntilSomebodyListens(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	m := Member{Address: "127.0.0.1", Listen: "127.0.0.1", Members: []string{"127.0.0.1:" + port, "127.0.0.9:5000"}}
	m.Ports.Discovery, _ = strconv.Atoi(port)
	if closed, _ := discovery(m); closed {
		t.Error("an open port is called closed")
	}
	elsewhere := m
	elsewhere.Listen = "127.0.0.3"
	if closed, _ := discovery(elsewhere); !closed {
		t.Error("a port of another address counts")
	}
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	if closed, connected := discovery(m); !closed || connected == nil || len(connected) > 0 {
		t.Errorf("closed is %v, connected %q", closed, connected)
	}
}

func TestMembersWithAConnectionAreCounted(t *testing.T) {
	m := facts35(Core).Member
	peers := map[netip.Addr]bool{netip.MustParseAddr("10.0.0.3"): true, netip.MustParseAddr("10.0.0.77"): true}
	if got := m.connected(peers); !slices.Equal(got, []string{"10.0.0.3:5000"}) {
		t.Errorf("connected are %q", got)
	}
	m.Members = []string{"10.0.0.1:5000", "core-2.internal:5000"}
	if got := m.connected(peers); got != nil {
		t.Errorf("of members with names %q are connected, want no answer", got)
	}
	m.Members = []string{"10.0.0.1:5000", "10.0.0.1:5001"}
	if got := m.connected(peers); got != nil {
		t.Errorf("of members on one address %q are connected, want no answer", got)
	}
}

func FuzzKernelTable(f *testing.F) {
	f.Add([]byte("  0: 0100007F:1388 00000000:0000 0A 0"))
	f.Fuzz(func(t *testing.T, table []byte) {
		each(bytes.NewReader(table), func(s socket) {
			if !s.local.IsValid() || !s.remote.IsValid() {
				t.Errorf("gives an invalid address of %q", table)
			}
		})
	})
}

func TestProgressIsWhatTheStoreAndTheLogGrowBy(t *testing.T) {
	dir := t.TempDir()
	m := Member{DataDir: dir, DebugLog: filepath.Join(dir, "debug.log")}
	put := func(name string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("12345"), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, time.Time{}, noon); err != nil {
			t.Fatal(err)
		}
	}
	if got := progress(m); got != (Progress{}) {
		t.Errorf("of nothing is %+v", got)
	}
	put("cluster-state/vote")
	if got := progress(m); got != (Progress{}) {
		t.Errorf("of an election is %+v", got)
	}
	put("databases/graph.db/temp-copy/neostore")
	put("transactions/neo4j/log.0")
	before := progress(m)
	if before.StoreBytes != 10 || before.StoreWritten != noon.UnixNano() {
		t.Errorf("of a store copy is %+v", before)
	}
	put("debug.log")
	after := progress(m)
	if after.LogBytes != 5 || before.storeMoved(after) {
		t.Errorf("of a log is %+v, which moved the store: %v", after, before.storeMoved(after))
	}
}
