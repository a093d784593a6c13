package logship

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"neo4j-agent/agent/logship/fakelogs"
)

// page is a writer that tests may read at any time.
type page struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (p *page) Write(text []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.Write(text)
}

func (p *page) lines() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Split(strings.TrimSuffix(p.text.String(), "\n"), "\n")
}

func TestWithoutCloudWatchTheSameGoesToStdoutAsJSONLines(t *testing.T) {
	t.Parallel()
	for _, shape := range []Shape{Raw, JSON} {
		w, out := newWorld(t), &page{}
		w.options.CloudWatch, w.options.Stdout, w.options.Shape = nil, out, shape
		_, end := w.run()
		w.write("query.log", queryEntry(1)+"\n")
		until(t, func() bool { return strings.Contains(out.lines()[0], "MATCH") })
		end(false)
		_, end = w.run()
		w.write("query.log", queryEntry(2)+"\n")
		end(true)
		got := out.lines()
		if len(got) != 2 {
			t.Fatalf("%q", got)
		}
		for i, line := range got {
			var fields map[string]any
			if err := json.Unmarshal([]byte(line), &fields); err != nil || fields["log"] != "query" {
				t.Errorf("%v: %s", err, line)
			}
			if shape == Raw && fields["message"] != queryEntry(i+1) || shape == JSON && fields["elapsedMs"] != float64(i+1) {
				t.Error(line)
			}
		}
	}
}

func TestAPipeThatNobodyReadsHoldsNothingUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	read, write := io.Pipe()
	defer func() { _ = read.Close() }()
	w.options.CloudWatch, w.options.Stdout = nil, write
	s, end := w.run()
	w.write("query.log", lines(entries(0, 3)))
	until(t, func() bool { return !s.Snapshot()[0].UnsentSince.IsZero() })
	end(false) // returns
	if got := s.Snapshot()[0]; got.Events != 0 || got.BytesBehind == 0 {
		t.Errorf("%+v", got)
	}
}

func TestWhatIsWrittenLateIsNotWrittenTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		read, write := io.Pipe()
		w := newWriter(write)
		impatient, cancel := context.WithTimeout(t.Context(), putLimit)
		defer cancel()
		if _, err := w.put(impatient, "query", some("once")); err == nil {
			t.Fatal("it was written to nobody")
		}
		var text []byte
		done := make(chan struct{})
		go func() {
			defer close(done)
			text, _ = io.ReadAll(read)
		}()
		for _, events := range [][]event{some("once"), some("next")} {
			if _, err := w.put(t.Context(), "query", events); err != nil {
				t.Error(err)
			}
		}
		_ = write.Close()
		<-done
		if strings.Count(string(text), "once") != 1 || strings.Count(string(text), "next") != 1 {
			t.Errorf("written was:\n%s", text)
		}
	})
}

func TestFinishEndsInTimeAndSaysWhatIsLeftAndTheNextRunSendsIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var away atomic.Bool
	away.Store(true)
	w.service.Faults = func(string, int) fakelogs.Fault { return fakelogs.Fault{Reset: away.Load()} }
	s, end := w.run()
	all := entries(0, 10)
	w.write("query.log", lines(all))
	until(t, func() bool { return s.Snapshot()[0].Trouble != "" })
	bound, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	want := fmt.Sprintf("cannot send the last %d bytes of the logs in time: cannot send logs to %s %s: ", len(lines(all)), groupName, streamName)
	if err := s.Finish(bound); err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("%v, want %s", err, want)
	}
	end(false)
	away.Store(false)
	_, end = w.run()
	end(true)
	w.arrives(all...)
}
