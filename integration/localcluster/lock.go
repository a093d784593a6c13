package localcluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// pollInterval is how often a condition is looked at again.
const pollInterval = 100 * time.Millisecond

// tryLock takes the lock file path without waiting. held says whether another process has it. The lock goes with the
// process, however that ends, so the file itself is never removed.
func tryLock(path string) (file *os.File, held bool, err error) {
	file, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, false, fmt.Errorf("cannot open the lock: %w", err)
	}
	err = unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if err == nil {
		return file, false, nil
	}
	_ = file.Close()
	if errors.Is(err, unix.EWOULDBLOCK) {
		return nil, true, nil
	}
	return nil, false, fmt.Errorf("cannot lock %s: %v", path, err)
}

// waitForLock takes the lock file path, calling waiting once when it has to wait.
func waitForLock(ctx context.Context, path string, waiting func()) (unlock func(), err error) {
	for first := true; ; first = false {
		file, held, err := tryLock(path)
		if err != nil {
			return nil, err
		}
		if !held {
			return func() { _ = file.Close() }, nil
		}
		if first {
			waiting()
		}
		if !pause(ctx, pollInterval) {
			return nil, fmt.Errorf("gave up waiting for %s: %v", path, context.Cause(ctx))
		}
	}
}
