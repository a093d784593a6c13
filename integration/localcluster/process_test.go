package localcluster

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// testLimit bounds what takes milliseconds.
const testLimit = 30 * time.Second

// start starts command and makes sure that it is gone after the test.
func start(t *testing.T, command *exec.Cmd) *process {
	t.Helper()
	p, err := startProcess(command)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	return p
}

func exitCode(t *testing.T, p *process) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), testLimit)
	defer cancel()
	code, err := p.wait(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// await waits for a condition that must come true.
func await(t *testing.T, what string, condition func() (bool, string)) {
	t.Helper()
	if err := WaitFor(t.Context(), what, testLimit, condition); err != nil {
		t.Fatal(err)
	}
}

func TestTheExitCodeIsTheChildsOwnOr128PlusTheSignal(t *testing.T) {
	for script, want := range map[string]int{"exit 0": 0, "exit 78": 78, "kill -TERM $$": 143, "kill -KILL $$": 137} {
		if got := exitCode(t, start(t, exec.Command("/bin/sh", "-c", script))); got != want {
			t.Errorf("%s: exit code %d, want %d", script, got, want)
		}
	}
}

func TestAProgramThatIsMissingCannotBeStarted(t *testing.T) {
	if p, err := startProcess(exec.Command("/nowhere/agent")); err == nil {
		p.kill()
		t.Fatal("no error")
	}
}

func TestInANamespaceTheCommandIsPID1OfThatUserAndItsExitCodeAndSignalsPass(t *testing.T) {
	if !pidNamespaces() {
		if os.Geteuid() == 0 && exec.Command("unshare", "--pid", "--fork", "--mount-proc", "true").Run() == nil {
			t.Fatal("unshare makes a PID namespace here, and we do not")
		}
		return // this kernel allows none, so there is nothing that could be right or wrong
	}
	user := strconv.Itoa(os.Geteuid())
	script := `test $$ = 1 && test "$(id -u)" = ` + user + ` && trap "exit 42" TERM && while :; do sleep 0.05; done`
	p := start(t, asPID1("/bin/sh", "-c", script))
	// PID 1 only gets signals that it handles, so asking again is how one waits for the trap to be set.
	await(t, "the signal to arrive", func() (bool, string) {
		_ = p.handle.Signal(syscall.SIGTERM)
		return !p.running(), "running"
	})
	if code := exitCode(t, p); code != 42 {
		t.Errorf("exit code %d, want 42", code)
	}
}

func TestKillTakesTheDescendantsToo(t *testing.T) {
	for name, command := range map[string]*exec.Cmd{
		"plain":        exec.Command("/bin/sh", "-c", "setsid sleep 1000 & sleep 1000"),
		"in namespace": asPID1("/bin/sh", "-c", "setsid sleep 1000 & sleep 1000"),
	} {
		if name != "plain" && !pidNamespaces() {
			continue
		}
		p := start(t, command)
		var family []proc
		await(t, "two sleeping children", func() (bool, string) {
			family, _ = descendants(p.handle.Pid)
			return len(family) == 2 && family[0].argv[0] == "sleep" && family[1].argv[0] == "sleep", strconv.Itoa(len(family))
		})
		p.kill()
		for _, child := range family {
			await(t, name+": the end of a child", func() (bool, string) {
				now, ok := readProc(child.pid)
				return !ok || now.born != child.born, "running"
			})
		}
	}
}

// TestNothingOutlivesAKilledRun plays the killed run itself, in a copy of this test program.
func TestNothingOutlivesAKilledRun(t *testing.T) {
	if os.Getenv("LOCALCLUSTER_PLAY_RUN") != "" {
		playRun(t)
		return
	}
	run := exec.Command(os.Args[0], "-test.run=^TestNothingOutlivesAKilledRun$")
	run.Env = append(os.Environ(), "LOCALCLUSTER_PLAY_RUN=1")
	output, err := run.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	child, ok := readProc(pid)
	if !ok {
		t.Fatalf("the child %d does not run", pid)
	}
	_ = run.Process.Kill()
	_ = run.Wait()
	await(t, "the child's end", func() (bool, string) {
		now, ok := readProc(pid)
		return !ok || now.born != child.born, "running"
	})
}

func playRun(t *testing.T) {
	p, err := startProcess(exec.Command("sleep", "1000"))
	if err != nil {
		t.Fatal(err)
	}
	_, _ = os.Stdout.WriteString(strconv.Itoa(p.handle.Pid) + "\n")
	_, _ = p.wait(context.Background())
}
