package localcluster

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestGivingUpNamesWhatWasAwaitedAndTheLastState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		err := WaitFor(t.Context(), "a leader", 3*time.Second, func() (bool, string) { return false, "two followers" })
		if err == nil || !strings.Contains(err.Error(), "a leader after 3.0 s") || !strings.HasSuffix(err.Error(), "two followers") {
			t.Errorf("error %v", err)
		}
	})
}

func TestWaitingEndsWithTheCondition(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		started := time.Now()
		err := WaitFor(t.Context(), "a second", time.Minute, func() (bool, string) { return time.Since(started) >= time.Second, "" })
		if took := time.Since(started); err != nil || took != time.Second {
			t.Errorf("took %v, error %v", took, err)
		}
	})
}

func TestWaitingEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := WaitFor(ctx, "nothing", time.Minute, func() (bool, string) { return false, "" }); err == nil {
		t.Error("no error")
	}
}

func TestEveryStopsForGood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		count := 0
		stop := every(time.Second, func() { count++ })
		pause(t.Context(), 3500*time.Millisecond)
		stop()
		pause(t.Context(), time.Minute)
		if count != 3 {
			t.Errorf("called %d times, want 3", count)
		}
	})
}
