package supervisor

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// reaping is set once this process has a Reaper: from then on nothing else here may start or wait for processes.
var reaping atomic.Bool

// Reaper is the only starter of and waiter for processes in this process. One goroutine forks, registers, waits and
// signals, so no exit code is lost and no signal hits a process number that is used again. That goroutine owns an
// operating-system thread that lives as long as the process, because a Bound child follows the thread that forked it
// (golang issue 27505). A Reaper has no end.
type Reaper struct {
	work     chan func()
	null     *os.File
	children map[int]*Child // not reaped yet; touched by the goroutine only
}

// NewReaper makes this process the one that inherits every orphan below it: as PID 1 by nature, otherwise as child
// subreaper (PR_SET_CHILD_SUBREAPER(2const)). A second call fails.
func NewReaper() (*Reaper, error) {
	if os.Getpid() != 1 {
		if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
			return nil, fmt.Errorf("cannot become child subreaper: %v", err)
		}
	}
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return nil, fmt.Errorf("cannot open %s: %v", os.DevNull, err)
	}
	if reaping.Swap(true) {
		_ = null.Close()
		return nil, errors.New("cannot make a reaper: this process has one")
	}
	r := &Reaper{work: make(chan func()), null: null, children: map[int]*Child{}}
	ended := make(chan os.Signal, 1) // one is enough: each makes us collect all that have ended
	signal.Notify(ended, unix.SIGCHLD)
	go r.run(ended)
	return r, nil
}

func (r *Reaper) run(ended <-chan os.Signal) {
	runtime.LockOSThread()
	r.collect() // what an exec in the past has left us
	for {
		select {
		case <-ended:
			r.collect()
		case do := <-r.work:
			do()
		}
	}
}

// do runs f on the reaper's goroutine and waits for it.
func (r *Reaper) do(f func()) {
	done := make(chan struct{})
	r.work <- func() { defer close(done); f() }
	<-done
}

// collect reaps everything that has ended: our own children, and strangers, whose exit nobody asks for.
func (r *Reaper) collect() {
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG|syscall.WUNTRACED, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case err != nil || pid <= 0:
			return
		}
		child := r.children[pid]
		if status.Stopped() {
			if child != nil {
				child.hasStopped()
			}
			continue
		}
		delete(r.children, pid)
		if child != nil {
			child.hasEnded(exitOf(status))
		}
	}
}

// Start starts a command. The error is a *StartError.
func (r *Reaper) Start(c Command) (*Child, error) { return r.start(c, false) }

// start gives the child the terminal on c.Stdin where foreground is set.
func (r *Reaper) start(c Command, foreground bool) (*Child, error) {
	defer c.release()
	path, failed := c.locate()
	if failed != nil {
		return nil, failed
	}
	var (
		child *Child
		err   error
	)
	r.do(func() { child, err = r.fork(path, c, foreground) })
	if err != nil {
		return nil, startError(c.Argv[0], err)
	}
	return child, nil
}

func (r *Reaper) fork(path string, c Command, foreground bool) (*Child, error) {
	stdin := r.null
	if c.Stdin != nil {
		stdin = c.Stdin
	}
	attributes := &syscall.ProcAttr{
		Dir:   c.Dir,
		Env:   c.environment(),
		Files: []uintptr{stdin.Fd(), 1, 2},
		Sys:   &syscall.SysProcAttr{Setsid: c.Session, Setpgid: !c.Session},
	}
	for _, file := range c.Files {
		attributes.Files = append(attributes.Files, file.Fd())
	}
	if c.Bound {
		attributes.Sys.Pdeathsig = syscall.SIGKILL
	}
	if foreground {
		attributes.Sys.Foreground, attributes.Sys.Ctty = true, int(stdin.Fd())
	}
	pid, err := syscall.ForkExec(path, c.Argv, attributes)
	runtime.KeepAlive(c) // a file that is collected is closed
	if err != nil {
		return nil, err
	}
	child := newChild(r, pid, c.Session, time.Now())
	r.children[pid] = child
	return child, nil
}
