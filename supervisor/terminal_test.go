package supervisor

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"
)

// console is a program on a terminal of its own, of whose session it is the leader, as a container with a terminal is.
type console struct {
	*program
	keyboard *os.File
	mu       sync.Mutex
	screen   strings.Builder
	seen     int // how much of the screen shows has looked at
}

// onTerminal starts argv on a terminal; the role passthrough comes before it where through is set.
func onTerminal(t *testing.T, p place, through bool, argv ...string) *console {
	t.Helper()
	dir := t.TempDir()
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Env = append(realEnvironment(), "PS1=ready> ", "DIR="+dir)
	if through {
		cmd = exec.Command("/proc/self/exe", argv...)
		cmd.Env = append(realEnvironment(), "PS1=ready> ", "DIR="+dir, roleVariable+"=passthrough")
	}
	cmd.SysProcAttr = p.attributes()
	cmd.SysProcAttr.Setpgid = false
	keyboard, err := pty.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	c := &console{program: &program{t: t, dir: dir, place: p, cmd: cmd, done: make(chan struct{})}, keyboard: keyboard}
	go c.watch()
	go func() {
		defer close(c.done)
		_ = cmd.Wait()
		c.code = cmd.ProcessState.ExitCode()
	}()
	t.Cleanup(func() {
		c.end()
		_ = keyboard.Close()
		if t.Failed() {
			t.Logf("screen:\n%s", c.text())
		}
	})
	return c
}

func (c *console) watch() {
	text := make([]byte, 4096)
	for {
		n, err := c.keyboard.Read(text)
		c.mu.Lock()
		c.screen.Write(text[:n])
		c.mu.Unlock()
		if err != nil {
			return
		}
	}
}

func (c *console) text() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.screen.String()
}

func (c *console) types(text string) {
	c.t.Helper()
	if _, err := c.keyboard.WriteString(text); err != nil {
		c.t.Fatal(err)
	}
}

// shows waits for a text after what was shown before.
func (c *console) shows(text string) {
	c.t.Helper()
	eventually(c.t, fmt.Sprintf("the screen shows %q", text), func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		at := strings.Index(c.screen.String()[c.seen:], text)
		if at >= 0 {
			c.seen += at + len(text)
		}
		return at >= 0
	})
}

const (
	ctrlC = "\x03"
	ctrlD = "\x04"
	ctrlZ = "\x1a"
)

func TestAnInteractiveShellHasJobControl(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		c := onTerminal(t, p, true, "env", "PS1=ready> ", "bash", "--norc", "-i")
		c.shows("ready> ")
		c.types("echo up; sleep 297\n")
		c.shows("\nup")
		eventually(t, "sleep is in the foreground", func() bool { return foregroundOf(c).name == "sleep" })
		c.types(ctrlZ)
		c.shows("Stopped")
		c.shows("ready> ")
		c.types("fg\n")
		c.shows("sleep 297\r\n")
		eventually(t, "sleep is in the foreground again", func() bool { return foregroundOf(c).name == "sleep" })
		c.types(ctrlC)
		c.shows("ready> ")
		c.types("exit 5\n")
		if code := c.wait(); code != 5 {
			t.Errorf("exit code %d", code)
		}
		if text := c.text(); strings.Contains(text, "no job control") || strings.Contains(text, "cannot set terminal") {
			t.Errorf("bash complains: %s", text)
		}
	})
}

// foreground is the process that leads the foreground group of a console.
type foreground struct {
	pid  int
	name string
}

func foregroundOf(c *console) foreground {
	terminal := &terminal{fd: int(c.keyboard.Fd())} // asking the keyboard's side works without being in the session
	group, err := terminal.owner()
	if err != nil {
		return foreground{}
	}
	name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", group))
	return foreground{group, strings.TrimSpace(string(name))}
}

func TestWhereNobodyCouldContinueUsCtrlZIsAsIfNotPressed(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		c := onTerminal(t, p, true, "sh", "-c", `trap 'echo continued' CONT; echo up; while ! read x; do :; done; echo got-$x; exit 4`)
		c.shows("up")
		c.types(ctrlZ)
		c.shows("continued")
		c.types("hello\n")
		c.shows("got-hello")
		if code := c.wait(); code != 4 {
			t.Errorf("exit code %d", code)
		}
	})
}

func TestUnderAShellWeStopAndContinueWithTheCommand(t *testing.T) {
	c := onTerminal(t, asSubreaper, false, "bash", "--norc", "-i")
	c.shows("ready> ")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c.types(fmt.Sprintf(" %s=passthrough %s sh -c 'echo u\"\"p; while read x; do echo got-$x; done; exit 6'\n", roleVariable, self))
	c.shows("up")
	c.types("one\n")
	c.shows("got-one")
	c.types(ctrlZ)
	c.shows("Stopped")
	c.types("fg\n")
	c.shows("sh -c")
	c.types("two\n")
	c.shows("got-two")
	c.types(ctrlD)
	c.types("echo code-$?\n")
	c.shows("code-6")
	c.types("exit\n")
	c.wait()
}

func TestTheTerminalIsGivenBackAtTheEnd(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// A shell without job control does not take the terminal back by itself.
	c := onTerminal(t, asSubreaper, false, "sh", "-c", fmt.Sprintf(`%s=passthrough %s true; echo up; read x; echo got-$x`, roleVariable, self))
	c.shows("up")
	c.types("three\n")
	c.shows("got-three")
	c.wait()
}

func TestACommandInTheBackgroundDoesNotTakeTheTerminal(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := onTerminal(t, asSubreaper, false, "bash", "--norc", "-i")
	c.shows("ready> ")
	shell := foregroundOf(c).pid
	c.types(fmt.Sprintf(" %s=passthrough %s sh -c 'echo u\"\"p; sleep 1; echo don\"\"e' &\n", roleVariable, self))
	c.shows("up")
	if now := foregroundOf(c).pid; now != shell {
		t.Errorf("process group %d has the terminal, the shell is %d", now, shell)
	}
	c.shows("done")
	c.types("exit\n")
	select {
	case <-c.done:
	case <-time.After(patience):
		t.Error("the shell does not end")
	}
}
