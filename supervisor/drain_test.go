package supervisor

import (
	"os"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

func TestTheBudgetsAddUp(t *testing.T) {
	for stop := 10 * time.Second; stop <= 10*time.Minute; stop += time.Second {
		b := newBudget(stop)
		if sum := b.Talk + b.Grace + b.Kill + b.Flush + b.Kill; sum != stop-5*time.Second {
			t.Errorf("%v: the parts add up to %v", stop, sum)
		}
		if min(b.Talk, b.Grace, b.Kill, b.Flush, b.Prepare) <= 0 || b.Prepare > b.Grace {
			t.Errorf("%v: %+v", stop, b)
		}
		if b.Grace < (stop-5*time.Second)/2 {
			t.Errorf("%v: only %v for the database", stop, b.Grace)
		}
	}
	for _, stop := range []time.Duration{-time.Hour, 0, 1, time.Second, 7 * time.Second} {
		if b := newBudget(stop); min(b.Talk, b.Grace, b.Kill, b.Flush, b.Prepare) <= 0 {
			t.Errorf("%v: %+v has a part without a bound", stop, b)
		}
	}
}

// Serve never answers, the database and serve ignore TERM and KILL.
func TestTheWorstDrainEndsFiveSecondsBeforeTheStopTimeout(t *testing.T) {
	for _, stop := range seconds(10, 11, 30, 60, 90, 120, 300, 600) {
		w := &world{starts: endsAtOnce("nothing", Exit{})}
		life(t, w, Lifecycle{StopTimeout: stop}, func() {
			w.the("serve").obeys, w.the("database").obeys = stubborn, stubborn
			begin := time.Now()
			w.signals.drain <- unix.SIGTERM
			code, _ := w.leaves()
			if took := time.Since(begin); took != stop-5*time.Second || code != 137 {
				t.Errorf("%v: left with %d after %v", stop, code, took)
			}
		})
	}
}

func TestTheWorstDrainOfPrepareIsBoundedToo(t *testing.T) {
	for _, stop := range seconds(10, 60, 120, 600) {
		w := &world{}
		life(t, w, Lifecycle{StopTimeout: stop}, func() {
			w.the("serve").obeys, w.the("prepare").obeys = stubborn, stubborn
			begin := time.Now()
			w.signals.drain <- unix.SIGTERM
			w.leaves()
			if took := time.Since(begin); took > stop-5*time.Second {
				t.Errorf("%v: left after %v", stop, took)
			}
		})
	}
}

func TestTheGraceUsesWhatTheTalkLeftOver(t *testing.T) {
	w := &world{starts: endsAtOnce("nothing", Exit{})}
	w.polite() // drained at once
	life(t, w, Lifecycle{StopTimeout: 2 * time.Minute}, func() {
		b := newBudget(2 * time.Minute)
		w.the("database").obeys = func(p *fakeProcess, s syscall.Signal) {
			if s == unix.SIGKILL {
				p.ends(Exit{Signal: s})
			}
		}
		begin := time.Now()
		w.signals.drain <- unix.SIGTERM
		w.leaves()
		if took := time.Since(begin); took != b.Talk+b.Grace {
			t.Errorf("killed after %v, want %v", took, b.Talk+b.Grace)
		}
	})
}

func TestServeStartedWhileDrainingHearsThatFirst(t *testing.T) {
	w := &world{starts: endsAtOnce("nothing", Exit{})}
	life(t, w, Lifecycle{}, func() {
		w.the("database").obeys = stubborn
		w.signals.drain <- unix.SIGTERM
		w.settle()
		w.the("serve").ends(Exit{Signal: unix.SIGKILL})
		w.settle()
		if diff := cmp.Diff([]syscall.Signal{unix.SIGTERM}, w.the("database").got); diff != "" {
			t.Errorf("the database did not get TERM when serve was gone: %s", diff)
		}
		w.pass(time.Second)
		w.the("database").ends(Exit{Code: 0})
		w.settle()
		if diff := cmp.Diff([]string{"drain", "stopped"}, w.talks[1].said); diff != "" {
			t.Error(diff)
		}
		w.the("serve").ends(Exit{})
		if code, _ := w.leaves(); code != 0 {
			t.Errorf("left with %d", code)
		}
	})
}

func TestADeafServeIsSkipped(t *testing.T) {
	w := &world{starts: endsAtOnce("nothing", Exit{})}
	life(t, w, Lifecycle{}, func() {
		w.talks[0].deaf = true
		w.signals.drain <- unix.SIGTERM
		if code, after := w.leaves(); code != 143 || after != 0 {
			t.Errorf("left with %d after %v", code, after)
		}
	})
}

func TestADatabaseThatDiesWhileClientsLeaveEndsTheDrain(t *testing.T) {
	w := &world{starts: endsAtOnce("nothing", Exit{}), answer: func(*fakeTalk, string) {}}
	life(t, w, Lifecycle{Restarts: RestartPolicy{Max: 3, Window: time.Hour}}, func() {
		w.signals.drain <- unix.SIGTERM
		w.settle()
		w.the("database").ends(Exit{Code: 9})
		w.settle()
		w.the("serve").ends(Exit{})
		if code, after := w.leaves(); code != 9 || after != 0 {
			t.Errorf("left with %d after %v", code, after)
		}
	})
}

func TestTheSecondSignalHurriesEachStep(t *testing.T) {
	w := &world{starts: endsAtOnce("nothing", Exit{})}
	life(t, w, Lifecycle{StopTimeout: 10 * time.Minute}, func() {
		database, serve := w.the("database"), w.the("serve")
		w.signals.drain <- unix.SIGTERM
		w.settle()
		w.signals.drain <- unix.SIGTERM
		w.settle()
		if diff := cmp.Diff([]syscall.Signal{unix.SIGKILL}, database.got); diff != "" {
			t.Errorf("database: %s", diff)
		}
		if !serve.alive() || w.state().Phase != PhaseFlushing {
			t.Errorf("serve may still flush, but: %+v", w.state())
		}
		w.signals.drain <- unix.SIGINT
		if code, after := w.leaves(); code != 137 || after != 0 {
			t.Errorf("left with %d after %v", code, after)
		}
	})
}

func TestAServesWishIsNoFirstSignal(t *testing.T) {
	w := &world{starts: endsAtOnce("nothing", Exit{})}
	life(t, w, Lifecycle{}, func() {
		w.the("database").obeys = stubborn
		w.talks[0].heard <- "drain spot notice"
		w.settle()
		w.talks[0].heard <- "drained"
		w.signals.drain <- unix.SIGTERM // the platform, two minutes later
		w.settle()
		if slices.Contains(w.the("database").got, unix.SIGKILL) {
			t.Error("the platform's only signal hurried")
		}
		w.the("database").ends(Exit{})
		w.settle()
		w.the("serve").ends(Exit{})
		if code, _ := w.leaves(); code != 0 {
			t.Errorf("left with %d", code)
		}
	})
}

func TestGivingUpLeavesNonZero(t *testing.T) {
	for exit, want := range map[Exit]int{{}: 1, {Code: 5}: 5, {Signal: unix.SIGTERM}: 143} {
		w := &world{starts: endsAtOnce("nothing", Exit{})}
		w.polite()
		life(t, w, Lifecycle{}, func() {
			w.the("database").obeys = func(p *fakeProcess, _ syscall.Signal) { p.ends(exit) }
			w.talks[0].heard <- "giveup stuck for 60 s"
			if code, _ := w.leaves(); code != want {
				t.Errorf("%v: left with %d, want %d", exit, code, want)
			}
			if w.state().Reason != "serve has given up: stuck for 60 s" {
				t.Errorf("reason %q", w.state().Reason)
			}
		})
	}
}

func TestASignalWhileThereIsNoDatabaseLeavesAtOnce(t *testing.T) {
	for signal, want := range map[os.Signal]int{unix.SIGTERM: 143, unix.SIGINT: 130} {
		w := &world{starts: endsAtOnce("nothing", Exit{})}
		w.polite()
		why := func(Exit) string {
			if signal == unix.SIGINT { // it comes while this is being found out, TERM while backing off
				<-time.After(5 * time.Second)
			}
			return ""
		}
		life(t, w, Lifecycle{Hopeless: why, Restarts: RestartPolicy{Max: 3, Window: time.Hour}}, func() {
			w.the("database").ends(Exit{Code: 1})
			w.settle()
			if phase := w.state().Phase; phase != PhaseBackingOff {
				t.Errorf("%v: phase %s", signal, phase)
			}
			w.signals.drain <- signal
			if code, after := w.leaves(); code != want || after != 0 {
				t.Errorf("%v: left with %d after %v", signal, code, after)
			}
			w.pass(5 * time.Second)
		})
	}
}
