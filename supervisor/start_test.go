package supervisor

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// concurrently runs f for 0 to n-1, four at a time.
func concurrently(n int, f func(int)) {
	var all sync.WaitGroup
	slots := make(chan struct{}, 4)
	for i := range n {
		slots <- struct{}{}
		all.Go(func() { defer func() { <-slots }(); f(i) })
	}
	all.Wait()
}

func TestEveryExitCodeOfTheDatabaseIsTheContainers(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		concurrently(256, func(code int) {
			got := runStart(t, p, script{Database: fmt.Sprintf("exit %d", code)}).wait()
			if want := max(code, 1); got != want { // 0 without having been asked to leave is a failure
				t.Errorf("database left with %d, start with %d", code, got)
			}
		})
	})
}

func TestADatabaseKilledBySignalNEndsWith128PlusN(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		for _, n := range []syscall.Signal{unix.SIGHUP, unix.SIGABRT, unix.SIGKILL, unix.SIGSEGV, unix.SIGTERM} {
			if got := runStart(t, p, script{Database: fmt.Sprintf("kill -%d $$", n)}).wait(); got != 128+int(n) {
				t.Errorf("killed by %d: start left with %d", n, got)
			}
		}
	})
}

func TestADatabaseThatCannotBeExecutedEndsWith126Or127AtOnce(t *testing.T) {
	plain := filepath.Join(t.TempDir(), "plain")
	if err := os.WriteFile(plain, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	everywhere(t, func(t *testing.T, p place) {
		for path, want := range map[string]int{plain: 126, plain + ".not": 127, "no-such-command": 127, "/": 126} {
			s := runStart(t, p, script{Exec: []string{path}, Restarts: 5})
			if got := s.wait(); got != want {
				t.Errorf("%s: start left with %d, want %d", path, got, want)
			}
			s.says("serve-stopped")
		}
	})
}

func TestTermLetsClientsGoThenStopsTheDatabaseThenServe(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		for _, signal := range []syscall.Signal{unix.SIGTERM, unix.SIGINT} {
			s := runStart(t, p, script{})
			s.isRunning()
			s.signal(signal)
			if code := s.wait(); code != 7 {
				t.Errorf("%v: exit code %d, want the database's 7", signal, code)
			}
			want := []string{"up", "serve-drain", "database-ends", "serve-stopped"}
			if diff := cmp.Diff(want, s.lines("events")); diff != "" {
				t.Errorf("%v: %s", signal, diff)
			}
		}
	})
}

func TestADatabaseThatDoesNotEndIsKilledAfterTheGrace(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		s := runStart(t, p, script{StopTimeout: 6 * time.Second, Database: `trap '' TERM; echo up >> $DIR/events; while :; do sleep 1; done`})
		s.isRunning()
		begin := time.Now()
		s.signal(unix.SIGTERM)
		if code := s.wait(); code != 137 {
			t.Errorf("exit code %d, want 137", code)
		}
		grace := newBudget(6 * time.Second).Grace
		if took := time.Since(begin); took < grace {
			t.Errorf("killed after %v, the grace is %v", took, grace)
		}
		if !strings.Contains(s.read("events"), "serve-stopped") {
			t.Error("serve was not told that the database has stopped")
		}
	})
}

func TestASecondSignalHurries(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		s := runStart(t, p, script{StopTimeout: 10 * time.Minute, Database: `trap 'echo term >> $DIR/events' TERM; echo up >> $DIR/events; while :; do sleep 0.1; done`})
		s.isRunning()
		s.signal(unix.SIGTERM)
		s.says("term")
		s.signal(unix.SIGINT)
		if code := s.wait(); code != 137 {
			t.Errorf("exit code %d, want 137", code)
		}
	})
}

func TestHupReloadsServeAndQuitAsksTheDatabaseForAThreadDump(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		// A shell without a handler for QUIT waits for a server with one, like a launcher.
		// (What a shell starts with & ignores QUIT.)
		database := `env --default-signal=QUIT sh -c "trap 'echo dump >> $DIR/events' QUIT; echo up >> $DIR/events; while :; do sleep 0.05; done" & trap 'exit 7' TERM; wait`
		s := runStart(t, p, script{Database: database})
		before := s.isRunning()
		s.signal(unix.SIGHUP)
		s.says("reloaded")
		s.signal(unix.SIGQUIT)
		s.says("dump")
		if after := s.state(); after.Database != before.Database || after.Serve.PID != before.Serve.PID {
			t.Errorf("a child has changed: %+v, %+v", before, after)
		}
		s.signal(unix.SIGTERM)
		if code := s.wait(); code != 7 {
			t.Errorf("exit code %d, want 7", code)
		}
	})
}

