package logship

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
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
	to := newGroup(CloudWatch{Put: api, Create: api, Group: groupName, RetentionDays: days}, log)
	s := &sender{stream: streamName, stats: st, finish: make(chan struct{}), voice: voice{log: log}, target: to}
	in := make(chan *batch, len(batches))
	for _, events := range batches {
		in <- &batch{events: events, read: int64(len(events))}
	}
	close(in)
	ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
	defer cancel()
	var beside sync.WaitGroup
	beside.Go(func() { to.keep(ctx) })
	s.run(ctx, in)
	to.end()
	beside.Wait()
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
		"an answer that it was taken before": {func(operation string, n int) fakelogs.Fault {
			return map[bool]fakelogs.Fault{true: {Taken: true, Code: "DataAlreadyAcceptedException"}}[operation == "PutLogEvents" && n == 2]
		}, 0, []string{"a", "b", "c"}},
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

func TestACheckpointThatCouldNotBeSavedIsSavedWhenItCan(t *testing.T) {
	for name, quiet := range map[string]bool{"while nothing is logged": true, "at the end": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				service, folder, in := fakelogs.New(), filepath.Join(t.TempDir(), "logs"), make(chan *batch, 1)
				if err := os.WriteFile(folder, nil, 0o644); err != nil { // in its way
					t.Fatal(err)
				}
				api, want := direct(service), []mark{{fileID{1, 2}, 3, "ab", "", nil}}
				s := &sender{stream: streamName, stats: &stats{}, finish: make(chan struct{}), voice: voice{log: zerolog.Nop()},
					checkpoint: checkpoint{filepath.Join(folder, "query.json")},
					target:     newGroup(CloudWatch{Put: api, Create: api, Group: groupName}, zerolog.Nop())}
				in <- &batch{events: some("a"), marks: want}
				done := make(chan struct{})
				go func() { defer close(done); s.run(t.Context(), in) }()
				synctest.Wait()
				if s.stats.snapshot().Trouble == "" {
					t.Error("it is not told")
				}
				if err := os.Remove(folder); err != nil {
					t.Fatal(err)
				}
				if quiet {
					<-time.After(2 * saveAgain)
					if got, err := s.checkpoint.load(); err != nil || !cmp.Equal(got, want, cmp.AllowUnexported(mark{})) {
						t.Errorf("%v (%v)", got, err)
					}
				}
				close(in)
				<-done
				if got, err := s.checkpoint.load(); err != nil || !cmp.Equal(got, want, cmp.AllowUnexported(mark{})) || s.stats.snapshot().Trouble != "" {
					t.Errorf("%v (%v), %+v", got, err, s.stats.snapshot())
				}
			})
		})
	}
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
