package integration

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"neo4j-agent/agent/peers/fakecloudmap"
)

// box is an agent with a fake Neo4j: a shell script at bin/neo4j that records how it was called and then does what the
// test says. It stands for the database where only the agent's own steps are looked at.
type box struct {
	t    *testing.T
	dir  string
	home string
	http string
	env  map[string]string

	args   []string // of the agent; nil: start
	pipe   *os.File // set: the agent writes there instead
	stdout *os.File // set: standard output alone goes there
	run    *exec.Cmd
	output *syncBuffer
	ended  chan struct{}
}

const boxPassword = "a-password-of-the-box"

// obedient is a database that runs until it is told to stop, and leaves with 0.
const obedient = "trap 'exit 0' TERM\nwhile :; do sleep 0.1; done\n"

// newBox makes a home that looks like Neo4j 4.4 Enterprise.
func newBox(t *testing.T, behaviour string) *box {
	t.Helper()
	dir := t.TempDir()
	b := &box{t: t, dir: dir, home: filepath.Join(dir, "home"), http: freeAddress(t)}
	for _, name := range []string{"lib/neo4j-4.4.48.jar", "lib/neo4j-enterprise-4.4.48.jar"} {
		b.write("home/"+name, "", 0o644)
	}
	b.write("home/conf/neo4j.conf", "# the image's own\ndbms.tx_log.rotation.retention_policy=100M size", 0o644)
	b.write("home/bin/neo4j", "#!/bin/sh\n# fake-neo4j\n"+
		`case "$*" in *--dry-run*) exit 9;; esac`+"\n"+ // without its dry run the launcher itself is what is started
		`echo "$@" >> "$NEO4J_HOME/argv"; env > "$NEO4J_HOME/env"; echo $$ > "$NEO4J_HOME/pid"; echo "fake-neo4j says hello"`+"\n"+behaviour, 0o755)
	b.env = map[string]string{
		"PATH": os.Getenv("PATH"), "HOME": dir, "NEO4J_HOME": b.home, "NEO4J_DATA_ROOT": filepath.Join(dir, "volume"),
		"NEO4J_ACCEPT_LICENSE_AGREEMENT": "yes", "NEO4J_ADMIN_PASSWORD": boxPassword, "AGENT_RUN_DIR": filepath.Join(dir, "run"), "AGENT_HTTP_ADDR": b.http,
		"AGENT_STOP_TIMEOUT": "20s", "AGENT_ADVERTISED_ADDRESS": "127.0.0.1",
	}
	t.Cleanup(b.kill)
	return b
}

func (b *box) with(pairs ...string) *box {
	for i := 0; i < len(pairs); i += 2 {
		b.env[pairs[i]] = pairs[i+1]
	}
	return b
}

// core makes the box a core that finds the others in a Cloud Map service of its own.
func (b *box) core(service *fakecloudmap.Server) *box {
	b.t.Helper()
	server := httptest.NewServer(service)
	b.t.Cleanup(server.Close)
	return b.with("CLOUDMAP_SERVICE_ID", boxService, "AWS_ENDPOINT_URL", server.URL, "AWS_REGION", "eu-central-1",
		"AWS_ACCESS_KEY_ID", "a", "AWS_SECRET_ACCESS_KEY", boxSecretKey)
}

const (
	boxService   = "srv-boxboxboxboxboxb"
	boxSecretKey = "a-secret-key-of-the-box"
)

// cloudMap is a strict fake with instances 10.0.0.1 and on.
func cloudMap(instances int) *fakecloudmap.Server {
	s := fakecloudmap.New()
	s.AddService(boxService, "core", "neo4j.service")
	for i := 1; i <= instances; i++ {
		s.Add(boxService, fmt.Sprintf("i-%03d", i), fmt.Sprintf("10.0.0.%d", i), fakecloudmap.Healthy)
	}
	return s
}

func (b *box) environ() []string {
	var list []string
	for name, value := range b.env {
		list = append(list, name+"="+value)
	}
	return list
}

func (b *box) write(name, text string, mode os.FileMode) {
	b.t.Helper()
	path := filepath.Join(b.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		b.t.Fatal(err)
	}
}

func (b *box) read(name string) string {
	text, err := os.ReadFile(filepath.Join(b.dir, name))
	if err != nil {
		return ""
	}
	return string(text)
}

