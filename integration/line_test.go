package integration

import (
	"io"
	"net"
	"sync"
	"testing"
)

// line is what leads to a service. It can be cut, and counts who calls meanwhile.
type line struct {
	address string
	to      string

	mu     sync.Mutex
	open   map[net.Conn]bool // ends towards the caller
	isCut  bool
	inVain int // calls while it was cut
}

// newLine leads to a service until the test ends.
func newLine(t *testing.T, to string) *line {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &line{address: listener.Addr().String(), to: to, open: map[net.Conn]bool{}}
	var calls sync.WaitGroup
	t.Cleanup(func() { _ = listener.Close(); l.away(); calls.Wait() })
	calls.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			calls.Go(func() { l.carry(conn) })
		}
	})
	return l
}

// carry is one call.
func (l *line) carry(from net.Conn) {
	l.mu.Lock()
	if l.isCut {
		l.inVain++
		reset(from)
		l.mu.Unlock()
		return
	}
	l.open[from] = true
	l.mu.Unlock()
	defer func() {
		l.mu.Lock()
		delete(l.open, from)
		l.mu.Unlock()
		_ = from.Close()
	}()
	to, err := net.Dial("tcp", l.to)
	if err != nil {
		return
	}
	go func() { _, _ = io.Copy(to, from); _ = to.Close() }()
	_, _ = io.Copy(from, to)
}

// away resets every call from now on, and those that there are.
func (l *line) away() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.isCut, l.inVain = true, 0
	for conn := range l.open {
		reset(conn)
	}
}

func (l *line) back() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.isCut = false
}

// refused counts the calls of this outage.
func (l *line) refused() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.inVain
}

func reset(conn net.Conn) {
	_ = conn.(*net.TCPConn).SetLinger(0) // whoever reads is told at once
	_ = conn.Close()
}
