package supervisor

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is how long a test waits for what must come at once on an idle machine.
const patience = 30 * time.Second

// eventually polls until the condition holds.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	within(t, patience, what, condition)
}

func within(t *testing.T, limit time.Duration, what string, condition func() bool) {
	t.Helper()
	deadline := time.After(limit)
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for !condition() {
		select {
		case <-look.C:
		case <-deadline:
			t.Fatalf("not within %v: %s", limit, what)
		}
	}
}

// place is where a program of ours runs.
type place string

const (
	asInit      place = "as PID 1"
	asSubreaper place = "as child subreaper"
)

// places are all where it must work. PID namespaces need privileges: without them the subreaper is what there is.
var places = sync.OnceValue(func() []place {
	probe := exec.Command("true")
	probe.SysProcAttr = asInit.attributes()
	if probe.Run() == nil {
		return []place{asInit, asSubreaper}
	}
	return []place{asSubreaper}
})

func (p place) attributes() *syscall.SysProcAttr {
	if p == asInit {
		return &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID, Unshareflags: syscall.CLONE_NEWNS}
	}
	return &syscall.SysProcAttr{Setpgid: true}
}

// everywhere runs a test in each place.
func everywhere(t *testing.T, test func(*testing.T, place)) {
	t.Helper()
	for _, p := range places() {
		t.Run(string(p), func(t *testing.T) { test(t, p) })
	}
}

// program is a role of the test binary that runs.
type program struct {
	t     *testing.T
	dir   string
	place place
	cmd   *exec.Cmd
	done  chan struct{}
	code  int // valid once done is closed; -1 when killed
}

// runRole starts a role. Its output goes to files: a pipe would be held open by what it leaves behind.
func runRole(t *testing.T, p place, role string, change func(*exec.Cmd), args ...string) *program {
	t.Helper()
	dir := t.TempDir()
	cmd := exec.Command("/proc/self/exe", args...)
	cmd.Env = append(realEnvironment(), roleVariable+"="+role, "DIR="+dir, stateVariable+"="+filepath.Join(dir, "state.json"))
	cmd.SysProcAttr = p.attributes()
	cmd.Stdout, cmd.Stderr = create(t, dir, "stdout"), create(t, dir, "stderr")
	if change != nil {
		change(cmd)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pr := &program{t: t, dir: dir, place: p, cmd: cmd, done: make(chan struct{})}
	go func() {
		defer close(pr.done)
		_ = cmd.Wait()
		pr.code = cmd.ProcessState.ExitCode()
	}()
	t.Cleanup(pr.end)
	return pr
}

func create(t *testing.T, dir, name string) *os.File {
	t.Helper()
	file, err := os.Create(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	return file
}

// end leaves nothing running. In its own namespace the kernel sees to that.
func (p *program) end() {
	_ = p.cmd.Process.Kill()
	<-p.done
	for _, pid := range p.descendants() {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	if p.t.Failed() {
		p.t.Logf("stderr:\n%s", p.read("stderr"))
		p.t.Logf("stdout:\n%s", p.read("stdout"))
	}
}

// descendants are all processes that have our folder in their environment.
func (p *program) descendants() []int {
	var found []int
	for _, pid := range processNumbers() {
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
		if strings.Contains(string(text), "DIR="+p.dir+"\x00") && pid != p.cmd.Process.Pid {
			found = append(found, pid)
		}
	}
	return found
}

func (p *program) signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatalf("cannot send %v: %v", s, err)
	}
}

// wait is for the exit code.
func (p *program) wait() int {
	p.t.Helper()
	select {
	case <-p.done:
		return p.code
	case <-time.After(2 * patience):
		p.t.Fatal("it does not end")
		return 0
	}
}

func (p *program) runs() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// read is the text of a file in the program's folder, empty when it is not there.
func (p *program) read(name string) string {
	text, err := os.ReadFile(filepath.Join(p.dir, name))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		p.t.Fatal(err)
	}
	return string(text)
}

func (p *program) lines(name string) []string { return strings.Fields(p.read(name)) }

// says waits until the children have written a text into the file of events.
func (p *program) says(text string) {
	p.t.Helper()
	eventually(p.t, "the events hold "+text, func() bool { return strings.Contains(p.read("events"), text) })
}

// state is what `start` has told its observer last.
func (p *program) state() State {
	var s State
	_ = json.Unmarshal([]byte(p.read("state.json")), &s)
	return s
}

// outside translates a process number of the program's namespace.
func (p *program) outside(inside int) int {
	p.t.Helper()
	if p.place != asInit {
		return inside
	}
	space, _ := os.Readlink(fmt.Sprintf("/proc/%d/ns/pid", p.cmd.Process.Pid))
	for _, pid := range processNumbers() {
		if its, _ := os.Readlink(fmt.Sprintf("/proc/%d/ns/pid", pid)); its != space {
			continue
		}
		status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		_, numbers, _ := strings.Cut(string(status), "NSpid:")
		numbers, _, _ = strings.Cut(numbers, "\n")
		if fields := strings.Fields(numbers); len(fields) > 0 && number(fields[len(fields)-1]) == inside {
			return pid
		}
	}
	return 0
}

// kill sends KILL to a process of the program's namespace.
func (p *program) kill(inside int) {
	p.t.Helper()
	pid := p.outside(inside)
	if pid == 0 || syscall.Kill(pid, syscall.SIGKILL) != nil {
		p.t.Fatalf("cannot kill %d", inside)
	}
}

// exists tells whether a process of the program's namespace lives.
func (p *program) exists(inside int) bool {
	pid := p.outside(inside)
	return pid != 0 && slices.Contains(processes(func(s stat) bool { return s.pid == pid }), pid)
}

// politeServe plays serve: it writes down every word, answers drain, and leaves when told or when PID 1 is gone.
const politeServe = `
trap 'echo reloaded >> $DIR/events; trapped=1' HUP # a trap ends the read
while trapped=; read word <&3 || [ "$trapped" ]; do
	[ "$word" ] || continue
	echo serve-$word >> $DIR/events
	case $word in drain) echo drained >&3;; stopped) exit 0;; esac
done
echo serve-alone >> $DIR/events`

// politeDatabase writes down its end and leaves with 7 when told.
const politeDatabase = `
trap 'echo database-ends >> $DIR/events; exit 7' TERM
echo up >> $DIR/events
while :; do sleep 0.05; done`

// runStart starts the lifecycle with a script; what is not given is polite.
func runStart(t *testing.T, p place, s script, changes ...func(*exec.Cmd)) *program {
	t.Helper()
	for text, polite := range map[*string]string{&s.Serve: politeServe, &s.Prepare: "true", &s.Database: politeDatabase} {
		if *text == "" {
			*text = polite
		}
	}
	if s.StopTimeout == 0 {
		s.StopTimeout = 120 * time.Second
	}
	if s.Window == 0 {
		s.Window = 10 * time.Minute
	}
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return runRole(t, p, "start", func(cmd *exec.Cmd) {
		cmd.Env = append(cmd.Env, scriptVariable+"="+string(text))
		for _, change := range changes {
			change(cmd)
		}
	})
}

// isRunning waits until the database runs and has said so.
func (p *program) isRunning() State {
	p.t.Helper()
	p.says("up")
	eventually(p.t, "phase running", func() bool { return p.state().Phase == PhaseRunning })
	return p.state()
}
