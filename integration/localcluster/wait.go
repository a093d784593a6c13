package localcluster

import (
	"context"
	"fmt"
	"time"
)

// WaitFor looks at condition until it is true. condition also describes the state it saw. When the deadline passes or
// ctx ends first, the error names what was awaited and the last state.
func WaitFor(ctx context.Context, what string, deadline time.Duration, condition func() (bool, string)) error {
	ctx, cancel := context.WithTimeout(ctx, deadline)
	defer cancel()
	started := time.Now()
	for {
		met, state := condition()
		if met {
			return nil
		}
		if !pause(ctx, pollInterval) {
			return fmt.Errorf("gave up waiting for %s after %.1f s (%v); last state: %s",
				what, time.Since(started).Seconds(), context.Cause(ctx), state)
		}
	}
}

// pause waits for d and returns false when ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// every calls do again and again until stop is called; do does not run any more when stop has returned.
func every(interval time.Duration, do func()) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for pause(ctx, interval) {
			do()
		}
	}()
	return func() {
		cancel()
		<-ended
	}
}
