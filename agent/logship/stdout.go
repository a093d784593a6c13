package logship

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

// writer writes events as lines of JSON, for where there is no CloudWatch: the platform's log driver takes them from
// stdout. Logs share it, so a batch is written whole.
type writer struct {
	to   io.Writer
	busy chan struct{} // holds one token while a write is under way

	mu   sync.Mutex
	left map[string]chan error // by log, the end of a write that was left behind
}

func newWriter(to io.Writer) *writer {
	return &writer{to: to, busy: make(chan struct{}, 1), left: map[string]chan error{}}
}

var errUnread = errors.New("cannot write logs: nobody reads them")

// put writes the events. A pipe that nobody reads from blocks for ever and cannot be interrupted: when ctx ends before,
// the write is left behind, and nothing else is written until it is over. The sender of a log comes again with the same
// events until they are taken, so what was left behind is waited for and not written twice.
func (w *writer) put(ctx context.Context, log string, events []event) (rejection, error) {
	done := w.behind(log)
	if done == nil {
		select {
		case w.busy <- struct{}{}:
		case <-ctx.Done():
			return rejection{}, errUnread
		}
		done = w.write(log, events)
	}
	select {
	case err := <-done:
		w.leave(log, nil)
		if err != nil {
			return rejection{}, fmt.Errorf("cannot write logs: %v", err)
		}
		return rejection{}, nil
	case <-ctx.Done():
		w.leave(log, done)
		return rejection{}, errUnread
	}
}

// write begins to write; the caller holds the token, which comes back at the end.
func (w *writer) write(log string, events []event) (done chan error) {
	var text []byte
	for _, e := range events {
		text = appendLine(text, log, e)
	}
	done = make(chan error, 1)
	go func() {
		_, err := w.to.Write(text)
		done <- err
		<-w.busy
	}()
	return done
}

func (w *writer) behind(log string) chan error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.left[log]
}

func (w *writer) leave(log string, done chan error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.left[log] = done; done == nil {
		delete(w.left, log)
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
