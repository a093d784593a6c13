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

// sending runs a sender against a fake in the same process, where time passes only in waits, and gives it batches.
func sending(t *testing.T, service *fakelogs.Server, days int32, batches ...[]event) (Stats, string) {
	t.Helper()
	var said strings.Builder
	api := direct(service)
	log := zerolog.New(&said)
	st := &stats{}
	s := &sender{stream: streamName, stats: st, finish: make(chan struct{}), voice: voice{log: log},
		target: &group{CloudWatch: CloudWatch{Put: api, Create: api, Group: groupName, RetentionDays: days}, log: log}}
	in := make(chan *batch, len(batches))
	for _, events := range batches {
		in <- &batch{events: events, read: int64(len(events))}
	}
	close(in)
	ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
	defer cancel()
	s.run(ctx, in)
	if broken := service.Broken(); broken != nil {
		t.Errorf("limits were broken: %q", broken)
	}
	return st.snapshot(), said.String()
}

func some(texts ...string) []event {
	var all []event
	for _, text := range texts {
		all = append(all, event{[]byte(text), time.Now().UnixMilli()})
	}
	return all
}

func taken(service *fakelogs.Server) (all []string) {
	for _, e := range service.Events(groupName, streamName) {
		all = append(all, e.Message)
	}
	return all
}

func TestBadDaysLoseNothing(t *testing.T) {
	throttled := fakelogs.Fault{Code: "ThrottlingException"}
	for name, c := range map[string]struct {
		faults  func(operation string, n int) fakelogs.Fault
		retries int64
		want    []string
	}{
		"throttling": {func(_ string, n int) fakelogs.Fault { return map[bool]fakelogs.Fault{true: throttled}[n <= 7] }, 7, []string{"a", "b", "c"}},
		"5xx without JSON": {func(_ string, n int) fakelogs.Fault {
			return map[bool]fakelogs.Fault{true: {Status: 503}}[n <= 3]
		}, 3, []string{"a", "b", "c"}},
		"5xx with JSON": {func(_ string, n int) fakelogs.Fault {
			return map[bool]fakelogs.Fault{true: {Code: "ServiceUnavailableException", Status: 500}}[n <= 3]
		}, 3, []string{"a", "b", "c"}},
		"resets": {func(_ string, n int) fakelogs.Fault { return fakelogs.Fault{Reset: n <= 3} }, 3, []string{"a", "b", "c"}},
		"permissions that come later": {func(_ string, n int) fakelogs.Fault {
			return map[bool]fakelogs.Fault{true: {Code: "AccessDeniedException"}}[n <= 20]
		}, 20, []string{"a", "b", "c"}},
		"a reset after the request was taken repeats one batch": {func(operation string, n int) fakelogs.Fault {
			return fakelogs.Fault{Taken: operation == "PutLogEvents" && n == 2} // the first finds no group
		}, 1, []string{"a", "b", "a", "b", "c"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				service := fakelogs.New()
				service.Faults = c.faults
				got, _ := sending(t, service, 0, some("a", "b"), some("c"))
				if diff := cmp.Diff(c.want, taken(service)); diff != "" {
					t.Error(diff)
				}
				if got.Retries < c.retries || got.Events != 3 || got.Batches != 2 || got.Bytes != 3 || got.Trouble != "" {
					t.Errorf("%+v", got)
				}
			})
		})
	}
}

func TestAnAbsenceOfHoursIsWaitedForPatientlyAndSaidOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		service, back := fakelogs.New(), time.Now().Add(5*time.Hour)
		service.Faults = func(string, int) fakelogs.Fault { return fakelogs.Fault{Reset: time.Now().Before(back)} }
		got, said := sending(t, service, 0, some("a"), some("b"))
		if diff := cmp.Diff([]string{"a", "b"}, taken(service)); diff != "" {
			t.Error(diff)
		}
		if late := time.Since(back); late > longTry {
			t.Errorf("it noticed after %s", late)
		}
		if calls := service.Calls("PutLogEvents"); calls > 3000 || got.Retries < 500 {
			t.Errorf("%d calls, %+v", calls, got)
		}
		if n := strings.Count(said, "cannot send logs"); n < 50 || n > 61 || strings.Count(said, "logs are sent again") != 1 {
			t.Errorf("said %d times:\n%.600s", n, said)
		}
	})
}

func TestAnAnswerThatDoesNotComeIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		service, begun := fakelogs.New(), time.Now()
		service.AddGroup(groupName, 0)
		service.Faults = func(operation string, n int) fakelogs.Fault {
			return map[bool]fakelogs.Fault{true: {Slow: 2 * time.Hour}}[operation == "PutLogEvents" && n == 1]
		}
		sending(t, service, 0, some("a"))
		if waited := time.Since(begun); waited > 2*putLimit || len(taken(service)) != 1 {
			t.Errorf("%s, %q", waited, taken(service))
		}
	})
}

func TestGroupAndStreamAreMadeAndKeepEventsForTheDaysAsked(t *testing.T) {
	for _, days := range []int32{0, 30} {
		synctest.Test(t, func(t *testing.T) {
			service := fakelogs.New()
			service.Faults = func(operation string, n int) fakelogs.Fault {
				return map[bool]fakelogs.Fault{true: {Code: "ThrottlingException"}}[operation == "PutRetentionPolicy" && n == 1]
			}
			var batches [][]event
			for n := range 3 {
				batches = append(batches, some(fmt.Sprint(n)))
			}
			got, _ := sending(t, service, days, batches...)
			if len(taken(service)) != 3 || got.Retries != 0 {
				t.Errorf("%q, %+v", taken(service), got)
			}
			if calls := service.Calls("PutRetentionPolicy"); days == 0 && calls != 0 || days != 0 && calls != 1 {
				t.Errorf("%d calls within %s", calls, retainAgain)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		service := fakelogs.New()
		sending(t, service, 30, some("a"), some("b"))
		if days, ok := service.Retention(groupName); days != 30 || !ok || service.Calls("PutRetentionPolicy") != 1 {
			t.Errorf("%d days, %d calls", days, service.Calls("PutRetentionPolicy"))
		}
	})
}

func TestAGroupThatIsDeletedIsMadeAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		service := fakelogs.New()
		sending(t, service, 0, some("a"))
		service.RemoveGroup(groupName)
		sending(t, service, 0, some("b"))
		if diff := cmp.Diff([]string{"b"}, taken(service)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestRejectedEventsAreCountedAndSaidWithTheReason(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		service, now := fakelogs.New(), time.Now()
		service.AddGroup(groupName, 3)
		var events []event
		for _, hours := range []int{-15 * 24, -15 * 24, -5 * 24, -2, -1, 3} {
			events = append(events, event{[]byte(fmt.Sprint(hours)), now.Add(time.Duration(hours) * time.Hour).UnixMilli()})
		}
		got, said := sending(t, service, 0, events)
		if diff := cmp.Diff([]string{"-2", "-1"}, taken(service)); diff != "" {
			t.Error(diff)
		}
		if want := "2 older than 14 days, 1 older than the group keeps them, 1 from the future"; got.Rejected != 4 || !strings.Contains(said, want) {
			t.Errorf("%+v\n%s", got, said)
		}
	})
}

// picky refuses any batch with a message it does not like, as the service would if a limit were to change.
type picky struct{ got []string }

func (p *picky) put(_ context.Context, _ string, events []event) (rejection, error) {
	if slices.ContainsFunc(events, func(e event) bool { return string(e.message) == "bad" }) {
		return rejection{}, fmt.Errorf("cannot send logs: %w: no", errUnfit)
	}
	for _, e := range events {
		p.got = append(p.got, string(e.message))
	}
	return rejection{}, nil
}

func TestOneBadEventDoesNotKeepTheOthers(t *testing.T) {
	var said strings.Builder
	p, st := &picky{}, &stats{}
	s := &sender{target: p, stats: st, finish: make(chan struct{}), voice: voice{log: zerolog.New(&said)}}
	if err := s.deliver(t.Context(), some("a", "b", "bad", "c", "bad", "d", "e")); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a", "b", "c", "d", "e"}, p.got); diff != "" {
		t.Error(diff)
	}
	if st.snapshot().Rejected != 2 || strings.Count(said.String(), "an event is left out") != 2 || strings.Contains(said.String(), `"bad"`) {
		t.Errorf("%+v\n%s", st.snapshot(), said.String())
	}
}
