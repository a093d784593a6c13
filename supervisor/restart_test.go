package supervisor

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

func TestTermWhileBackingOffLeavesAtOnceWith143(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		s := runStart(t, p, script{Restarts: 100, Database: "exit 1"})
		eventually(t, "several restarts", func() bool {
			state := s.state()
			return state.Phase == PhaseBackingOff && state.Database.Starts >= 2
		})
		s.signal(unix.SIGTERM)
		if code := s.wait(); code != 143 && code != 1 { // 1: it was just running
			t.Errorf("exit code %d, want 143", code)
		}
	})
}

func TestADatabaseThatKeepsDyingIsRestartedWithinThePolicyThenLeft(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		s := runStart(t, p, script{
			Restarts: 2, LastLines: []string{"the last words"},
			Prepare: "echo prepare >> $DIR/events", Database: "echo database >> $DIR/events; exit 3",
		})
		if code := s.wait(); code != 3 {
			t.Errorf("exit code %d, want 3", code)
		}
		want := []string{"prepare", "database", "prepare", "database", "prepare", "database", "serve-stopped"}
		if diff := cmp.Diff(want, s.lines("events")); diff != "" {
			t.Error(diff)
		}
		for _, text := range []string{`"restartsLeft":1`, `"restartsLeft":0`, "restarting it in 1s", "no restart is left (2 in 10m0s)"} {
			if !strings.Contains(s.read("stderr"), text) {
				t.Errorf("the log does not say %s", text)
			}
		}
		if n := strings.Count(s.read("stderr"), `"lastLines":["the last words"]`); n != 3 {
			t.Errorf("the last lines are in the log %d times, want 3", n)
		}
	})
}

func TestAHopelessDatabaseIsNotRestarted(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		s := runStart(t, p, script{Restarts: 5, Hopeless: "invalid setting", Database: "echo database >> $DIR/events; exit 1"})
		if code := s.wait(); code != 1 {
			t.Errorf("exit code %d, want 1", code)
		}
		if n := strings.Count(s.read("events"), "database"); n != 1 {
			t.Errorf("started %d times", n)
		}
		if !strings.Contains(s.read("stderr"), "no restart can help: invalid setting") {
			t.Error("the log does not say why")
		}
	})
}

func TestAServerThatOutlivesItsLauncherIsStoppedBeforeTheRestart(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		server := `(trap 'sleep 0.3; echo server-ends >> $DIR/events; exit 0' TERM; echo up >> $DIR/events; while :; do sleep 0.05; done) & wait`
		s := runStart(t, p, script{Restarts: 1, Prepare: "echo prepare >> $DIR/events", Database: server})
		s.kill(s.isRunning().Database.PID)
		want := []string{"prepare", "up", "server-ends", "prepare", "up"}
		eventually(t, "it runs again", func() bool { return len(s.lines("events")) >= len(want) })
		if diff := cmp.Diff(want, s.lines("events")); diff != "" {
			t.Error(diff)
		}
	})
}

func TestABlockedOrClosedOutputDoesNotStopSupervision(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		for name, closed := range map[string]bool{"blocked": false, "closed": true} {
			reader, writer, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			fill(t, writer)
			if closed {
				_ = reader.Close()
			}
			// The database itself must not write: a shell says "Terminated" of its sleep, and would wait for ever.
			quiet := "exec 2>/dev/null\n" + politeDatabase
			s := runStart(t, p, script{Restarts: 3, Database: quiet}, func(cmd *exec.Cmd) { cmd.Stdout, cmd.Stderr = writer, writer })
			serve := s.isRunning().Serve
			s.kill(serve.PID) // something to log
			eventually(t, "serve is back", func() bool { return s.state().Serve.Starts > serve.Starts })
			s.kill(s.state().Database.PID)
			eventually(t, "the database is back", func() bool { return strings.Count(s.read("events"), "up") == 2 })
			s.signal(unix.SIGTERM)
			if code := s.wait(); code != 7 {
				t.Errorf("%s: exit code %d, want 7", name, code)
			}
			_ = reader.Close()
			_ = writer.Close()
		}
	})
}

// fill writes until the pipe takes no more.
func fill(t *testing.T, pipe *os.File) {
	t.Helper()
	if err := pipe.SetWriteDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := pipe.Write(make([]byte, 4096)); err != nil {
			break
		}
	}
	if err := unix.SetNonblock(int(pipe.Fd()), false); err != nil {
		t.Fatal(err)
	}
}

func TestAKilledStartLeavesTheDatabaseAndTheNextStartRefuses(t *testing.T) {
	lock := filepath.Join(t.TempDir(), "lock")
	s := runStart(t, asSubreaper, script{LockAt: lock})
	database := s.isRunning().Database.PID
	if err := s.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	s.wait()
	s.says("serve-alone")
	if !s.exists(database) {
		t.Fatal("the database died with start")
	}
	next := runStart(t, asSubreaper, script{LockAt: lock})
	if code := next.wait(); code != 75 {
		t.Errorf("the next start left with %d", code)
	}
	if text := next.read("stderr"); !strings.Contains(text, fmt.Sprint(database)) {
		t.Errorf("it does not name process %d: %s", database, text)
	}
	if err := syscall.Kill(-database, unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the lock is free", func() bool {
		file, err := Lock(lock)
		return err == nil && file.Close() == nil
	})
}
