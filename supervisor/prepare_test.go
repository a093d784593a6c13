package supervisor

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// slowPrepare is killed in its first round, with a tool in a group of its own, a tool that ignores TERM, and one that
// keeps forking.
const slowPrepare = `exec bash -c '
ps -C sleep -o pid=,args= | grep "sleep 29[0-9]" > $DIR/seen-$$
[ -e $DIR/again ] && exit 0
touch $DIR/again
set -m
sleep 291 &
(trap "" TERM; sleep 292) &
(while :; do sleep 293 & sleep 0.01; kill $!; done) 2>/dev/null &
echo busy >> $DIR/events
wait'`

// preparing waits for the process that prepares: what it does may be seen before the state file that names it.
func (s *program) preparing() (pid int) {
	s.t.Helper()
	eventually(s.t, "prepare is in the state file", func() bool { pid = s.state().Prepare.PID; return pid != 0 })
	return pid
}

func TestPrepareKilledLeavesNothingOfItsSessionAndIsRunAgain(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		for range rounds(2, 50) {
			s := runStart(t, p, script{Prepare: slowPrepare})
			s.says("busy")
			s.kill(s.preparing())
			state := s.isRunning()
			if state.Prepare.Starts != 2 || !strings.Contains(state.Prepare.LastExit, "exit code 0") {
				t.Errorf("prepare: %+v", state.Prepare)
			}
			seen, _ := filepath.Glob(filepath.Join(s.dir, "seen-*"))
			if len(seen) != 2 {
				t.Errorf("prepare ran %d times", len(seen))
			}
			for _, file := range seen {
				if text := s.read(filepath.Base(file)); strings.Contains(text, "sleep") && p == asInit {
					t.Errorf("left of the first prepare: %s", text)
				}
			}
			for _, pid := range s.descendants() {
				if line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)); strings.Contains(string(line), "sleep\x0029") {
					t.Errorf("survived: %q", line)
				}
			}
		}
	})
}

func TestPrepareThatEndsWellLeavesNothingOfItsSession(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		s := runStart(t, p, script{Prepare: `exec bash -c 'set -m; (trap "" TERM; sleep 294) & echo $! > $DIR/left'`})
		s.isRunning()
		if pid := number(strings.TrimSpace(s.read("left"))); s.exists(pid) {
			t.Errorf("process %d of prepare still runs", pid)
		}
	})
}

func TestTheExitCodeOfPrepareDecides(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		for _, code := range []int{1, 65, 69, 74, 75, 77, 78} {
			s := runStart(t, p, script{Prepare: fmt.Sprintf("echo prepare >> $DIR/events; exit %d", code)})
			if got := s.wait(); got != code {
				t.Errorf("prepare left with %d, start with %d", code, got)
			}
			if diff := cmp.Diff([]string{"prepare", "serve-stopped"}, s.lines("events")); diff != "" {
				t.Errorf("%d: %s", code, diff)
			}
		}
	})
}

func TestAPanicOfPrepareIsTriedAgain(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		s := runStart(t, p, script{Prepare: `[ -e $DIR/again ] && exit 0; touch $DIR/again; exit 2`})
		if state := s.isRunning(); state.Prepare.Starts != 2 {
			t.Errorf("prepare: %+v", state.Prepare)
		}
	})
}

func TestTermWhilePrepareRunsEndsItsSessionAndLeavesWith143(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		s := runStart(t, p, script{StopTimeout: 6 * time.Second, Prepare: `exec bash -c 'set -m; (trap "" TERM; sleep 295) & echo $! > $DIR/tool; echo busy >> $DIR/events; wait'`})
		s.says("busy")
		tool := s.outside(number(strings.TrimSpace(s.read("tool"))))
		s.signal(unix.SIGTERM)
		if code := s.wait(); code != 143 {
			t.Errorf("exit code %d, want 143", code)
		}
		if slices.Contains(processes(func(s stat) bool { return s.pid == tool }), tool) {
			t.Error("the tool of prepare still runs")
		}
	})
}

func TestPrepareDiesWithAKilledStart(t *testing.T) {
	s := runStart(t, asSubreaper, script{Prepare: "echo busy >> $DIR/events; exec sleep 296"})
	s.says("busy")
	prepare := s.preparing()
	if err := s.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "prepare is dead", func() bool { return !s.exists(prepare) })
}
