package supervisor

import (
	"errors"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// panicked is the exit code of a Go program that panics or meets a fatal error (package runtime).
	panicked = 2

	// sweepEvery is how often the loop looks whether all that a job has started is gone; a look reads /proc.
	sweepEvery = 50 * time.Millisecond

	// leftoverGrace is for what a database that ended by itself leaves behind, as a launcher does with its server. It
	// is a database that may still be writing.
	leftoverGrace = 20 * time.Second

	// stuckAfter is when a killed process counts as stuck in the kernel. Nothing may be started beside it.
	stuckAfter = 10 * time.Second

	// assessBound is how long we wait for the opinion of Hopeless and LastLines.
	assessBound = 10 * time.Second
)

// job is prepare or the database with all that it has started.
type job struct {
	process
	name       string
	isDatabase bool
	gone       bool // the main process has ended; others may be left
}

func (j *job) over() <-chan struct{} {
	if j == nil || j.gone {
		return nil
	}
	return j.Done()
}

// startPrepare begins a round: prepare, then the database.
func (l *loop) startPrepare(reason string) {
	command, err := fresh("prepare", l.Prepare)
	command.Session, command.Bound = true, true
	if err == nil {
		err = l.startJob(command, &job{name: "prepare"})
	}
	if err != nil {
		l.state.Prepare.hasEnded(err.Error(), time.Now())
		l.notStarted(err, l.prepareCrashed)
		return
	}
	l.enter(preparing, 0, reason)
}

func (l *loop) startDatabase() {
	command, err := fresh("the database", l.Database)
	command.Session, command.Bound = false, false
	if err == nil {
		err = l.startJob(command, &job{name: "the database", isDatabase: true})
	}
	if err != nil {
		l.state.Database.hasEnded(err.Error(), time.Now())
		l.notStarted(err, l.databaseGone)
		return
	}
	l.Log.Info().Int("pid", l.job.PID()).Msg("the database has been started")
	l.enter(running, 0, "")
}

func (l *loop) startJob(c Command, j *job) error {
	started, err := l.launcher.start(c)
	if err != nil {
		return err
	}
	j.process, l.job = started, j
	l.past().hasStarted(j, time.Now())
	return nil
}

// past is the state of the child that the job is.
func (l *loop) past() *ChildState {
	if l.job.isDatabase {
		return &l.state.Database
	}
	return &l.state.Prepare
}

// notStarted decides about a job that could not be started: a passing shortage counts as an end with its exit code,
// all else is final.
func (l *loop) notStarted(err error, ended func(Exit)) {
	l.Log.Error().Msg(err.Error())
	var failed *StartError
	switch {
	case !errors.As(err, &failed):
		l.flush(1, err.Error())
	case failed.Temporary():
		ended(Exit{Code: failed.Code})
	default:
		l.flush(failed.Code, err.Error())
	}
}

// jobEnded: the main process has ended. What it has started may still be there.
func (l *loop) jobEnded() {
	l.job.gone = true
	l.past().hasEnded(l.job.Exit().String(), time.Now())
	if len(l.job.Rest()) == 0 {
		l.jobGone()
		return
	}
	switch l.stage {
	case preparing:
		l.killJob()
	case running, draining:
		l.endJob()
	}
	l.sweepJob()
}

// sweepJob looks whether all of the job is gone, and makes sure that what is left after a KILL, forked meanwhile
// perhaps, gets one too.
func (l *loop) sweepJob() {
	if len(l.job.Rest()) == 0 {
		l.jobGone()
		return
	}
	if l.stage == killing {
		l.job.SignalAll(unix.SIGKILL)
	}
	l.sweep.set(sweepEvery)
}

// jobGone: nothing of the job is left.
func (l *loop) jobGone() {
	exit, isDatabase := l.job.Exit(), l.job.isDatabase
	l.sweep.set(0)
	l.job = nil
	switch {
	case l.leave != nil && isDatabase:
		l.Log.Info().Msgf("the database has ended: %v", exit)
		l.flush(l.leave.codeAfter(exit), l.leave.why)
	case l.leave != nil:
		l.flush(l.leave.code, l.leave.why)
	case isDatabase:
		l.databaseGone(exit)
	default:
		l.prepareGone(exit)
	}
}

// endJob asks the job to end.
func (l *loop) endJob() {
	bound := leftoverGrace
	if l.leave != nil {
		bound = max(time.Until(l.leave.killAt), time.Nanosecond)
	}
	l.job.SignalAll(unix.SIGTERM)
	l.enter(ending, bound, l.reason(l.job.name+" has left processes behind"))
}

// killJob makes the job end.
func (l *loop) killJob() {
	bound := stuckAfter
	if l.leave != nil {
		bound = l.budget.Kill
	}
	l.job.SignalAll(unix.SIGKILL)
	l.enter(killing, bound, l.reason(l.job.name+" has left processes behind"))
}

// reason is why we leave, else the one given.
func (l *loop) reason(otherwise string) string {
	if l.leave != nil {
		return l.leave.why
	}
	return otherwise
}

// jobStuck: KILL had no effect, as on a process that waits for a dead disk. To start another writer beside it would be
// worse than to leave.
func (l *loop) jobStuck() {
	reason := "cannot kill " + l.job.name
	l.Log.Error().Ints("pids", l.job.Rest()).Msg(reason)
	l.sweep.set(0)
	l.job = nil
	l.flush(killedBy(unix.SIGKILL), reason)
}

// prepareGone decides by the exit code of prepare.
func (l *loop) prepareGone(exit Exit) {
	switch {
	case exit == Exit{}:
		l.tries = 0
		l.startDatabase()
	case exit.Signal != 0 || exit.Code == panicked:
		l.prepareCrashed(exit)
	default:
		l.Log.Error().Msgf("prepare has ended with %v; leaving", exit)
		l.flush(exit.ExitCode(), "prepare has ended with "+exit.String())
	}
}

func (l *loop) prepareCrashed(exit Exit) {
	l.tries++
	reason := "prepare has crashed: " + exit.String()
	if l.tries >= prepareMostTries {
		l.Log.Error().Msgf("%s, for the %dth time; leaving", reason, l.tries)
		l.flush(failure(exit.ExitCode()), reason)
		return
	}
	delay := doubled(prepareFirstDelay, l.tries-1, prepareMostDelay)
	l.Log.Error().Msgf("%s; trying again in %v", reason, delay)
	l.enter(backingOff, delay, reason)
}
