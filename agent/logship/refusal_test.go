package logship

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"neo4j-agent/agent/logship/fakelogs"
)

// picky refuses any batch with a message it does not like, as the service would if a limit were to change.
type picky struct {
	got   []string
	calls int
}

func (p *picky) put(_ context.Context, _ string, events []event) (rejection, error) {
	p.calls++
	if slices.ContainsFunc(events, func(e event) bool { return string(e.message) == "bad" }) {
		return rejection{}, fmt.Errorf("cannot send logs: %w: no", errUnfit)
	}
	for _, e := range events {
		p.got = append(p.got, string(e.message))
	}
	return rejection{}, nil
}

func TestOneBadEventDoesNotKeepTheOthersAndItsPlaceIsMarked(t *testing.T) {
	var said strings.Builder
	p, st := &picky{}, &stats{}
	s := &sender{target: p, stats: st, finish: make(chan struct{}), voice: voice{log: zerolog.New(&said)}}
	if err := s.deliver(t.Context(), some("a", "b", "bad", "c", "bad", "d", "e")); err != nil {
		t.Fatal(err)
	}
	const marked = "[neo4j-agent: an event of 3 bytes was refused here; the agent's log says why]"
	if diff := cmp.Diff([]string{"a", "b", marked, "c", marked, "d", "e"}, p.got); diff != "" {
		t.Error(diff)
	}
	if st.snapshot().Rejected != 2 || strings.Count(said.String(), "an event is left out") != 2 || strings.Contains(said.String(), `"bad"`) {
		t.Errorf("%+v\n%s", st.snapshot(), said.String())
	}
}

func TestABadEventInAFullBatchTakesFewCalls(t *testing.T) {
	texts := slices.Repeat([]string{"a"}, batchEvents)
	texts[3333] = "bad"
	p, st := &picky{}, &stats{}
	s := &sender{target: p, stats: st, finish: make(chan struct{}), voice: voice{log: zerolog.Nop()}}
	if err := s.deliver(t.Context(), some(texts...)); err != nil || len(p.got) != batchEvents || st.snapshot().Rejected != 1 {
		t.Errorf("%v, %d taken, %+v", err, len(p.got), st.snapshot())
	}
	if p.calls > 60 { // four times the halvings
		t.Errorf("%d calls", p.calls)
	}
}

func TestARefusalThatNoEventCausedLosesNothing(t *testing.T) {
	for name, refusal := range map[string]fakelogs.Fault{
		"a wrong parameter": {Code: "InvalidParameterException"},
		"a proxy's limit":   {Status: 413},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				service, back := fakelogs.New(), time.Now().Add(time.Hour)
				service.Faults = func(operation string, _ int) fakelogs.Fault {
					return map[bool]fakelogs.Fault{true: refusal}[operation == "PutLogEvents" && time.Now().Before(back)]
				}
				var many []string
				for n := range 1000 {
					many = append(many, fmt.Sprint(n))
				}
				got, said := sending(t, service, 0, some(many...), some("last"))
				if diff := cmp.Diff(append(many, "last"), taken(service)); diff != "" {
					t.Error(diff)
				}
				if calls := service.Calls("PutLogEvents"); got.Rejected != 0 || got.Trouble != "" || got.Retries < 100 || calls > 2*int(got.Retries)+40 {
					t.Errorf("%d calls, %+v", calls, got)
				}
				if n := strings.Count(said, "cannot send logs"); n < 10 || n > 13 || strings.Contains(said, "left out") {
					t.Errorf("said %d times:\n%.600s", n, said)
				}
			})
		})
	}
}

func TestARefusalOfAllIsShownAsTrouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		st := &stats{}
		s := &sender{target: refusing{}, stats: st, finish: make(chan struct{}), voice: voice{log: zerolog.Nop()}}
		done := make(chan error)
		go func() { done <- s.deliver(ctx, some("a", "b", "c")) }()
		<-time.After(time.Hour)
		if got := st.snapshot(); !strings.Contains(got.Trouble, "refused as not valid") || got.Rejected != 0 {
			t.Errorf("%+v", got)
		}
		cancel()
		if err := <-done; err == nil {
			t.Error("the events count as sent")
		}
	})
}

// refusing takes nothing whatever it is.
type refusing struct{}

func (refusing) put(context.Context, string, []event) (rejection, error) {
	return rejection{}, fmt.Errorf("cannot send logs: %w: no", errUnfit)
}

// mending refuses its first calls, and then takes everything.
type mending struct {
	refused int
	got     []string
}

func (m *mending) put(_ context.Context, _ string, events []event) (rejection, error) {
	if m.refused--; m.refused >= 0 {
		return rejection{}, fmt.Errorf("cannot send logs: %w: no", errUnfit)
	}
	for _, e := range events {
		m.got = append(m.got, string(e.message))
	}
	return rejection{}, nil
}

func TestNoEventIsLostWheneverRefusalsEnd(t *testing.T) {
	for refused := range 12 {
		synctest.Test(t, func(t *testing.T) {
			m, st := &mending{refused: refused}, &stats{}
			s := &sender{target: m, stats: st, finish: make(chan struct{}), voice: voice{log: zerolog.Nop()}}
			if err := s.deliver(t.Context(), some("a", "b", "c", "d")); err != nil {
				t.Fatal(err)
			}
			m.got = slices.DeleteFunc(m.got, func(text string) bool { return strings.HasPrefix(text, "[") })
			if diff := cmp.Diff([]string{"a", "b", "c", "d"}, m.got); diff != "" || st.snapshot().Rejected != 0 {
				t.Errorf("after %d refusals: %s", refused, diff)
			}
		})
	}
}

// flaky is picky behind a proxy that breaks those of its first calls whose bits are set.
type flaky struct {
	picky
	broken uint
}

func (f *flaky) put(ctx context.Context, stream string, events []event) (rejection, error) {
	if f.calls < 12 && f.broken>>f.calls&1 == 1 {
		f.calls++
		return rejection{}, fmt.Errorf("cannot send logs: %w", &reset{})
	}
	return f.picky.put(ctx, stream, events)
}

func TestABadEventIsMarkedOnceHoweverConnectionsBreakMeanwhile(t *testing.T) {
	for broken := range uint(times(1<<8, 1<<12)) {
		synctest.Test(t, func(t *testing.T) {
			f, st := &flaky{broken: broken}, &stats{}
			s := &sender{target: f, stats: st, finish: make(chan struct{}), voice: voice{log: zerolog.Nop()}}
			if err := s.deliver(t.Context(), some("a", "bad", "b")); err != nil {
				t.Fatal(err)
			}
			want := []string{"a", string(standIn(some("bad")[0]).message), "b"}
			if diff := cmp.Diff(want, f.got); diff != "" || st.snapshot().Rejected != 1 {
				t.Errorf("with %012b, %d rejected: %s", broken, st.snapshot().Rejected, diff)
			}
		})
	}
}
