package supervisor

import (
	"bytes"
	"io"
	"slices"
	"sync"
)

// longestLine bounds what one line of a tool may take; the rest of it is left out.
const longestLine = 4 << 10

// tail passes whole lines on as they come and keeps the last ones. A carriage return ends a line too: progress bars
// use it.
type tail struct {
	to   io.Writer // nil: nowhere
	keep int

	mu      sync.Mutex // a tool given up on may still write while its last lines are read
	partial []byte
	kept    []string
}

// Write never fails: a tool must not die because nobody reads its progress.
func (t *tail) Write(text []byte) (int, error) {
	for rest := text; len(rest) > 0; {
		end := bytes.IndexAny(rest, "\r\n")
		if end < 0 {
			t.extend(rest)
			break
		}
		t.extend(rest[:end])
		t.endLine()
		rest = rest[end+1:]
	}
	return len(text), nil
}

func (t *tail) extend(part []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	room := longestLine - len(t.partial)
	t.partial = append(t.partial, part[:min(room, len(part))]...)
}

func (t *tail) endLine() {
	t.mu.Lock()
	line := string(t.partial)
	t.partial = t.partial[:0]
	if line != "" && t.keep > 0 {
		t.kept = append(t.kept[max(0, len(t.kept)+1-t.keep):], line)
	}
	t.mu.Unlock()
	if line != "" && t.to != nil {
		_, _ = io.WriteString(t.to, line+"\n")
	}
}

// lines are the last ones, oldest first.
func (t *tail) lines() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.kept)
}
