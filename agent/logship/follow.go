package logship

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"
)

// follower reads one log over its rotations and makes batches of it. All that it reads and has not handed over fits in
// one batch: while nothing is taken from it, it reads nothing, and the files are the buffer.
type follower struct {
	path      string
	elsewhere string // Log.Rotated
	ledger    *ledger
	source    *source // nil, or the file read last
	shaper    shaper
	build     builder
	taken     int64 // bytes of records since the last listing
	out       chan<- *batch
	stats     *stats
	wake      <-chan struct{} // something happened in the log's directory
	finish    <-chan struct{} // closed when Neo4j has gone
	voice     voice
}

// run reads until finish, and then to the end, or until ctx ends. It closes out.
func (f *follower) run(ctx context.Context) {
	defer close(f.out)
	defer f.leave()
	for ctx.Err() == nil {
		ended := closed(f.finish)
		began := time.Now()
		f.look(ctx, ended)
		if ended {
			f.shutMinute(ctx, began.Add(2*time.Minute))
			f.hand(ctx)
			return
		}
		f.shutMinute(ctx, began)
		if !f.build.empty() && time.Since(f.build.since) >= linger {
			f.hand(ctx)
		}
		f.wait(ctx, began)
	}
}

func closed(signal <-chan struct{}) bool {
	select {
	case <-signal:
		return true
	default:
		return false
	}
}

// wait is until there may be something to do, but not less than lookEvery since the last look.
func (f *follower) wait(ctx context.Context, began time.Time) {
	next := pollEvery
	if f.source != nil && f.source.size > 0 {
		next = min(next, quiet)
	}
	if !f.build.empty() {
		next = min(next, max(time.Millisecond, linger-time.Since(f.build.since)))
	}
	timer := time.NewTimer(next)
	defer timer.Stop()
	select {
	case <-f.wake:
	case <-timer.C:
	case <-f.finish:
		return
	case <-ctx.Done():
		return
	}
	pause(ctx, lookEvery-time.Since(began), f.finish)
}

// pause waits for d, for ctx or for hurry, whichever is first.
func pause(ctx context.Context, d time.Duration, hurry <-chan struct{}) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-hurry:
	case <-ctx.Done():
	}
}

// look reads all that there is, file by file, oldest first. At the end of all, ended, what has no end of line counts too.
func (f *follower) look(ctx context.Context, ended bool) {
	f.stats.change(func(s *stats) { s.reading = "" })
	unread := f.list()
	if f.source != nil && !f.readOn(ctx, ended) {
		return
	}
	for _, e := range unread {
		p := f.ledger.marks[e.id]                                                               // nil where it went away while a batch could not be sent
		if p == nil || e.size <= p.Offset || f.source != nil && f.source.place.fileID == e.id { // read since the listing
			continue
		}
		if f.source != nil {
			f.leave()
		}
		source, err := f.ledger.open(e)
		if err != nil {
			f.say(err)
			if errors.Is(err, fs.ErrNotExist) { // it was renamed or deleted: the next look knows
				return
			}
			continue // one that cannot be read is no reason not to read the others
		}
		if source.place.fileID != e.id { // files were renamed since the listing: another one comes first
			source.close()
			f.look(ctx, ended)
			return
		}
		f.source = source
		if !f.read(ctx) {
			if f.unreadable(ctx) {
				continue
			}
			return
		}
		if !f.drained(ctx, !e.active, ended) {
			return
		}
	}
}

// unreadable tells whether it was the file that ended the reading.
func (f *follower) unreadable(ctx context.Context) bool { return f.source == nil && ctx.Err() == nil }

// readOn goes on in the file read last, and tells whether it may be left for others: a rotated file may not before its
// end. The active one may at any time, since what is open of it can be read again.
func (f *follower) readOn(ctx context.Context, ended bool) bool {
	if f.source.replaced() {
		f.flush(ctx)
		f.leave()
		return true
	}
	if !f.read(ctx) {
		return f.unreadable(ctx)
	}
	rotated := f.rotated()
	return f.drained(ctx, rotated, ended) || !rotated
}

// list takes a listing and says how far behind the log is.
func (f *follower) list() []entry {
	found, err := list(f.path, f.elsewhere)
	if err != nil {
		f.say(err)
		return nil
	}
	lost := f.ledger.lost
	unread, behind := f.ledger.see(found)
	if lost = f.ledger.lost - lost; lost > 0 {
		f.voice.log.Warn().Int64("files", lost).Msg("log files were gone before they were read to their ends")
	}
	f.publish(behind)
	return unread
}

// rotated tells whether the file read last is no longer the one that Neo4j writes to. Asked after the reading, so that
// what was written before the rotation has been read.
func (f *follower) rotated() bool {
	info, err := os.Stat(f.path)
	return err != nil || idOf(info) != f.source.place.fileID
}

// read takes every whole record that there is by now; false when ctx ended or the file cannot be read.
func (f *follower) read(ctx context.Context) bool {
	before := f.source.seen
	for {
		r, ok, err := f.source.next()
		if err != nil {
			f.say(err)
			f.leave()
			return false
		}
		if !ok {
			if f.source.seen != before {
				f.source.grew = time.Now()
			}
			return ctx.Err() == nil
		}
		if !f.enter(ctx, r) {
			return false
		}
	}
}

// drained takes the open record when nothing belonging to it will come: the file has not grown for a while, or all has
// ended. A last line without an end waits, in the active file for ever. It tells whether all is read.
func (f *follower) drained(ctx context.Context, rotated, ended bool) bool {
	open, unfinished := f.source.waits()
	still := time.Since(f.source.grew) >= quiet
	if open && (ended || still && (rotated || !unfinished) || rotated && !unfinished) {
		f.flush(ctx)
		open = false
	}
	return rotated && !open || ended
}

func (f *follower) flush(ctx context.Context) {
	for r, ok := f.source.rest(); ok; r, ok = f.source.rest() {
		if !f.enter(ctx, r) {
			return
		}
	}
}

// enter puts a record into the batch, after handing over the batch that has no room for it.
func (f *follower) enter(ctx context.Context, r record) bool {
	message, at := f.shaper.message(r)
	if len(message) > 0 {
		if f.shaper.slow != nil {
			metrics, minute := f.shaper.slow.due(at)
			if !f.put(ctx, metrics, minute) {
				return false
			}
			f.shaper.slow.add(f.shaper.elapsed)
		}
		if !f.put(ctx, message, at) {
			return false
		}
	}
	f.build.read += r.size
	f.taken += r.size
	f.source.took(r)
	return true
}

func (f *follower) put(ctx context.Context, message []byte, at int64) bool {
	if len(message) == 0 {
		return true
	}
	if !f.build.fits(len(message), at) && !f.hand(ctx) {
		return false
	}
	f.build.add(message, at)
	return true
}

// shutMinute tells of the last minute once it is over, for when no entry of another comes.
func (f *follower) shutMinute(ctx context.Context, now time.Time) {
	if slow := f.shaper.slow; slow != nil && now.UnixMilli() >= slow.minute+minuteMillis+quiet.Milliseconds() {
		metrics, minute := slow.flush()
		f.put(ctx, metrics, minute)
	}
}

func (f *follower) leave() {
	if f.source != nil {
		f.source.close()
		f.source = nil
	}
}
