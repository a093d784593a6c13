// Package supervisor is what PID 1 of a container needs to know about processes, and nothing else.
//
// [Lifecycle] is the whole life of a container with three children:
//
//	serve     first to start, last to stop; restarted whenever it ends
//	prepare   one-shot before each start of the database; its exit code decides
//	database  restarted in place a bounded number of times
//
// [Passthrough] runs any other command as PID 1 should. [Tool] runs a bounded helper program in processes that are not
// PID 1. [Lock] keeps a second PID 1 away, [LogWriter] keeps a blocked stdout away from PID 1.
package supervisor

import (
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/rs/zerolog"
)

// Lifecycle is the life of a container. Serve, Prepare and Database give a fresh command for each start and must not
// block; how they are grouped is decided here, not by them (Session and Bound are set for prepare).
type Lifecycle struct {
	Serve    func() (Command, error) // finds its end of the talk at TalkFD
	Prepare  func() (Command, error)
	Database func() (Command, error) // asked only after prepare ended with 0
	Words    Words
	Restarts RestartPolicy // of the database

	// StopTimeout is when the platform will kill us after it has told us to stop. Draining ends 5 s before.
	StopTimeout time.Duration

	// Hopeless is asked after the database has ended by itself: the reason why no restart can ever succeed, else "".
	// It may take seconds; beyond 10 s it is not waited for. May be nil.
	Hopeless func(Exit) string

	// LastLines are the last lines of the database's own log files. Bounded like Hopeless. May be nil.
	LastLines func() []string

	// Observe is told each change of state, on a goroutine of its own; when it is slow it gets the newest state only.
	// May be nil.
	Observe func(State)

	Log zerolog.Logger // should write to a LogWriter
}

// Run lives the life and returns the exit code of the container. It can be called once in a process, since it makes
// the Reaper.
func (l Lifecycle) Run() int {
	reaper, err := NewReaper()
	if err != nil {
		l.Log.Error().Msg(err.Error())
		return 1
	}
	return newLoop(l, starter{reaper}, listen()).run()
}

// process is a child as the loop sees it; *Child is one.
type process interface {
	PID() int
	Done() <-chan struct{}
	Exit() Exit
	Signal(syscall.Signal)
	SignalAll(syscall.Signal)
	SignalHandlers(syscall.Signal)
	Rest() []int
}

// talk is the loop's end of the conversation with serve; *line is one.
type talk interface {
	Say(word string) error
	Heard() <-chan string
	Close()
}

// launcher starts processes.
type launcher interface {
	start(Command) (process, error)
	startTalking(Command) (process, talk, error)
}

var (
	_ process  = (*Child)(nil)
	_ talk     = (*line)(nil)
	_ launcher = starter{}
)

// starter starts real processes.
type starter struct{ reaper *Reaper }

func (s starter) start(c Command) (process, error) {
	child, err := s.reaper.Start(c)
	if err != nil {
		return nil, err
	}
	return child, nil
}

// startTalking puts the other end of the talk before the command's own files.
func (s starter) startTalking(c Command) (process, talk, error) {
	ours, theirs, err := newLine()
	if err != nil {
		c.release()
		return nil, nil, err
	}
	defer func() { _ = theirs.Close() }()
	c.Files = append([]*os.File{theirs}, c.Files...)
	child, err := s.start(c)
	if err != nil {
		ours.Close()
		return nil, nil, err
	}
	return child, ours, nil
}

// fresh asks for a command; a panic in there is an error like any other.
func fresh(name string, ask func() (Command, error)) (c Command, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("cannot make the command of %s: %v", name, cause)
		}
	}()
	return ask()
}
