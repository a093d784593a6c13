package secrets

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
)

var wanted = map[string]Reference{"A": {admin, "", ""}}

func TestAStoreThatComesBackInTimeIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, log := newFake(t), &bytes.Buffer{}
		f.put(admin, "pw")
		f.fault("", "ThrottlingException")
		time.AfterFunc(90*time.Second, func() { f.fault("", "") })
		got, err := f.store().Await(t.Context(), wanted, nil, zerolog.New(log))
		if err != nil || got["A"] != "pw" {
			t.Errorf("got %v, %v", got, err)
		}
		if lines := strings.Count(log.String(), "\n"); lines != 1 || !strings.Contains(log.String(), "ThrottlingException") {
			t.Errorf("%d lines were logged: %s", lines, log)
		}
	})
}

func TestAStoreThatStaysAwayEndsTheWaitAtItsBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, begun := newFake(t), time.Now()
		f.fault("", "InternalServiceError")
		_, err := f.store().Await(t.Context(), wanted, nil, zerolog.Nop())
		if waited := time.Since(begun); !IsAway(err) || waited < awaitLimit || waited > awaitLimit+longestPause {
			t.Errorf("after %s: %v", waited, err)
		}
		if asked := len(f.questions()); asked > 25 {
			t.Errorf("it was asked %d times", asked)
		}
	})
}

func TestARefusalIsNotWaitedOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, begun := newFake(t), time.Now()
		f.fault(admin, "AccessDeniedException")
		_, err := f.store().Await(t.Context(), wanted, nil, zerolog.Nop())
		var known *Error
		if !errors.As(err, &known) || known.Kind != Denied || time.Since(begun) != 0 {
			t.Errorf("after %s: %v", time.Since(begun), err)
		}
	})
}

func TestWaitingEndsWhenItIsToldTo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		f.fault("", "ServiceUnavailable")
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(3*time.Second, cancel)
		if _, err := f.store().Await(ctx, wanted, nil, zerolog.Nop()); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}

// watched is a Watch at work, and what it took.
type watched struct {
	*fakeSecretsManager
	now chan struct{}
	log syncLog

	mu   sync.Mutex
	took []string // values of A, as they changed
	told string   // why the last round was not answered
}

func watching(t *testing.T, f *fakeSecretsManager) *watched {
	ctx, cancel := context.WithCancel(t.Context())
	w := &watched{fakeSecretsManager: f, now: make(chan struct{}, 1)}
	watch := &Watch{Store: f.store(), Wanted: wanted, Every: time.Minute, Now: w.now, Took: w.take, Told: w.tell, Log: zerolog.New(&w.log)}
	var running sync.WaitGroup
	running.Go(func() { watch.Run(ctx) })
	t.Cleanup(func() { cancel(); running.Wait() })
	return w
}

func (w *watched) take(values map[string]string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if n := len(w.took); n == 0 || w.took[n-1] != values["A"] {
		w.took = append(w.took, values["A"])
	}
}

func (w *watched) tell(reason string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.told = reason
}

func (w *watched) says(t *testing.T, want string) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if !strings.Contains(w.told, want) || (w.told == "") != (want == "") {
		t.Errorf("it tells %q, want %q", w.told, want)
	}
}

func (w *watched) has(t *testing.T, when string, want ...string) {
	t.Helper()
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	if strings.Join(w.took, " ") != strings.Join(want, " ") {
		t.Errorf("%s it has taken %v, want %v", when, w.took, want)
	}
}

// syncLog is a log that two goroutines use.
type syncLog struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *syncLog) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

func (l *syncLog) lines() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Split(strings.TrimSpace(l.text.String()), "\n")
}

func TestAChangeIsTakenWithinTheInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		f.put(admin, "one")
		w := watching(t, f)
		w.has(t, "at once", "one")
		f.put(admin, "two")
		<-time.After(48*time.Second - 1)
		w.has(t, "before the interval without a fifth", "one")
		<-time.After(12*time.Second + 1)
		w.has(t, "after the interval", "one", "two")
	})
}

func TestMembersStartedTogetherDoNotAskTogetherForEver(t *testing.T) {
	w, seen := &Watch{Every: time.Minute}, map[time.Duration]bool{}
	for range 1000 {
		wait := w.settle(nil)
		if wait < 48*time.Second || wait > 60*time.Second {
			t.Fatalf("a wait of %s", wait)
		}
		seen[wait.Truncate(time.Second)] = true
	}
	if len(seen) < 10 {
		t.Errorf("the waits are of %d lengths only", len(seen))
	}
}

func TestAWordMakesItAskAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		f.put(admin, "one")
		w := watching(t, f)
		w.has(t, "at once", "one")
		f.put(admin, "two")
		w.now <- struct{}{}
		w.has(t, "after the word", "one", "two")
	})
}

func TestWhileTheStoreIsAwayTheLastValueStaysAndTheLogSaysSoOnce(t *testing.T) {
	for name, code := range map[string]string{"away": "ServiceUnavailable", "refusing": "AccessDeniedException"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t)
				f.put(admin, "one")
				w := watching(t, f)
				w.has(t, "at once", "one")
				f.fault("", code)
				<-time.After(10 * time.Minute)
				f.put(admin, "two")
				w.has(t, "while it is away", "one")
				w.says(t, code)
				f.fault("", "")
				<-time.After(time.Minute)
				w.has(t, "when it is back", "one", "two")
				w.says(t, "")
				<-time.After(10 * time.Minute)
				lines := w.log.lines()
				if len(lines) != 2 || !strings.Contains(lines[0], code) || !strings.Contains(lines[1], "can be read again") {
					t.Errorf("the log says %q", lines)
				}
			})
		})
	}
}

func TestAWatchThatBeginsWhileTheStoreIsAwayHasTheValueSoonAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		f.put(admin, "one")
		f.fault("", "InternalServiceError")
		w := watching(t, f)
		<-time.After(time.Hour)
		w.has(t, "while it is away")
		f.fault("", "")
		<-time.After(longestPause)
		w.has(t, "when it is back", "one")
	})
}
