package supervisor

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// TalkFD is the descriptor of serve's end of the talk with PID 1. The Files of its Command follow as 4, 5, ….
const TalkFD = 3

// Words are the lines of the talk. A reason may follow Drain and GiveUp after one space.
type Words struct {
	Drain   string // PID 1: let the clients go. serve: please drain me
	Drained string // serve: the clients have gone
	Stopped string // PID 1: the database has ended; finish and leave
	GiveUp  string // serve: drain and leave non-zero
}

// sayBound is how long a word may wait for room in the socket's buffer: only a serve that has long stopped listening
// lets it fill up.
const sayBound = 100 * time.Millisecond

// line is PID 1's end of the talk: lines of text over a stream socketpair.
type line struct {
	socket *os.File
	heard  chan string
	hungUp chan struct{}
}

// newLine makes a line and the descriptor of its other end.
func newLine() (*line, *os.File, error) {
	ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("cannot make a socket pair: %v", err)
	}
	other := os.NewFile(uintptr(ends[1]), "talk with PID 1")
	if err := unix.SetNonblock(ends[0], true); err != nil { // ours only: it gives deadlines, and Close ends a read
		_ = unix.Close(ends[0])
		_ = other.Close()
		return nil, nil, fmt.Errorf("cannot make a socket non-blocking: %v", err)
	}
	l := &line{
		socket: os.NewFile(uintptr(ends[0]), "talk with serve"),
		heard:  make(chan string), hungUp: make(chan struct{}),
	}
	go l.listen()
	return l, other, nil
}

// listen ends with the other side or with Close.
func (l *line) listen() {
	lines := bufio.NewScanner(l.socket)
	for lines.Scan() {
		select {
		case l.heard <- strings.TrimSpace(lines.Text()):
		case <-l.hungUp:
			return
		}
	}
}

// Say sends one line. It fails when the other end is closed or does not listen.
func (l *line) Say(word string) error {
	if err := l.socket.SetWriteDeadline(time.Now().Add(sayBound)); err != nil {
		return fmt.Errorf("cannot say %s: %v", word, err)
	}
	if _, err := l.socket.WriteString(word + "\n"); err != nil {
		return fmt.Errorf("cannot say %s: %v", word, err)
	}
	return nil
}

// Heard gives the lines of the other end.
func (l *line) Heard() <-chan string { return l.heard }

// Close hangs up.
func (l *line) Close() {
	close(l.hungUp)
	_ = l.socket.Close()
}