func TestNoOtherSignalEndsStartOrReachesItsChildren(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		database := `for n in 1 2 3 10 12; do trap "echo got-$n >> \$DIR/events" $n; done; ` + politeDatabase
		s := runStart(t, p, script{Database: database})
		before := s.isRunning()
		for n := syscall.Signal(1); n <= 64; n++ {
			switch n {
			case unix.SIGTERM, unix.SIGINT, unix.SIGQUIT, unix.SIGHUP, unix.SIGKILL, unix.SIGSTOP:
			case 32, 33, 34: // belong to C libraries: Go never takes them
			default:
				s.signal(n)
			}
		}
		s.signal(unix.SIGTERM)
		if code := s.wait(); code != 7 {
			t.Errorf("exit code %d, want 7", code)
		}
		if events := s.read("events"); strings.Contains(events, "got-") {
			t.Errorf("the database got signals: %s", events)
		}
		if after := s.state(); after.Database.Starts != before.Database.Starts {
			t.Error("the database was started again")
		}
	})
}

func TestServeKilledAtAnyMomentIsBackWithin2SecondsAndTheDatabaseStays(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		s := runStart(t, p, script{Prepare: "while [ ! -e $DIR/go ]; do sleep 0.02; done"})
		killServe := func() {
			serve := s.state().Serve
			s.kill(serve.PID)
			within(t, 2*time.Second, "serve is back", func() bool {
				now := s.state().Serve
				return now.PID != 0 && now.Starts > serve.Starts
			})
		}
		eventually(t, "prepare runs", func() bool { return s.state().Prepare.PID != 0 })
		killServe()
		create(t, s.dir, "go")
		database := s.isRunning().Database
		for range rounds(7, 200) {
			killServe()
		}
		if now := s.state().Database; now != database || !s.exists(database.PID) {
			t.Errorf("the database was %+v, is %+v", database, now)
		}
		s.signal(unix.SIGTERM)
		if code := s.wait(); code != 7 {
			t.Errorf("exit code %d, want 7", code)
		}
	})
}

func TestServeKilledWhileDrainingDoesNotHoldTheDatabaseUp(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		s := runStart(t, p, script{StopTimeout: 10 * time.Minute, Serve: `read word <&3; echo heard >> $DIR/events; sleep 300`})
		serve := s.isRunning().Serve
		s.signal(unix.SIGTERM)
		s.says("heard")
		s.kill(serve.PID)
		s.says("database-ends")
	})
}

func TestAServeThatHangsDoesNotHoldTheContainerUp(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		s := runStart(t, p, script{StopTimeout: 6 * time.Second})
		serve := s.isRunning().Serve
		if err := syscall.Kill(s.outside(serve.PID), unix.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		s.signal(unix.SIGTERM)
		if code := s.wait(); code != 7 {
			t.Errorf("exit code %d, want 7", code)
		}
	})
}

func TestServeMayAskToDrainAndMayGiveUp(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		asks := `while [ ! -e $DIR/ask ]; do sleep 0.02; done; cat $DIR/ask >&3; ` + politeServe
		for word, want := range map[string]int{"drain spot notice": 0, "giveup joined nobody for 60 s": 1} {
			s := runStart(t, p, script{Serve: asks, Database: strings.Replace(politeDatabase, "exit 7", "exit 0", 1)})
			s.isRunning()
			if err := os.WriteFile(filepath.Join(s.dir, "asking"), []byte(word+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Rename(filepath.Join(s.dir, "asking"), filepath.Join(s.dir, "ask")); err != nil {
				t.Fatal(err)
			}
			if code := s.wait(); code != want {
				t.Errorf("%s: exit code %d, want %d", word, code, want)
			}
			events := []string{"up", "serve-drain", "database-ends", "serve-stopped"}
			if diff := cmp.Diff(events, s.lines("events")); diff != "" {
				t.Errorf("%s: %s", word, diff)
			}
			_, reason, _ := strings.Cut(word, " ")
			if !strings.Contains(s.read("stderr"), reason) {
				t.Errorf("the log does not say %q", reason)
			}
		}
	})
}
