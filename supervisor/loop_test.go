package supervisor

import (
	"errors"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

func seconds(n ...int) []time.Duration {
	var all []time.Duration
	for _, s := range n {
		all = append(all, time.Duration(s)*time.Second)
	}
	return all
}

// endsAtOnce makes processes of one name end as soon as they are started; prepare ends well.
func endsAtOnce(name string, exit Exit) func(*fakeProcess) error {
	return func(p *fakeProcess) error {
		switch p.name {
		case name:
			p.ends(exit)
		case "prepare":
			p.ends(Exit{})
		}
		return nil
	}
}

func TestRestartsBackOffAndEndWithThePolicy(t *testing.T) {
	for exit, want := range map[Exit]int{{Code: 3}: 3, {}: 1, {Signal: unix.SIGKILL}: 137} {
		w := &world{starts: endsAtOnce("database", exit)}
		w.polite()
		life(t, w, Lifecycle{Restarts: RestartPolicy{Max: 3, Window: 10 * time.Minute}}, func() {
			code, _ := w.leaves()
			if code != want {
				t.Errorf("%v: left with %d, want %d", exit, code, want)
			}
			if diff := cmp.Diff(seconds(0, 1, 3, 7), w.starting("database")); diff != "" {
				t.Errorf("%v: starts of the database: %s", exit, diff)
			}
			if diff := cmp.Diff(seconds(0, 1, 3, 7), w.starting("prepare")); diff != "" {
				t.Errorf("%v: starts of prepare: %s", exit, diff)
			}
		})
	}
}

func TestRestartsOutsideTheWindowAreForgotten(t *testing.T) {
	w := &world{starts: endsAtOnce("nothing", Exit{})}
	w.polite()
	life(t, w, Lifecycle{Restarts: RestartPolicy{Max: 2, Window: 10 * time.Minute}}, func() {
		for range 50 {
			w.pass(6 * time.Minute)
			w.the("database").ends(Exit{Code: 1})
			w.pass(2 * time.Second) // the second one within the window waits for 2 s
		}
		if n := len(w.all("database")); n != 51 {
			t.Errorf("started %d times, want 51", n)
		}
		if left := w.state().RestartsLeft; left != 0 {
			t.Errorf("%d restarts are left, want 0: two in the last 10 minutes", left)
		}
		w.signals.drain <- unix.SIGTERM
		if code, _ := w.leaves(); code != 143 {
			t.Errorf("left with %d", code)
		}
	})
}

func TestCrashesOfPrepareAreTriedAgainABoundedNumberOfTimes(t *testing.T) {
	for exit, want := range map[Exit]int{{Signal: unix.SIGKILL}: 137, {Code: panicked}: panicked} {
		w := &world{starts: endsAtOnce("prepare", exit)}
		w.polite()
		life(t, w, Lifecycle{}, func() {
			if code, _ := w.leaves(); code != want {
				t.Errorf("%v: left with %d, want %d", exit, code, want)
			}
			if diff := cmp.Diff(seconds(0, 1, 3, 7, 15), w.starting("prepare")); diff != "" {
				t.Errorf("%v: %s", exit, diff)
			}
			if len(w.all("database")) != 0 {
				t.Error("the database was started")
			}
		})
	}
}

func TestServeThatKeepsLeavingIsRestartedMoreAndMoreSlowly(t *testing.T) {
	most := map[Exit]time.Duration{{Code: 1}: 10 * time.Second, {Signal: unix.SIGKILL}: time.Second}
	for exit, most := range most {
		w := &world{starts: endsAtOnce("serve", exit)}
		life(t, w, Lifecycle{}, func() {
			w.pass(10 * time.Minute)
			starts := w.starting("serve")
			if first := starts[1] - starts[0]; first != 100*time.Millisecond {
				t.Errorf("%v: first delay %v", exit, first)
			}
			for i := 2; i < len(starts); i++ {
				if delay, before := starts[i]-starts[i-1], starts[i-1]-starts[i-2]; delay != min(2*before, most) {
					t.Errorf("%v: delay %v after %v", exit, delay, before)
				}
			}
			if last := starts[len(starts)-1] - starts[len(starts)-2]; last != most {
				t.Errorf("%v: delay at the end %v", exit, last)
			}
			if n := len(w.all("database")); n != 1 {
				t.Errorf("%v: the database was started %d times", exit, n)
			}
			w.signals.drain <- unix.SIGTERM
			w.leaves()
		})
	}
}

func TestServeThatWasStableIsBackAtOnce(t *testing.T) {
	w := &world{}
	w.polite()
	life(t, w, Lifecycle{}, func() {
		for range 20 {
			w.pass(serveStableAfter)
			w.the("serve").ends(Exit{Code: 1})
			w.pass(100 * time.Millisecond)
			if !w.the("serve").alive() {
				t.Fatal("serve is not back after 100 ms")
			}
		}
		w.signals.drain <- unix.SIGTERM
		w.leaves()
	})
}

func TestALateServeThatCannotBeStartedDoesNotHoldAnythingUp(t *testing.T) {
	w := &world{starts: endsAtOnce("nothing", Exit{})}
	serve := func() (Command, error) {
		if time.Since(w.begin) < time.Minute {
			panic("no secrets")
		}
		return Command{Name: "serve"}, nil
	}
	w.polite()
	life(t, w, Lifecycle{Serve: serve}, func() {
		if w.the("database").at != 0 {
			t.Error("the database waited for serve")
		}
		w.pass(time.Minute + serveMostDelay)
		if !w.the("serve").alive() {
			t.Error("serve was not tried again")
		}
		w.signals.drain <- unix.SIGTERM
		w.leaves()
	})
}

func TestPrepareIsASessionThatDiesWithUsAndTheDatabaseIsNot(t *testing.T) {
	w := &world{starts: endsAtOnce("nothing", Exit{})}
	w.polite()
	released := 0
	command := func(name string) func() (Command, error) {
		return func() (Command, error) {
			return Command{Name: name, Session: true, Bound: true, Release: func() { released++ }}, nil
		}
	}
	life(t, w, Lifecycle{Serve: command("serve"), Prepare: command("prepare"), Database: command("database")}, func() {
		for name, want := range map[string]bool{"prepare": true, "database": false} {
			if c := w.the(name).command; c.Session != want || c.Bound != want {
				t.Errorf("%s: session %v, bound %v", name, c.Session, c.Bound)
			}
		}
		if released != 3 {
			t.Errorf("released %d commands of 3", released)
		}
		w.signals.drain <- unix.SIGTERM
		w.leaves()
	})
}

func TestWhatPrepareLeavesBehindIsKilledBeforeTheDatabaseStarts(t *testing.T) {
	w := &world{}
	w.polite()
	life(t, w, Lifecycle{}, func() {
		prepare := w.the("prepare")
		prepare.left, prepare.obeys = []int{7, 8}, func(p *fakeProcess, _ syscall.Signal) {
			if len(p.got) > 3 { // one forks faster than we kill, for a while
				p.left = nil
			}
		}
		w.prepared()
		if len(w.all("database")) != 0 {
			t.Error("the database was started beside processes of prepare")
		}
		w.pass(time.Second)
		if !w.the("database").alive() || slices.Contains(prepare.got, unix.SIGTERM) {
			t.Errorf("prepare got %v", prepare.got)
		}
		w.signals.drain <- unix.SIGTERM
		w.leaves()
	})
}

func TestNothingIsStartedBesideAProcessThatCannotBeKilled(t *testing.T) {
	w := &world{}
	w.polite()
	life(t, w, Lifecycle{}, func() {
		prepare := w.the("prepare")
		prepare.left, prepare.obeys = []int{7}, stubborn
		prepare.ends(Exit{Signal: unix.SIGKILL})
		code, after := w.leaves()
		if code != 137 || after != stuckAfter {
			t.Errorf("left with %d after %v", code, after)
		}
		if len(w.all("prepare")) != 1 || len(w.all("database")) != 0 {
			t.Error("something was started")
		}
	})
}

func TestADatabaseThatCannotBeStartedForAMomentIsTriedAgain(t *testing.T) {
	w := &world{}
	w.polite()
	w.starts = func(p *fakeProcess) error {
		if p.name == "prepare" {
			p.ends(Exit{})
		}
		if p.name == "database" && len(w.all("database")) == 1 {
			return startError("neo4j", unix.EAGAIN)
		}
		return nil
	}
	life(t, w, Lifecycle{Restarts: RestartPolicy{Max: 1, Window: time.Hour}}, func() {
		w.pass(time.Second)
		if !w.the("database").alive() || w.state().RestartsLeft != 0 {
			t.Errorf("%+v", w.state())
		}
		w.signals.drain <- unix.SIGTERM
		w.leaves()
	})
}

func TestADatabaseOfWhichPrepareDidNotSayHowEndsWith1(t *testing.T) {
	w := &world{starts: endsAtOnce("nothing", Exit{})}
	w.polite()
	fails := func() (Command, error) { return Command{}, errors.New("cannot launch neo4j") }
	life(t, w, Lifecycle{Database: fails, Restarts: RestartPolicy{Max: 3, Window: time.Hour}}, func() {
		if code, after := w.leaves(); code != 1 || after != 0 {
			t.Errorf("left with %d after %v", code, after)
		}
	})
}

func TestTheReasonOfADeathIsNotWaitedForLong(t *testing.T) {
	w := &world{starts: endsAtOnce("nothing", Exit{})}
	w.polite()
	slow := func(Exit) string { <-time.After(time.Hour); return "too late" }
	life(t, w, Lifecycle{Hopeless: slow, Restarts: RestartPolicy{Max: 1, Window: time.Hour}}, func() {
		w.the("database").ends(Exit{Code: 1})
		w.pass(assessBound + time.Second)
		if len(w.all("database")) != 2 {
			t.Error("the database was not restarted")
		}
		w.pass(2 * time.Hour) // the late answer is about the past
		if !w.the("database").alive() || w.state().Phase != PhaseRunning {
			t.Errorf("%+v", w.state())
		}
		w.signals.drain <- unix.SIGTERM
		w.leaves()
	})
}

func TestAPanicOfACallbackIsNotOurs(t *testing.T) {
	w := &world{starts: endsAtOnce("nothing", Exit{})}
	w.polite()
	life(t, w, Lifecycle{
		Observe:   func(State) { panic("disk full") },
		LastLines: func() []string { panic("no log") },
		Restarts:  RestartPolicy{Max: 1, Window: time.Hour},
	}, func() {
		w.the("database").ends(Exit{Code: 1})
		w.pass(time.Second)
		if !w.the("database").alive() {
			t.Error("the database was not restarted")
		}
		w.signals.drain <- unix.SIGTERM
		w.leaves()
	})
}

func TestASlowObserverHoldsNothingUpAndGetsTheNewestState(t *testing.T) {
	w := &world{starts: endsAtOnce("nothing", Exit{})}
	w.polite()
	var seen []State
	slow := func(s State) {
		<-time.After(time.Minute)
		w.turn.Lock()
		defer w.turn.Unlock()
		seen = append(seen, s)
	}
	life(t, w, Lifecycle{Observe: slow, Restarts: RestartPolicy{Max: 10, Window: time.Hour}}, func() {
		for range 4 {
			w.pass(8 * time.Second) // 1 s, 2 s, 4 s, 8 s
			w.the("database").ends(Exit{Code: 1})
		}
		w.pass(3 * time.Minute)
		if last := seen[len(seen)-1]; last.Database.Starts != 5 || last.Phase != PhaseRunning {
			t.Errorf("the observer knows %+v", last)
		}
		if len(seen) > 5 {
			t.Errorf("a queue of %d states", len(seen))
		}
		begin := time.Now()
		w.signals.drain <- unix.SIGTERM
		w.leaves()
		if took := time.Since(begin); took > observeBound {
			t.Errorf("the observer held the end up for %v", took)
		}
		w.pass(5 * time.Minute)
	})
}

func TestStatesTellThePast(t *testing.T) {
	w := &world{}
	w.polite()
	life(t, w, Lifecycle{Restarts: RestartPolicy{Max: 3, Window: time.Hour}}, func() {
		begin := w.begin
		w.pass(time.Second)
		w.prepared()
		w.pass(time.Second)
		w.the("database").ends(Exit{Signal: unix.SIGSEGV})
		w.settle()
		want := State{
			Phase: PhaseBackingOff, Since: begin.Add(2 * time.Second), RestartsLeft: 2,
			Reason:   "the database has ended: killed by signal 11 (segmentation fault)",
			Serve:    ChildState{PID: 100, StartedAt: begin, Starts: 1},
			Prepare:  ChildState{StartedAt: begin, Starts: 1, LastEnd: begin.Add(time.Second), LastExit: "exit code 0"},
			Database: ChildState{StartedAt: begin.Add(time.Second), Starts: 1, LastEnd: begin.Add(2 * time.Second), LastExit: "killed by signal 11 (segmentation fault)"},
		}
		if diff := cmp.Diff(want, w.state()); diff != "" {
			t.Error(diff)
		}
		w.signals.drain <- unix.SIGTERM
		w.leaves()
	})
}
