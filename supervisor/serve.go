package supervisor

import (
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// servant is serve as the loop sees it.
type servant struct {
	process // nil while it does not run
	talk    talk
	restart alarm
	deaths  int // quick ones in a row
}

func (s *servant) ended() <-chan struct{} {
	if s.process == nil {
		return nil
	}
	return s.Done()
}

func (s *servant) heard() <-chan string {
	if s.process == nil {
		return nil
	}
	return s.talk.Heard()
}

// startServe starts serve, again and again if need be. Nothing that happens to it touches the database.
func (l *loop) startServe() {
	command, err := fresh("serve", l.Serve)
	if err == nil {
		l.serve.process, l.serve.talk, err = l.launcher.startTalking(command)
	}
	if err != nil {
		l.Log.Error().Msg(err.Error())
		l.restartServe(err.Error(), serveMostDelay)
		return
	}
	l.state.Serve.hasStarted(l.serve.process, time.Now())
	if l.leave != nil {
		l.tell(l.Words.Drain) // it has missed that
	}
	l.observe()
}

func (l *loop) serveEnded() {
	exit := l.serve.Exit()
	l.serve.talk.Close()
	l.serve.process = nil
	if time.Since(l.state.Serve.StartedAt) >= serveStableAfter {
		l.serve.deaths = 0
	}
	switch l.stage {
	case flushing, abandoning:
		l.state.Serve.hasEnded(exit.String(), time.Now())
		l.enter(left, 0, l.state.Reason)
		return
	case draining:
		l.endJob() // nobody will say drained
	}
	most := serveMostDelay
	if exit.Signal != 0 {
		most = serveKilledDelay
	}
	l.Log.Error().Msgf("serve has ended: %v; starting it again", exit)
	l.restartServe(exit.String(), most)
}

func (l *loop) restartServe(how string, most time.Duration) {
	l.state.Serve.hasEnded(how, time.Now())
	l.serve.restart.set(doubled(serveFirstDelay, l.serve.deaths, most))
	l.serve.deaths++
	l.observe()
}

// serveSaid is a line of the talk.
func (l *loop) serveSaid(line string) {
	word, reason, _ := strings.Cut(line, " ")
	switch word {
	case l.Words.Drained:
		if l.stage == draining {
			l.endJob()
		}
	case l.Words.Drain:
		l.drain(departure{why: because("serve asked to drain", reason), code: killedBy(unix.SIGTERM)})
	case l.Words.GiveUp:
		l.drain(departure{why: because("serve has given up", reason), code: 1, failed: true})
	default:
		l.Log.Warn().Msgf("serve said %q, which means nothing to PID 1", word)
	}
}

func because(what, reason string) string {
	if reason == "" {
		return what
	}
	return what + ": " + reason
}

// tell says a word to serve and tells whether it can have been heard.
func (l *loop) tell(word string) bool {
	if l.serve.process == nil {
		return false
	}
	err := l.serve.talk.Say(word)
	if err != nil {
		l.Log.Warn().Msg(err.Error())
	}
	return err == nil
}
