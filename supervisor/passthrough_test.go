package supervisor

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

func runPassthrough(t *testing.T, p place, argv ...string) *program {
	t.Helper()
	return runRole(t, p, "passthrough", nil, argv...)
}

func TestEveryExitCodeIsPassedThrough(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		concurrently(256, func(code int) {
			if got := runPassthrough(t, p, "sh", "-c", fmt.Sprintf("exit %d", code)).wait(); got != code {
				t.Errorf("the command left with %d, we with %d", code, got)
			}
		})
	})
}

func TestACommandKilledBySignalNIsPassedThroughAs128PlusN(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		for n := syscall.Signal(1); n < 32; n++ {
			switch n {
			case unix.SIGCHLD, unix.SIGCONT, unix.SIGSTOP, unix.SIGTSTP, unix.SIGTTIN, unix.SIGTTOU, unix.SIGURG, unix.SIGWINCH:
				continue // do not kill
			}
			if got := runPassthrough(t, p, "sh", "-c", fmt.Sprintf("kill -%d $$", n)).wait(); got != 128+int(n) {
				t.Errorf("killed by %d: we left with %d", n, got)
			}
		}
	})
}

func TestACommandThatCannotBeExecutedIs126Or127AndStderrSaysWhy(t *testing.T) {
	plain := filepath.Join(t.TempDir(), "plain")
	if err := os.WriteFile(plain, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	everywhere(t, func(t *testing.T, p place) {
		for command, want := range map[string]int{plain: 126, plain + ".not": 127, "no-such-command": 127, "/": 126} {
			r := runPassthrough(t, p, command)
			if got := r.wait(); got != want {
				t.Errorf("%s: %d, want %d", command, got, want)
			}
			if text := r.read("stderr"); !strings.HasPrefix(text, "cannot run "+command) {
				t.Errorf("%s: stderr says %q", command, text)
			}
		}
	})
}

func TestStdinAndStdoutArePassedThrough(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		r := runRole(t, p, "passthrough", func(cmd *exec.Cmd) { cmd.Stdin = strings.NewReader("through\n") }, "cat")
		if code := r.wait(); code != 0 || r.read("stdout") != "through\n" {
			t.Errorf("exit code %d, %q", code, r.read("stdout"))
		}
	})
}

func TestExactlyTheForwardableSignalsReachTheGroup(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	everywhere(t, func(t *testing.T, p place) {
		// Two in one group: both must get them. Go's own URG is switched off in the listeners.
		listener := "env GODEBUG=asyncpreemptoff=1 " + roleVariable + "=listener " + self
		r := runPassthrough(t, p, "sh", "-c", listener+" first & exec "+listener+" second")
		eventually(t, "both listen", func() bool { return len(r.lines("events")) == 2 })
		var want []string
		for n := syscall.Signal(1); n < 32; n++ {
			switch n {
			case unix.SIGURG, unix.SIGCHLD, unix.SIGPROF, unix.SIGIO: // never, and do not kill us
				r.signal(n)
			case unix.SIGTERM, unix.SIGINT, unix.SIGHUP, unix.SIGQUIT, unix.SIGUSR1, unix.SIGUSR2, unix.SIGWINCH, unix.SIGCONT, unix.SIGTSTP:
				r.signal(n)
				want = append(want, fmt.Sprint(int(n)))
				eventually(t, n.String()+" arrives at both", func() bool {
					return len(r.lines("first")) == len(want) && len(r.lines("second")) == len(want)
				})
			}
		}
		for _, who := range []string{"first", "second"} {
			if diff := cmp.Diff(want, r.lines(who)); diff != "" {
				t.Errorf("%s: %s", who, diff)
			}
		}
	})
}

// playListener writes down every signal, until it is killed.
func playListener() int {
	signals := make(chan os.Signal, 100)
	signal.Notify(signals)
	write := func(name, line string) {
		file, err := os.OpenFile(filepath.Join(os.Getenv("DIR"), name), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
		if err == nil {
			_, _ = file.WriteString(line + "\n")
			_ = file.Close()
		}
	}
	write("events", "up")
	for received := range signals {
		number, _ := received.(syscall.Signal)
		write(os.Args[1], fmt.Sprint(int(number)))
	}
	return 0
}

func TestOrphansOfAPassedThroughCommandAreReaped(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		script := `for i in $(seq 100); do (sleep 0.01 &); done
until [ -z "$(ps --ppid $PPID -o pid= | grep -vw $$)" ]; do sleep 0.02; done; exit 9`
		if code := runPassthrough(t, p, "bash", "-c", script).wait(); code != 9 {
			t.Errorf("exit code %d", code)
		}
	})
}

func TestWithoutATerminalAStoppedCommandStaysStoppedUntilCont(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		r := runPassthrough(t, p, "bash", "-c", `echo $$ > $DIR/pid; echo up > $DIR/events; while :; do read -t 0.05 < <(:); [ -e $DIR/go ] && exit 3; done`)
		r.says("up")
		command := r.outside(number(strings.TrimSpace(r.read("pid"))))
		stopped := func() bool {
			text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", command))
			s, _ := parseStat(text)
			return s.state == 'T'
		}
		r.signal(unix.SIGTSTP)
		eventually(t, "it is stopped", stopped)
		create(t, r.dir, "go")
		if !stopped() || !r.runs() {
			t.Error("it went on by itself")
		}
		r.signal(unix.SIGCONT)
		if code := r.wait(); code != 3 {
			t.Errorf("exit code %d", code)
		}
	})
}
