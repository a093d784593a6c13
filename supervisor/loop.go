package supervisor

import (
	"time"

	"golang.org/x/sys/unix"
)

// stage is where the loop stands: what runs beside serve, and what the alarm will mean.
type stage int

const (
	preparing  stage = iota // prepare runs
	running                 // the database runs
	assessing               // the database has ended by itself: why? Alarm: no answer
	backingOff              // alarm: prepare again
	draining                // serve lets the clients go. Alarm: it did not
	ending                  // prepare or the database has got TERM. Alarm: KILL
	killing                 // prepare or the database has got KILL. Alarm: it cannot be killed
	flushing                // serve has been told to finish. Alarm: KILL
	abandoning              // serve has got KILL. Alarm: never mind
	left
)

// loop is the state machine behind Lifecycle. One goroutine runs it: no locks, one method for each event.
type loop struct {
	Lifecycle
	launcher launcher
	signals  signals
	budget   budget
	observer *observer

	stage  stage
	alarm  alarm
	state  State
	serve  servant
	job    *job  // prepare or the database, whichever runs
	sweep  alarm // next look at what a job that has ended left behind
	found  chan finding
	leave  *departure // set once we are to leave
	pleas  int        // how many signals asked us to leave
	code   int        // what Run returns
	tries  int        // crashes of prepare in a row
	ended  Exit       // of the database, the last time it ended by itself
	counts restarts
}

func newLoop(l Lifecycle, launcher launcher, signals signals) *loop {
	return &loop{
		Lifecycle: l, launcher: launcher, signals: signals,
		budget:   newBudget(l.StopTimeout),
		observer: newObserver(l.Observe, l.Log),
		counts:   restarts{policy: l.Restarts},
	}
}

func (l *loop) run() int {
	defer l.observer.close()
	l.startServe()
	l.startPrepare("starting")
	for l.stage != left {
		select {
		case signal := <-l.signals.drain:
			l.toldToLeave(signal)
		case <-l.signals.reload:
			l.toldToReload()
		case <-l.signals.dump:
			l.toldToDump()
		case <-l.serve.ended():
			l.serveEnded()
		case <-l.serve.restart.rings:
			l.startServe()
		case line := <-l.serve.heard():
			l.serveSaid(line)
		case <-l.job.over():
			l.jobEnded()
		case <-l.sweep.rings:
			l.sweepJob()
		case finding := <-l.found:
			l.assessed(finding)
		case <-l.alarm.rings:
			l.alarmed()
		}
	}
	return l.code
}

// alarmed is what the end of a stage's time means.
func (l *loop) alarmed() {
	switch l.stage {
	case assessing:
		l.assessed(finding{})
	case backingOff:
		l.startPrepare(l.state.Reason)
	case draining:
		l.Log.Warn().Msg("serve has not let the clients go in time; stopping the database")
		l.endJob()
	case ending:
		l.Log.Warn().Msgf("%s has not ended in time; killing it", l.job.name)
		l.killJob()
	case killing:
		l.jobStuck()
	case flushing:
		l.Log.Warn().Msg("serve has not finished in time; killing it")
		l.killServe()
	case abandoning:
		l.enter(left, 0, "")
	}
}

// enter changes the stage. bound is its time, 0 for ever.
func (l *loop) enter(to stage, bound time.Duration, reason string) {
	l.stage = to
	l.alarm.set(bound)
	if phase := l.phase(); phase != l.state.Phase {
		l.state.Phase, l.state.Since = phase, time.Now()
	}
	l.state.Reason = reason
	l.observe()
}

func (l *loop) observe() {
	l.state.RestartsLeft = l.counts.left(time.Now())
	l.observer.tell(l.state)
}

func (l *loop) phase() string {
	switch l.stage {
	case preparing:
		return PhasePreparing
	case running:
		return PhaseRunning
	case assessing, backingOff:
		return PhaseBackingOff
	case draining:
		return PhaseDraining
	case ending, killing:
		if l.leave == nil && !l.job.isDatabase {
			return PhasePreparing
		}
		return PhaseStopping
	default:
		return PhaseFlushing
	}
}

// toldToReload passes HUP on to serve.
func (l *loop) toldToReload() {
	if l.serve.process != nil {
		l.serve.Signal(unix.SIGHUP)
	}
}

// toldToDump passes QUIT on to the database, never to anything that it would kill.
func (l *loop) toldToDump() {
	if l.job != nil && l.job.isDatabase {
		l.job.SignalHandlers(unix.SIGQUIT)
	}
}

// alarm is a timer that can be set again and has a channel also when it is not set.
type alarm struct {
	rings <-chan time.Time
	timer *time.Timer
}

// set makes the alarm ring once after d; never when d is 0.
func (a *alarm) set(d time.Duration) {
	if a.timer != nil {
		a.timer.Stop()
	}
	a.rings, a.timer = nil, nil
	if d > 0 {
		a.timer = time.NewTimer(d)
		a.rings = a.timer.C
	}
}
