package logship

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// writer writes events as lines of JSON, for where there is no CloudWatch: the platform's log driver takes them from
// stdout. Logs share it, so a batch is written whole.
type writer struct {
	to   io.Writer
	busy chan struct{} // holds one token while a write is under way
}

func newWriter(to io.Writer) *writer { return &writer{to: to, busy: make(chan struct{}, 1)} }

// put writes the events. A pipe that nobody reads from blocks for ever and cannot be interrupted: when ctx ends before,
// the write is left behind, and nothing else is written until it is over.
func (w *writer) put(ctx context.Context, log string, events []event) (rejection, error) {
	select {
	case w.busy <- struct{}{}:
	case <-ctx.Done():
		return rejection{}, fmt.Errorf("cannot write logs: nobody reads them")
	}
	var text []byte
	for _, e := range events {
		text = appendLine(text, log, e)
	}
	done := make(chan error, 1)
	go func() {
		_, err := w.to.Write(text)
		done <- err
		<-w.busy
	}()
	select {
	case err := <-done:
		if err != nil {
			return rejection{}, fmt.Errorf("cannot write logs: %v", err)
		}
		return rejection{}, nil
	case <-ctx.Done():
		return rejection{}, fmt.Errorf("cannot write logs: nobody reads them")
	}
}

// appendLine adds the log's name to a message that is an object, and makes an object of any other.
func appendLine(to []byte, log string, e event) []byte {
	w := object{to: append(to, '{')}
	w.text("log", []byte(log))
	if inner := e.message; len(inner) > 2 && inner[0] == '{' && json.Valid(inner) {
		return append(append(append(w.to, ','), inner[1:]...), '\n')
	}
	w.text("time", time.UnixMilli(e.time).UTC().AppendFormat(nil, time.RFC3339Nano))
	w.text("message", e.message)
	return append(w.to, '}', '\n')
}
