package supervisor

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// forwarded are the signals that a passed-through command gets from us. Never URG, with which Go's runtime pre-empts
// its own goroutines, nor CHLD, which is about our children.
var forwarded = []os.Signal{
	unix.SIGTERM, unix.SIGINT, unix.SIGHUP, unix.SIGQUIT, unix.SIGUSR1, unix.SIGUSR2,
	unix.SIGWINCH, unix.SIGCONT, unix.SIGTSTP,
}

// Passthrough runs a command as PID 1 should: in a process group of its own that gets our signals and, when stdin is
// our terminal, the terminal; orphans are reaped meanwhile. It returns the command's exit code, 128+n when signal n
// killed it, 126 or 127 when it cannot be executed, which stderr then explains. Stdin is inherited unless c names
// another.
func Passthrough(c Command) int {
	code, err := passThrough(c)
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
	}
	return code
}

func passThrough(c Command) (int, error) {
	reaper, err := NewReaper()
	if err != nil {
		return 1, err
	}
	signals := make(chan os.Signal, 64) // the loop below never waits: more cannot be pending
	signal.Notify(signals, forwarded...)
	if c.Stdin == nil {
		c.Stdin = os.Stdin
	}
	terminal := terminalOf(c.Stdin)
	child, err := reaper.start(c, terminal != nil)
	if err != nil {
		code := CannotExecute
		var failed *StartError
		if errors.As(err, &failed) {
			code = failed.Code
		}
		return code, err
	}
	p := &passenger{Child: child, terminal: terminal}
	p.ride(signals)
	return child.Exit().ExitCode(), nil
}

// passenger is a passed-through command.
type passenger struct {
	*Child
	terminal *terminal // nil when there is none to hand over
}

func (p *passenger) ride(signals <-chan os.Signal) {
	for {
		select {
		case <-p.Done():
			if p.terminal != nil {
				p.terminal.give(p.terminal.ours)
			}
			return
		case <-p.stopped:
			p.commandStopped()
		case received := <-signals:
			if received == unix.SIGCONT {
				p.resume()
			} else if number, ok := received.(syscall.Signal); ok {
				p.SignalAll(number)
			}
		}
	}
}

// commandStopped: on a terminal, by ^Z. A shell that started us must see us stop too, as a job of its own, and gets the
// terminal; its `fg` sends us CONT. As PID 1, or leader of a session, nobody could ever continue us: then the command
// goes on, as if ^Z had not been pressed. Without a terminal a stop is what somebody wanted, until they send CONT.
func (p *passenger) commandStopped() {
	switch {
	case p.terminal == nil:
	case alone():
		p.terminal.give(p.pid)
		p.SignalAll(unix.SIGCONT)
	default:
		p.terminal.give(p.terminal.ours)
		_ = unix.Kill(0, unix.SIGSTOP) // our own group: a pipeline is stopped when all of it is
	}
}

// alone tells whether no shell above us can continue us.
func alone() bool {
	session, err := unix.Getsid(0)
	return os.Getpid() == 1 || err == nil && session == os.Getpid()
}

// resume lets the command go on, in the foreground if we are there: `bg` continues us without it.
func (p *passenger) resume() {
	if p.terminal != nil {
		if owner, err := p.terminal.owner(); err == nil && owner == p.terminal.ours {
			p.terminal.give(p.pid)
		}
	}
	p.SignalAll(unix.SIGCONT)
}
