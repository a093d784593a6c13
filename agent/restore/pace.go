package restore

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

// pace is how patient a restore is with its source.
type pace struct {
	// stall is how long an answer may stand still before it is asked for again. S3 answers within 100 to 200 ms
	// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html).
	stall time.Duration
	// patience is how long nothing at all may arrive before the restore gives up.
	patience time.Duration
	// glance bounds what is asked for a line of the log only, while what the members agreed on runs out.
	glance time.Duration
	// first and most bound the pause before another try, which doubles from try to try, with full jitter:
	// https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
	first, most time.Duration
	// trouble is told of what is tried again; may be nil.
	trouble func(doing string, err error)
}

var defaultPace = pace{stall: 15 * time.Second, patience: 5 * time.Minute, glance: 5 * time.Second, first: 100 * time.Millisecond, most: 10 * time.Second}

var errStalled = errors.New("the answer stands still")

// pause waits before try n, counted from 1, or until ctx is done.
func (p pace) pause(ctx context.Context, n int) {
	p.wait(ctx, 1+rand.N(min(p.most, p.first<<min(n, 20))))
}

func (p pace) wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// again asks until there is an answer, or trouble that asking again does not change, or patience is over.
func (p pace) again(ctx context.Context, doing string, ask func(context.Context) error) error {
	begun := time.Now()
	for try := 1; ; try++ {
		limited, cancel := context.WithTimeoutCause(ctx, p.stall, errStalled)
		err := ask(limited)
		cancel()
		if err == nil {
			return nil
		}
		if err := p.giveUp(ctx, doing, err, begun); err != nil {
			return err
		}
		p.pause(ctx, try)
	}
}

// giveUp is the error to end with, nil while another try makes sense.
func (p pace) giveUp(ctx context.Context, doing string, err error, moved time.Time) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err := final(doing, err); err != nil {
		return err
	}
	if waited := time.Since(moved); waited > p.patience {
		return Fail(Later, "%s: nothing has arrived for %s: %s", doing, waited.Round(time.Second), reason(err))
	}
	if p.trouble != nil {
		p.trouble(doing, err)
	}
	return nil
}
