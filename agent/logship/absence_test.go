package logship

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"neo4j-agent/agent/logship/fakelogs"
)

// memoryBound is what the shipper's process may hold beside its own program: 30 MB resident are allowed for all (issue 6),
// and the pages of the agent's program and of its other work are 10 MB.
const memoryBound = 20 << 20

// ordered wants entries one after the other, each once.
type ordered struct {
	mu    sync.Mutex
	next  int
	wrong string // the first that is not
}

func (o *ordered) take(_, _ string, events []fakelogs.Event) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, e := range events {
		if id, ok := entryOf(e.Message); (!ok || id != o.next) && o.wrong == "" {
			o.wrong = fmt.Sprintf("entry %d was due, and this came: %.200s", o.next, e.Message)
		}
		o.next++
	}
}

func (o *ordered) taken() int { o.mu.Lock(); defer o.mu.Unlock(); return o.next }

// endpoint is an address that answers, and does not while it is away.
type endpoint struct {
	t       *testing.T
	address string
	handler http.Handler
	server  *http.Server
}

func (e *endpoint) open() {
	e.t.Helper()
	listener, err := net.Listen("tcp", e.address)
	if err != nil {
		e.t.Fatal(err)
	}
	e.address, e.server = listener.Addr().String(), &http.Server{Handler: e.handler}
	go func(s *http.Server) { _ = s.Serve(listener) }(e.server)
	e.t.Cleanup(e.away)
}

// away lets what was taken be answered.
func (e *endpoint) away() {
	bound, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := e.server.Shutdown(bound); err != nil {
		e.t.Error(err)
	}
}

// TestWhatIsLoggedWhileCloudWatchIsAwayArrivesOnceInOrderAndTakesNoMemory has Neo4j write and rotate far more, while
// nothing listens where CloudWatch was, than the shipper may hold. How long that lasts is the sender's matter:
// TestAnAbsenceOfHoursIsWaitedForPatientlyAndSaidOnce.
func TestWhatIsLoggedWhileCloudWatchIsAwayArrivesOnceInOrderAndTakesNoMemory(t *testing.T) {
	t.Parallel()
	const burst = 500_000
	bursts := times(60, 400)
	service, got, dir := fakelogs.New(), &ordered{}, t.TempDir()
	service.Accepted = got.take
	cloudWatch := &endpoint{t: t, address: "127.0.0.1:0", handler: service}
	cloudWatch.open()
	var said bytes.Buffer
	p := program{URL: "http://" + cloudWatch.address, Path: filepath.Join(dir, "query.log"), Checkpoints: filepath.Join(dir, "saved"), Shape: JSON, Memory: true, said: &said}
	writer := &neo4j{path: p.Path, format: ".%d", size: 2_000_000, padding: strings.Repeat(" x", 200)}
	cmd := p.start(t)
	arrive := func() {
		t.Helper()
		within(t, time.Duration(times(1, 4))*time.Minute, func() bool { return got.taken() >= writer.written })
	}
	writer.burst(t, burst)
	arrive()
	cloudWatch.away()
	for range bursts {
		writer.burst(t, burst)
	}
	before := got.taken()
	<-time.After(4 * pollEvery) // it looks at the files again, and tries again
	if more := got.taken() - before; more != 0 || before == writer.written {
		t.Errorf("%d entries arrived while CloudWatch was away", more)
	}
	cloudWatch.open()
	arrive()
	_ = cmd.Process.Signal(syscall.SIGTERM)
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	if got.wrong != "" || got.taken() != writer.written {
		t.Errorf("%d of %d entries arrived; %s", got.taken(), writer.written, got.wrong)
	}
	text := said.String()
	if strings.Count(text, "cannot send logs") != 1 || strings.Count(text, "logs are sent again") != 1 {
		t.Errorf("it says:\n%s", text)
	}
	lines := strings.SplitAfter(text, "\n")
	var memory int
	if _, err := fmt.Sscanf(lines[len(lines)-2], memoryFormat, &memory); err != nil || memory > memoryBound {
		t.Errorf("%d bytes of memory, more than %d (%v)", memory, memoryBound, err)
	}
	if broken := service.Broken(); broken != nil {
		t.Errorf("limits were broken: %q", broken)
	}
	t.Logf("%d MB in %d entries while CloudWatch was away: all arrived once and in order, with %.1f MB of memory at most", bursts*burst/1_000_000, writer.written, float64(memory)/1e6)
}
