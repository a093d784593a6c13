package backup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// lookAgain is how often a run that waits looks whether the other one is over.
const lookAgain = time.Second

// lock takes the working folder for this run, waiting until the deadline for another run on the same disk. The kernel
// gives it back when the process dies, however it dies.
func lock(ctx context.Context, path string, wait time.Duration) (unlock func(), err error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("cannot lock the backup folder: %w", err)
	}
	deadline := time.Now().Add(wait)
	for {
		err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		switch {
		case err == nil:
			return func() { _ = file.Close() }, nil
		case !errors.Is(err, unix.EWOULDBLOCK):
			_ = file.Close()
			return nil, fmt.Errorf("cannot lock %s: %v", path, err)
		case !time.Now().Before(deadline):
			_ = file.Close()
			return nil, &BusyError{Where: path, Wait: wait}
		}
		if err := pause(ctx, lookAgain); err != nil {
			_ = file.Close()
			return nil, err
		}
	}
}

// pause waits for d, or less when ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
