package logship

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"neo4j-agent/agent/logship/fakelogs"
)

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

func TestAGroupThatIsDeletedMeanwhileKeepsEventsForTheDaysAskedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		service := fakelogs.New()
		service.Faults = func(operation string, n int) fakelogs.Fault {
			if operation == "PutLogEvents" && n == 3 { // the first finds no group
				synctest.Wait()
				service.RemoveGroup(groupName)
			}
			return fakelogs.Fault{}
		}
		sending(t, service, 30, some("a"), some("b"))
		if days, _ := service.Retention(groupName); days != 30 || service.Calls("PutRetentionPolicy") != 2 {
			t.Errorf("%d days after %d calls", days, service.Calls("PutRetentionPolicy"))
		}
		if diff := cmp.Diff([]string{"b"}, taken(service)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestNothingWaitsLongForASlowRetentionPolicy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		service, begun := fakelogs.New(), time.Now()
		var last time.Duration
		service.Faults = func(operation string, _ int) fakelogs.Fault {
			if operation == "PutRetentionPolicy" {
				return fakelogs.Fault{Slow: time.Hour}
			}
			last = time.Since(begun)
			return fakelogs.Fault{}
		}
		got, said := sending(t, service, 30, some("a"), some("b"), some("c"))
		if last != 0 || len(taken(service)) != 3 || got.Retries != 0 {
			t.Errorf("the last batch was sent after %s, %+v", last, got)
		}
		if waited := time.Since(begun); waited != retainLimit {
			t.Errorf("the end came after %s\n%s", waited, said)
		}
	})
}

func TestALogThatWasSentIsNotCalledUnsentWhereTheRetentionPolicyTakesTooLong(t *testing.T) {
	w := newWorld(t)
	var said strings.Builder
	w.options.Log, w.options.CloudWatch.RetentionDays = zerolog.New(zerolog.SyncWriter(&said)), 30
	asked := make(chan struct{})
	w.service.Faults = func(operation string, _ int) fakelogs.Fault {
		if operation != "PutRetentionPolicy" {
			return fakelogs.Fault{}
		}
		close(asked)
		return fakelogs.Fault{Slow: time.Hour}
	}
	w.write("query.log", lines(entries(0, 3)))
	s, _ := w.run()
	<-asked
	bound, end := context.WithCancel(t.Context())
	finished := make(chan error)
	go func() { finished <- s.Finish(bound) }()
	w.arrives(entries(0, 3)...)
	<-s.sent
	end()
	if err := <-finished; err != nil {
		t.Error(err)
	}
	if !strings.Contains(said.String(), "cannot set how long log group") {
		t.Errorf("it says:\n%s", said.String())
	}
}
