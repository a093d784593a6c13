package supervisor

import (
	"bytes"
	"fmt"
	"os"
	"sync"
	"time"
)

// logBuffer is how many bytes wait for a blocked stdout: some thousand lines.
const logBuffer = 256 << 10

// LogWriter writes lines to a file without ever blocking the caller: what does not fit into its buffer is dropped and
// counted. When the file takes lines again, one in JSON tells how many are missing. Its goroutine lives as long as the
// process.
type LogWriter struct {
	file    *os.File
	wake    chan struct{}
	flushes chan chan struct{}
	told    int // how many dropped lines the output knows of

	mu      sync.Mutex
	pending []byte
	dropped int // lines
}

// NewLogWriter writes to file, which may be a pipe that nobody reads or that is closed.
func NewLogWriter(file *os.File) *LogWriter {
	w := &LogWriter{file: file, wake: make(chan struct{}, 1), flushes: make(chan chan struct{})}
	go w.run()
	return w
}

// Write takes one or more whole lines. It never fails.
func (w *LogWriter) Write(lines []byte) (int, error) {
	w.mu.Lock()
	if len(w.pending)+len(lines) > logBuffer {
		w.drop(lines)
	} else {
		w.pending = append(w.pending, lines...)
	}
	w.mu.Unlock()
	select {
	case w.wake <- struct{}{}:
	default:
	}
	return len(lines), nil
}

// Dropped is how many lines could not be written since the start.
func (w *LogWriter) Dropped() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.dropped
}

// Flush waits until all lines so far are with the system, at most limit. Call it before the process ends.
func (w *LogWriter) Flush(limit time.Duration) {
	deadline := time.After(limit)
	done := make(chan struct{})
	select {
	case w.flushes <- done:
	case <-deadline:
		return
	}
	select {
	case <-done:
	case <-deadline:
	}
}

func (w *LogWriter) run() {
	for {
		select {
		case <-w.wake:
			w.writePending()
		case done := <-w.flushes:
			w.writePending()
			close(done)
		}
	}
}

// writePending may block for ever.
func (w *LogWriter) writePending() {
	w.mu.Lock()
	lines, dropped := w.pending, w.dropped
	w.pending = nil
	w.mu.Unlock()
	text := lines
	if dropped > w.told {
		text = fmt.Appendf(lines, `{"level":"warn","message":"%d log lines are missing here: the output was blocked"}`+"\n", dropped-w.told)
	}
	written, err := w.file.Write(text)
	if err == nil {
		w.told = dropped
		return
	}
	w.mu.Lock()
	w.drop(lines[min(written, len(lines)):])
	w.mu.Unlock()
}

// drop counts lines as lost. The caller holds mu.
func (w *LogWriter) drop(lines []byte) { w.dropped += bytes.Count(lines, []byte("\n")) }
