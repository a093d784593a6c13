package logship

import (
	"context"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
)

// watch wakes followers when something happens in their log's directory, until ctx ends. It only makes looks earlier:
// where it cannot watch, the slow poll does the work.
type watch struct {
	wakes map[string][]chan<- struct{} // by directory
}

func (w watch) run(ctx context.Context) {
	watcher, err := fsnotify.NewWatcher()
	if err != nil { // no inotify instances left: user limit fs.inotify.max_user_instances
		return
	}
	defer func() { _ = watcher.Close() }()
	poll := time.NewTicker(pollEvery)
	defer poll.Stop()
	for {
		for dir := range w.wakes {
			_ = watcher.Add(dir) // it may appear later, or have been made anew; adding it twice changes nothing
		}
		for again := false; !again; {
			select {
			case happened, ok := <-watcher.Events:
				if !ok {
					return
				}
				w.wake(filepath.Dir(happened.Name))
			case _, ok := <-watcher.Errors: // events were lost: the poll finds what they were about
				if !ok {
					return
				}
			case <-poll.C:
				again = true
			case <-ctx.Done():
				return
			}
		}
	}
}

func (w watch) wake(dir string) {
	for _, wake := range w.wakes[dir] {
		select {
		case wake <- struct{}{}:
		default: // it has not looked since the last
		}
	}
}
