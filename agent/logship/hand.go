package logship

import (
	"context"
	"time"
)

// hand gives the batch away as soon as it is taken; false when ctx ended before.
func (f *follower) hand(ctx context.Context) bool {
	if f.build.empty() && f.build.read == 0 {
		return true
	}
	if f.source != nil {
		f.source.seal()
	}
	full := f.build.close(f.ledger.snapshot())
	f.stats.change(func(s *stats) {
		s.unread -= min(s.unread, f.taken)
		s.building, s.oldest, s.handed = 0, time.Time{}, s.handed+full.read
	})
	f.taken = 0
	watch := time.NewTicker(pollEvery)
	defer watch.Stop()
	for {
		select {
		case f.out <- full:
			return true
		case <-watch.C:
			f.list()
		case <-ctx.Done():
			return false
		}
	}
}

// publish copies what only the follower counts to where Snapshot reads it.
func (f *follower) publish(behind int64) {
	f.taken = 0
	count := *f.shaper.count
	oldest := time.Time{}
	if !f.build.empty() {
		oldest = time.UnixMilli(f.build.oldest)
	}
	f.stats.change(func(s *stats) {
		s.unread, s.building, s.oldest = behind, f.build.read, oldest
		s.seen.Cut, s.seen.Invalid, s.seen.Masked, s.seen.Unparsed, s.seen.Retimed = count.Cut, count.Invalid, count.Masked, count.Unparsed, count.Retimed
		s.seen.LostFiles = f.ledger.lost
	})
}

// say tells what keeps the log from being read.
func (f *follower) say(err error) {
	f.stats.change(func(s *stats) { s.reading = err.Error() })
	f.voice.say(err)
}
