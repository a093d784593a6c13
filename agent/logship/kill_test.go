package logship

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"neo4j-agent/agent/logship/fakelogs"
)

// serve answers at a free local port, which it prints, until stdin ends.
func serve(handler http.Handler) int {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	_, _ = fmt.Fprintf(os.Stdout, "http://%s\n", listener.Addr())
	go func() { _ = http.Serve(listener, handler) }()
	_, _ = os.Stdin.Read(make([]byte, 1))
	return 0
}

// listening is what the shipper program prints once it heeds signals.
const listening = "listening\n"

// start starts this test binary as the shipper program.
func (p program) start(t testing.TB) *exec.Cmd {
	t.Helper()
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "LOGSHIP_AS=shipper", "LOGSHIP_PROGRAM="+string(text))
	cmd.Stderr = os.Stderr
	if p.said != nil {
		cmd.Stderr = p.said
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(out, make([]byte, len(listening))); err != nil {
		t.Fatalf("the shipper did not start: %v", err)
	}
	t.Cleanup(func() {
		if cmd.ProcessState == nil { // the test failed before it ended it
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
	})
	return cmd
}

// neo4j writes a query log as Neo4j does: entry by entry, a new file when one has reached a size. It counts entries from
// 0 and never deletes a file: what is lost is the shipper's fault.
type neo4j struct {
	path, format string
	size         int64  // at which files are rotated
	padding      string // of each entry
	written      int    // entries
	text         bytes.Buffer
}

// burst writes some bytes of entries in one go.
func (n *neo4j) burst(t testing.TB, size int) {
	n.text.Reset()
	for n.text.Len() < size {
		n.text.WriteString(queryEntry(n.written))
		n.text.WriteString(n.padding)
		if n.written%10 == 0 {
			n.text.WriteString("\n  over several lines")
		}
		n.text.WriteByte('\n')
		n.written++
	}
	file, err := os.OpenFile(n.path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		t.Error(err)
		return
	}
	defer func() { _ = file.Close() }()
	cut := n.text.Len() / 2 // in two writes: a reader sees half an entry
	for _, part := range [][]byte{n.text.Bytes()[:cut], n.text.Bytes()[cut:]} {
		if _, err := file.Write(part); err != nil {
			t.Error(err)
		}
	}
	if info, err := file.Stat(); err == nil && info.Size() > n.size {
		rotate(t, n.path, n.format, 100_000)
	}
}

// TestAKilledShipperLosesNothingAndRepeatsAtMostOneBatchEachTime kills it with SIGKILL at random moments while Neo4j
// writes and rotates.
func TestAKilledShipperLosesNothingAndRepeatsAtMostOneBatchEachTime(t *testing.T) {
	t.Parallel()
	kills := times(10, 100)
	var mu sync.Mutex
	var puts [][]fakelogs.Event
	service := fakelogs.New()
	service.Accepted = func(_, _ string, events []fakelogs.Event) {
		mu.Lock()
		defer mu.Unlock()
		puts = append(puts, events)
	}
	service.Faults = func(string, int) fakelogs.Fault {
		return fakelogs.Fault{Slow: rand.N(30 * time.Millisecond)} // so that many are killed while they wait for the answer
	}
	calls := func() int { mu.Lock(); defer mu.Unlock(); return len(puts) }
	server := httptest.NewServer(service)
	defer server.Close()
	dir := t.TempDir()
	p := program{URL: server.URL, Path: filepath.Join(dir, "query.log"), Checkpoints: filepath.Join(dir, "saved"), Shape: Raw}
	writer := &neo4j{path: p.Path, format: ".%d", size: 2_000_000, padding: strings.Repeat(" x", 2000)}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			case <-time.After(10 * time.Millisecond):
				if writer.written < 1_500*(calls()/4+1) { // some batches ahead of what is sent
					writer.burst(t, 500_000) // 50 MB/s, the most that is asked of it
				}
			}
		}
	}()
	for range kills {
		cmd := p.start(t)
		if more := rand.N(4); more > 0 { // else it is killed before it has sent anything
			before := calls()
			until(t, func() bool { return calls() >= before+more })
		}
		<-time.After(rand.N(100 * time.Millisecond))
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	close(stop)
	<-stopped
	cmd := p.start(t)
	before := calls()
	until(t, func() bool { return calls() > before })
	_ = cmd.Process.Signal(syscall.SIGTERM)
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	server.Close()
	mu.Lock()
	defer mu.Unlock()
	judge(t, puts, writer.written, kills)
	if broken := service.Broken(); broken != nil {
		t.Errorf("limits were broken: %q", broken)
	}
}

// judge finds each entry that was written in what was accepted, and the calls whose entries were accepted again.
func judge(t *testing.T, puts [][]fakelogs.Event, written, kills int) {
	t.Helper()
	first := make(map[int]int, written) // the call that brought an entry first
	repeated, again := map[int]bool{}, 0
	for call, events := range puts {
		for _, e := range events {
			id, ok := entryOf(e.Message)
			if !ok {
				t.Fatalf("no entry: %s", e.Message)
			}
			if before, seen := first[id]; seen {
				repeated[before] = true
				again++
				continue
			}
			first[id] = call
		}
	}
	for id := range written {
		if _, ok := first[id]; !ok {
			t.Fatalf("entry %d of %d is lost", id, written)
		}
	}
	if len(repeated) > kills {
		t.Errorf("%d batches were sent again after %d kills", len(repeated), kills)
	}
	t.Logf("%d kills, %d entries in %d calls: none lost, %d of %d calls again", kills, written, len(puts), again, len(repeated))
}
