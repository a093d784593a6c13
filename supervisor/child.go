package supervisor

import (
	"syscall"
	"time"
)

// Child is a process that a Reaper has started.
type Child struct {
	reaper  *Reaper
	pid     int
	session bool
	started time.Time
	done    chan struct{}
	stopped chan struct{} // one entry when it has been stopped since the last look
	exit    Exit          // valid once done is closed
}

func newChild(r *Reaper, pid int, session bool, started time.Time) *Child {
	return &Child{
		reaper: r, pid: pid, session: session, started: started,
		done: make(chan struct{}), stopped: make(chan struct{}, 1),
	}
}

// PID is the process number, which is also that of its process group and, where it has one, its session.
func (c *Child) PID() int { return c.pid }

// Started is when the child was forked.
func (c *Child) Started() time.Time { return c.started }

// Done is closed when the child has ended and been reaped.
func (c *Child) Done() <-chan struct{} { return c.done }

// Exit is how the child ended. It may be asked once Done is closed.
func (c *Child) Exit() Exit { return c.exit }

func (c *Child) hasEnded(exit Exit) {
	c.exit = exit
	close(c.done)
}

func (c *Child) hasStopped() {
	select {
	case c.stopped <- struct{}{}:
	default:
	}
}

// Signal sends a signal to the child alone, and to nobody once it has been reaped.
func (c *Child) Signal(signal syscall.Signal) {
	c.reaper.do(func() {
		if !c.reaped() {
			_ = syscall.Kill(c.pid, signal)
		}
	})
}

// SignalAll sends a signal to every process of the child's group, or of its session where it has its own, also after
// the child itself has ended.
func (c *Child) SignalAll(signal syscall.Signal) {
	c.reaper.do(func() {
		if !c.session && !c.reaped() { // in one step: nobody forks in between
			_ = syscall.Kill(-c.pid, signal)
			return
		}
		for _, pid := range c.Rest() {
			_ = syscall.Kill(pid, signal)
		}
	})
}

// SignalHandlers sends a signal to those processes of the child's group or session that have a handler for it. So a
// request for a thread dump reaches a server behind a launcher, and kills neither a shell nor a server that is not
// that far yet.
func (c *Child) SignalHandlers(signal syscall.Signal) {
	c.reaper.do(func() {
		for _, pid := range c.Rest() {
			if handles(pid, signal) {
				_ = syscall.Kill(pid, signal)
			}
		}
	})
}

// Rest lists the live processes of the child's group or session, the child included.
func (c *Child) Rest() []int {
	if c.session {
		return processes(func(s stat) bool { return s.session == c.pid })
	}
	return processes(func(s stat) bool { return s.group == c.pid })
}

// reaped may be asked on the reaper's goroutine only.
func (c *Child) reaped() bool { return c.reaper.children[c.pid] != c }
