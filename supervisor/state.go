package supervisor

import (
	"time"

	"github.com/rs/zerolog"
)

// Phases of the whole, as State tells them.
const (
	PhasePreparing  = "preparing"   // prepare runs
	PhaseRunning    = "running"     // the database runs
	PhaseBackingOff = "backing-off" // waiting before prepare runs again
	PhaseDraining   = "draining"    // serve lets the clients go
	PhaseStopping   = "stopping"    // the database, or what is left of it, ends
	PhaseFlushing   = "flushing"    // serve finishes
)

// State is what PID 1 knows.
type State struct {
	Phase        string
	Since        time.Time // start of the phase
	Reason       string    // why this phase, for people; may be empty
	Serve        ChildState
	Prepare      ChildState
	Database     ChildState
	RestartsLeft int // of the database, at this moment
}

// ChildState is one child's past and present.
type ChildState struct {
	PID       int       // 0 while it does not run
	StartedAt time.Time // of the newest start
	Starts    int
	LastEnd   time.Time
	LastExit  string // "exit code 1", "killed by signal 9 (killed)", or why it could not be started
}

func (c *ChildState) hasStarted(p process, now time.Time) {
	c.PID, c.StartedAt, c.Starts = p.PID(), now, c.Starts+1
}

func (c *ChildState) hasEnded(how string, now time.Time) {
	c.PID, c.LastEnd, c.LastExit = 0, now, how
}

// observeBound is how long the last state may take to be observed before the container ends.
const observeBound = 100 * time.Millisecond

// observer hands states to a callback that may be slow, or stuck on a full disk: the newest wins, nobody waits.
type observer struct {
	newest chan State
	done   chan struct{}
}

func newObserver(observe func(State), log zerolog.Logger) *observer {
	o := &observer{newest: make(chan State, 1), done: make(chan struct{})}
	go func() {
		defer close(o.done)
		for state := range o.newest {
			if observe != nil {
				guarded(log, "observing the state", func() { observe(state) })
			}
		}
	}()
	return o
}

// tell is for one goroutine only: after the old state has been taken out there is room.
func (o *observer) tell(state State) {
	select {
	case <-o.newest:
	default:
	}
	o.newest <- state
}

func (o *observer) close() {
	close(o.newest)
	select {
	case <-o.done:
	case <-time.After(observeBound):
	}
}

// guarded runs a callback of main: a panic in it must not end PID 1, and with it the database.
func guarded(log zerolog.Logger, what string, callback func()) {
	defer func() {
		if cause := recover(); cause != nil {
			log.Error().Msgf("%s has panicked: %v", what, cause)
		}
	}()
	callback()
}
