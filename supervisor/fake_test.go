package supervisor

import (
	"errors"
	"os"
	"slices"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sys/unix"
)

// fakeProcess is a process without a system: it ends when a test says so, or as obeys says. Real ones are tested too,
// but not for hours.
type fakeProcess struct {
	name    string
	pid     int
	at      time.Duration // start, from the start of the life
	done    chan struct{}
	exit    Exit
	left    []int // other processes of its group or session
	got     []syscall.Signal
	obeys   func(*fakeProcess, syscall.Signal) // nil: ends like any process
	command Command
	world   *world
}

var _ process = (*fakeProcess)(nil)

func (p *fakeProcess) PID() int              { return p.pid }
func (p *fakeProcess) Done() <-chan struct{} { return p.done }

func (p *fakeProcess) Exit() Exit {
	if p.alive() {
		panic("the exit of a process that runs has been asked for")
	}
	return p.exit
}

func (p *fakeProcess) alive() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

func (p *fakeProcess) ends(exit Exit) {
	p.exit = exit
	close(p.done)
}

func (p *fakeProcess) Rest() []int {
	p.world.turn.Lock()
	defer p.world.turn.Unlock()
	if p.alive() {
		return append([]int{p.pid}, p.left...)
	}
	return p.left
}

func (p *fakeProcess) Signal(s syscall.Signal)         { p.receive(s) }
func (p *fakeProcess) SignalHandlers(s syscall.Signal) { p.receive(s) }

func (p *fakeProcess) SignalAll(s syscall.Signal) {
	p.receive(s)
	p.world.turn.Lock()
	defer p.world.turn.Unlock()
	if s == unix.SIGKILL && p.obeys == nil {
		p.left = nil
	}
}

func (p *fakeProcess) receive(s syscall.Signal) {
	p.world.turn.Lock()
	defer p.world.turn.Unlock()
	p.got = append(p.got, s)
	switch {
	case p.obeys != nil:
		p.obeys(p, s)
	case p.alive():
		p.ends(Exit{Signal: s})
	}
}

// stubborn ignores everything, KILL too, as a process that hangs in a disk.
func stubborn(*fakeProcess, syscall.Signal) {}

type fakeTalk struct {
	heard  chan string
	said   []string
	deaf   bool
	answer func(*fakeTalk, string)
	closed bool
	world  *world
}

var _ talk = (*fakeTalk)(nil)

func (f *fakeTalk) Heard() <-chan string { return f.heard }

func (f *fakeTalk) Close() {
	f.world.turn.Lock()
	defer f.world.turn.Unlock()
	if f.closed {
		panic("closed twice")
	}
	f.closed = true
}

func (f *fakeTalk) Say(word string) error {
	f.world.turn.Lock()
	defer f.world.turn.Unlock()
	if f.deaf || f.closed {
		return errors.New("cannot say " + word)
	}
	f.said = append(f.said, word)
	if f.answer != nil {
		f.answer(f, word)
	}
	return nil
}

// world starts fake processes and keeps them all. The test has the turn while it looks and acts, the loop while the
// test waits.
type world struct {
	turn      sync.Mutex
	t         *testing.T
	begin     time.Time
	processes []*fakeProcess
	talks     []*fakeTalk
	starts    func(*fakeProcess) error // what becomes of a process that is started
	answer    func(*fakeTalk, string)
	signals   signals
	states    []State
	code      chan int
}

var _ launcher = (*world)(nil)

func (w *world) start(c Command) (process, error) {
	w.turn.Lock()
	defer w.turn.Unlock()
	defer c.release()
	p := &fakeProcess{name: c.Name, pid: 100 + len(w.processes), at: time.Since(w.begin), done: make(chan struct{}), command: c, world: w}
	w.processes = append(w.processes, p)
	if w.starts != nil {
		if err := w.starts(p); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (w *world) startTalking(c Command) (process, talk, error) {
	p, err := w.start(c)
	if err != nil {
		return nil, nil, err
	}
	w.turn.Lock()
	defer w.turn.Unlock()
	f := &fakeTalk{heard: make(chan string, 1), answer: w.answer, world: w}
	w.talks = append(w.talks, f)
	return p, f, nil
}

// life plays a lifecycle in a bubble of fake time.
func life(t *testing.T, w *world, l Lifecycle, play func()) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w.t, w.begin, w.code = t, time.Now(), make(chan int, 1)
		w.signals = signals{make(chan os.Signal, 2), make(chan os.Signal, 1), make(chan os.Signal, 1)}
		named := func(name string) func() (Command, error) {
			return func() (Command, error) { return Command{Name: name}, nil }
		}
		for ask, name := range map[*func() (Command, error)]string{&l.Serve: "serve", &l.Prepare: "prepare", &l.Database: "database"} {
			if *ask == nil {
				*ask = named(name)
			}
		}
		l.Words = Words{Drain: "drain", Drained: "drained", Stopped: "stopped", GiveUp: "giveup"}
		if l.StopTimeout == 0 {
			l.StopTimeout = 2 * time.Minute
		}
		if l.Observe == nil {
			l.Observe = func(s State) {
				w.turn.Lock()
				defer w.turn.Unlock()
				w.states = append(w.states, s)
			}
		}
		l.Log = zerolog.New(zerolog.NewTestWriter(t))
		go func() { w.code <- newLoop(l, w, w.signals).run() }()
		w.turn.Lock()
		w.settle()
		play()
		w.turn.Unlock()
	})
}

// settle lets the loop go on until nothing moves any more.
func (w *world) settle() {
	w.turn.Unlock()
	synctest.Wait()
	w.turn.Lock()
}

// pass lets time go by.
func (w *world) pass(d time.Duration) {
	w.turn.Unlock()
	<-time.After(d)
	synctest.Wait()
	w.turn.Lock()
}

// all are the processes of a name, in the order of their starts.
func (w *world) all(name string) []*fakeProcess {
	return slices.DeleteFunc(slices.Clone(w.processes), func(p *fakeProcess) bool { return p.name != name })
}

// the newest process of a name.
func (w *world) the(name string) *fakeProcess {
	all := w.all(name)
	if len(all) == 0 {
		w.t.Fatalf("%s was never started", name)
	}
	return all[len(all)-1]
}

func (w *world) state() State { return w.states[len(w.states)-1] }

// prepared lets prepare end well.
func (w *world) prepared() {
	w.the("prepare").ends(Exit{})
	w.settle()
}

// leaves waits for the exit code and says when it came.
func (w *world) leaves() (int, time.Duration) {
	w.turn.Unlock()
	defer w.turn.Lock()
	select {
	case code := <-w.code:
		return code, time.Since(w.begin)
	case <-time.After(24 * time.Hour):
		w.t.Fatal("it does not end")
		return 0, 0
	}
}

func (w *world) starting(name string) []time.Duration {
	var at []time.Duration
	for _, p := range w.all(name) {
		at = append(at, p.at)
	}
	return at
}

// polite is a serve that answers and, through its process, leaves when told.
func (w *world) polite() {
	w.answer = func(f *fakeTalk, word string) {
		switch word {
		case "drain":
			f.heard <- "drained"
		case "stopped":
			if serve := w.the("serve"); serve.alive() {
				serve.ends(Exit{})
			}
		}
	}
}
