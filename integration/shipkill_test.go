package integration

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"neo4j-agent/agent/logship/fakelogs"
)

// TestServeKilledWhileNeo4jLogsFastLosesNothingAndRepeatsAtMostABatchEachTime kills serve at random moments: while it
// starts, reads, waits for an answer and saves its checkpoint. PID 1 starts it again.
func TestServeKilledWhileNeo4jLogsFastLosesNothingAndRepeatsAtMostABatchEachTime(t *testing.T) {
	t.Parallel()
	kills := times(10, 100)
	b, service := shippingOf(t, obedient)
	got := &calls{}
	service.Accepted = got.take
	service.Faults = func(string, int) fakelogs.Fault {
		return fakelogs.Fault{Slow: rand.N(30 * time.Millisecond)} // many are killed while they wait for the answer
	}
	b.start()
	b.started(1)
	log := &fastLog{path: filepath.Join(b.env["NEO4J_DATA_ROOT"], "logs", "query.log"), begun: time.Now().UTC().Add(-time.Hour)}
	stop, stopped := make(chan struct{}), make(chan error, 1)
	go func() { stopped <- log.write(stop, got.next) }()
	for last := 0; kills > 0; kills-- {
		b.eventually("serve", 30*time.Second, func() bool { now := b.stage("serve"); return now != 0 && now != last })
		if more := rand.N(4); more > 0 { // else it may be killed before it has sent anything
			before := got.count()
			b.eventually("more calls", 30*time.Second, func() bool { return got.count() >= before+more })
		}
		<-time.After(rand.N(100 * time.Millisecond))
		last = b.stage("serve")
		if err := syscall.Kill(last, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		got.killed()
	}
	close(stop)
	if err := <-stopped; err != nil {
		t.Fatal(err)
	}
	b.eventually("all entries", 30*time.Second, func() bool { return got.next() >= log.written })
	b.stops()
	got.judge(t, log.written)
	if broken := service.Broken(); len(broken) > 0 || b.starts() != 1 {
		t.Errorf("limits broken: %q; the database was started %d times", broken, b.starts())
	}
}

// fastLog is a query log that grows and is rotated as by Neo4j, at 50 MB/s, the most that is asked of the agent (issue 6).
// No file of it is deleted: what is lost is the agent's fault. Entries are numbered from 0.
type fastLog struct {
	path    string
	begun   time.Time
	written int // entries
	files   int // rotated
}

const (
	fastEntry    = 4_000     // bytes
	fastBurst    = 500_000   // bytes, every 10 ms
	fastRotation = 2_000_000 // bytes
	fastAhead    = 1_500     // entries not yet sent, several batches, beyond which it waits
)

// write goes on until stop; sent is the number of entries that have arrived.
func (l *fastLog) write(stop <-chan struct{}, sent func() int) error {
	for {
		select {
		case <-stop:
			return nil
		case <-time.After(10 * time.Millisecond):
		}
		if l.written < sent()+fastAhead {
			if err := l.burst(); err != nil {
				return err
			}
		}
	}
}

func (l *fastLog) burst() error {
	var text bytes.Buffer
	padding := strings.Repeat(" x", fastEntry/2)
	for ; text.Len() < fastBurst; l.written++ {
		at := l.begun.Add(time.Duration(l.written) * time.Millisecond).Format("2006-01-02 15:04:05.000-0700")
		fmt.Fprintf(&text, "%s INFO  1 ms: bolt-session\tbolt\tneo4j\tneo4j-java/dev\t\tclient/127.0.0.1:1\tserver/127.0.0.1:7687>\tneo4j - RETURN %d,\n%s - {} - {}\n", at, l.written, padding)
	}
	file, err := os.OpenFile(l.path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	half := text.Len() / 2 // in two writes: a reader sees half an entry
	for _, part := range [][]byte{text.Bytes()[:half], text.Bytes()[half:]} {
		if _, err := file.Write(part); err != nil {
			return err
		}
	}
	if info, err := file.Stat(); err != nil || info.Size() < fastRotation {
		return err
	}
	return l.rotate()
}

// rotate makes query.log query.log.1, and so on.
func (l *fastLog) rotate() error {
	for n := l.files; n > 0; n-- {
		if err := os.Rename(fmt.Sprintf("%s.%d", l.path, n), fmt.Sprintf("%s.%d", l.path, n+1)); err != nil {
			return err
		}
	}
	l.files++
	return os.Rename(l.path, l.path+".1")
}

// calls are what a stream accepted.
type calls struct {
	mu              sync.Mutex
	all             int
	from, to        int // entries of the last call, from inclusive, to exclusive
	kills           int
	again, repeated int    // calls that began before the end of the one before, and their entries that had arrived
	wrong           string // the first thing that is
}

// take holds a call against the one before: it goes on from there or, once for each kill, from its beginning or later.
func (c *calls) take(_, _ string, events []fakelogs.Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	first := numberOf(events[0])
	for i, e := range events {
		if n := numberOf(e); n != first+i {
			c.fault("after entry %d of a call comes %.200q", first+i-1, e.Message)
		}
	}
	switch {
	case first > c.to:
		c.fault("after entry %d comes %d", c.to-1, first)
	case first < c.from:
		c.fault("entry %d arrives again, and the last call began with %d", first, c.from)
	case first < c.to:
		c.again, c.repeated = c.again+1, c.repeated+c.to-first
	}
	c.all, c.from, c.to = c.all+1, first, first+len(events)
}

func (c *calls) fault(format string, a ...any) {
	if c.wrong == "" {
		c.wrong = fmt.Sprintf(format, a...)
	}
}

// numberOf is -1 for what is no whole entry.
func numberOf(e fakelogs.Event) (n int) {
	_, query, _ := strings.Cut(e.Message, "RETURN ")
	if _, err := fmt.Sscanf(query, "%d,\n", &n); err != nil || len(entry.FindAllString(e.Message, -1)) != 1 || !strings.HasSuffix(e.Message, " x - {} - {}") {
		return -1
	}
	return n
}

func (c *calls) count() int { c.mu.Lock(); defer c.mu.Unlock(); return c.all }
func (c *calls) next() int  { c.mu.Lock(); defer c.mu.Unlock(); return c.to }
func (c *calls) killed()    { c.mu.Lock(); defer c.mu.Unlock(); c.kills++ }

// judge wants all that was written, and no more calls again than kills.
func (c *calls) judge(t *testing.T, written int) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.wrong != "" || c.to != written || c.again > c.kills {
		t.Fatalf("%d of %d entries arrived, %d calls in part again after %d kills; %s", c.to, written, c.again, c.kills, c.wrong)
	}
	t.Logf("%d entries in %d calls: none lost; %d kills, %d entries in %d calls again", written, c.all, c.kills, c.repeated, c.again)
}