// start runs `neo4j-agent start`, or with the box's own arguments, wrapped in another command where one is given. It is a group of its own, so that all
// of it can be killed in the end.
func (b *box) start(wrapper ...string) {
	b.t.Helper()
	args := []string{"start"}
	if b.args != nil {
		args = b.args
	}
	argv := slices.Concat(wrapper, []string{agent}, args)
	b.run, b.output, b.ended = exec.Command(argv[0], argv[1:]...), &syncBuffer{}, make(chan struct{})
	b.run.Env, b.run.Stdout, b.run.Stderr = b.environ(), b.output, b.output
	if b.pipe != nil {
		b.run.Stdout, b.run.Stderr = b.pipe, b.pipe
	}
	if b.stdout != nil {
		b.run.Stdout = b.stdout
	}
	b.run.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	b.run.WaitDelay = time.Second // a database left behind keeps the pipe open
	if err := b.run.Start(); err != nil {
		b.t.Fatal(err)
	}
	go func(run *exec.Cmd, ended chan struct{}) {
		_ = run.Wait()
		close(ended)
	}(b.run, b.ended)
}

// exit gives the exit code of start.
func (b *box) exit(deadline time.Duration) int {
	b.t.Helper()
	select {
	case <-b.ended:
	case <-time.After(deadline):
		b.t.Fatalf("the agent has not ended after %s; its output:\n%s", deadline, b.output)
	}
	status := b.run.ProcessState.Sys().(syscall.WaitStatus)
	if status.Signaled() {
		return 128 + int(status.Signal())
	}
	return status.ExitStatus()
}

func (b *box) signal(s syscall.Signal) {
	b.t.Helper()
	if err := b.run.Process.Signal(s); err != nil {
		b.t.Fatal(err)
	}
}

// kill ends whatever the box has started, the fake database included.
func (b *box) kill() {
	if b.run == nil || b.run.Process == nil {
		return
	}
	_ = syscall.Kill(-b.run.Process.Pid, syscall.SIGKILL)
	for _, pid := range b.pids() {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}

// pids are the processes of this box: what descends from its start, and whoever has its home in the environment. Only
// root can read the environment of the agent's own processes.
func (b *box) pids() []int {
	var found []int
	entries, _ := os.ReadDir("/proc")
	for _, entry := range entries {
		var pid int
		if _, err := fmt.Sscan(entry.Name(), &pid); err != nil {
			continue
		}
		environ, _ := os.ReadFile(filepath.Join("/proc", entry.Name(), "environ"))
		if bytes.Contains(environ, []byte(b.home)) || b.descends(pid) {
			found = append(found, pid)
		}
	}
	return found
}

func (b *box) descends(pid int) bool {
	for pid > 1 && b.run != nil {
		if pid == b.run.Process.Pid {
			return true
		}
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		_, rest, ok := strings.Cut(string(stat), ") ")
		var state string
		if _, scan := fmt.Sscan(rest, &state, &pid); err != nil || !ok || scan != nil || state == "Z" {
			return false
		}
	}
	return false
}

// stage is the process id of one of the agent's stages, 0 when it does not run.
func (b *box) stage(name string) int {
	for _, pid := range b.pids() {
		cmdline, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if strings.Contains(string(cmdline), "neo4j-agent\x00"+name+"\x00") {
			return pid
		}
	}
	return 0
}

// eventually waits for a condition, and shows the agent's output when it does not come true.
func (b *box) eventually(what string, deadline time.Duration, condition func() bool) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), deadline)
	defer cancel()
	ticks := time.NewTicker(20 * time.Millisecond)
	defer ticks.Stop()
	for !condition() {
		select {
		case <-ctx.Done():
			b.t.Fatalf("gave up waiting for %s after %s; the agent's output:\n%s", what, deadline, b.output)
		case <-ticks.C:
		}
	}
}

// starts is how often the fake database was started.
func (b *box) starts() int { return strings.Count(b.read("home/argv"), "\n") }

// started waits until the fake database runs.
func (b *box) started(n int) {
	b.t.Helper()
	b.eventually(fmt.Sprintf("start %d of the database", n), 20*time.Second, func() bool { return b.starts() >= n && b.read("home/pid") != "" })
}

func (b *box) get(path string) (int, string) {
	client := http.Client{Timeout: time.Second}
	answer, err := client.Get("http://" + b.http + path)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = answer.Body.Close() }()
	var body bytes.Buffer
	_, _ = body.ReadFrom(answer.Body)
	return answer.StatusCode, body.String()
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

// syncBuffer is a buffer that a process writes and a test reads.
type syncBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
