package supervisor

import (
	"fmt"
	"time"
)

// finding is what main's callbacks have to say about a database that has ended by itself.
type finding struct {
	lastLines []string
	hopeless  string // why no restart can succeed, else empty
}

// databaseGone: the database has ended by itself and nothing of it is left. Why is asked aside, since the answer reads
// files.
func (l *loop) databaseGone(exit Exit) {
	l.ended = exit
	found := make(chan finding, 1)
	l.found = found
	l.enter(assessing, assessBound, "the database has ended: "+exit.String())
	go func() {
		var f finding
		guarded(l.Log, "finding out why the database has ended", func() {
			if l.LastLines != nil {
				f.lastLines = l.LastLines()
			}
			if l.Hopeless != nil {
				f.hopeless = l.Hopeless(exit)
			}
		})
		found <- f
	}()
}

// assessed decides whether the database is started again.
func (l *loop) assessed(f finding) {
	l.found = nil
	reason := "the database has ended: " + l.ended.String()
	if f.hopeless != "" {
		l.giveUp(f, reason+"; no restart can help: "+f.hopeless)
		return
	}
	delay, allowed := l.counts.take(time.Now())
	if !allowed {
		l.giveUp(f, fmt.Sprintf("%s; no restart is left (%d in %v)", reason, l.Restarts.Max, l.Restarts.Window))
		return
	}
	left := l.counts.left(time.Now())
	l.Log.Error().Strs("lastLines", f.lastLines).Int("restartsLeft", left).Msgf("%s; restarting it in %v", reason, delay)
	l.enter(backingOff, delay, reason)
}

func (l *loop) giveUp(f finding, reason string) {
	l.Log.Error().Strs("lastLines", f.lastLines).Int("restartsLeft", 0).Msg(reason)
	l.flush(failure(l.ended.ExitCode()), reason)
}
