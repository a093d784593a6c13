package runstate

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"sync"
)

// Talk is one end of the drain talk.
type Talk struct {
	lines *bufio.Scanner
	mu    sync.Mutex
	out   io.Writer
}

// NewTalk uses conn, one end of a stream socketpair.
func NewTalk(conn io.ReadWriter) *Talk {
	return &Talk{lines: bufio.NewScanner(conn), out: conn}
}

// Say sends a word and, where it is not empty, a reason. Line breaks in the reason become spaces.
func (t *Talk) Say(word, reason string) error {
	line := word
	if reason != "" {
		line += " " + strings.Join(strings.Fields(reason), " ")
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, err := io.WriteString(t.out, line+"\n"); err != nil {
		return fmt.Errorf("cannot say %s: %v", word, err)
	}
	return nil
}

// Hear waits for the next word. The error is io.EOF when the other end has gone.
func (t *Talk) Hear() (word, reason string, err error) {
	if !t.lines.Scan() {
		if err := t.lines.Err(); err != nil {
			return "", "", fmt.Errorf("cannot hear the other end: %v", err)
		}
		return "", "", io.EOF
	}
	word, reason, _ = strings.Cut(t.lines.Text(), " ")
	return word, reason, nil
}
