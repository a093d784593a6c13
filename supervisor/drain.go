package supervisor

import (
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// departure is why and how we leave.
type departure struct {
	why    string
	code   int       // exit code when there is no database to ask
	failed bool      // leave non-zero whatever the database says
	killAt time.Time // end of the grace
}

func (d departure) codeAfter(exit Exit) int {
	if d.failed {
		return failure(exit.ExitCode())
	}
	return exit.ExitCode()
}

// toldToLeave is TERM or INT: the first drains, a second one hurries.
func (l *loop) toldToLeave(signal os.Signal) {
	l.pleas++
	if l.pleas > 1 {
		l.hurry()
		return
	}
	number, _ := signal.(syscall.Signal)
	l.drain(departure{why: "received signal " + signal.String(), code: killedBy(number)})
}

// drain begins to leave. Where clients may be connected serve lets them go first.
func (l *loop) drain(d departure) {
	if l.leave != nil || l.stage >= flushing {
		return
	}
	l.Log.Info().Msgf("%s; draining", d.why)
	d.killAt = time.Now().Add(l.budget.Talk + l.budget.Grace)
	if l.job != nil && !l.job.isDatabase {
		d.killAt = time.Now().Add(l.budget.Prepare)
	}
	l.leave = &d
	switch l.stage {
	case running:
		l.enter(draining, l.budget.Talk, d.why)
		if !l.tell(l.Words.Drain) {
			l.endJob()
		}
	case preparing, ending:
		l.endJob()
	case killing:
		l.killJob()
	case assessing, backingOff:
		l.found = nil
		l.flush(d.code, d.why)
	}
}

// hurry skips what is left of the time that something was given.
func (l *loop) hurry() {
	switch l.stage {
	case draining, ending:
		l.Log.Warn().Msgf("second signal: killing %s", l.job.name)
		l.killJob()
	case flushing:
		l.Log.Warn().Msg("second signal: killing serve")
		l.killServe()
	}
}

// flush lets serve finish, then we leave with code.
func (l *loop) flush(code int, reason string) {
	l.code = code
	l.serve.restart.set(0)
	if l.serve.process == nil {
		l.enter(left, 0, reason)
		return
	}
	l.enter(flushing, l.budget.Flush, reason)
	if !l.tell(l.Words.Stopped) {
		l.killServe()
	}
}

func (l *loop) killServe() {
	l.serve.SignalAll(unix.SIGKILL)
	l.enter(abandoning, l.budget.Kill, l.state.Reason)
}
