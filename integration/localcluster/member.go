package localcluster

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"time"
)

// Role is what a member is for.
type Role string

// The roles.
const (
	Core        Role = "core"
	ReadReplica Role = "read-replica"
	Standalone  Role = "standalone" // alone, without Cloud Map or anything of AWS
)

// MemberOptions are what sets one member apart from the others.
type MemberOptions struct {
	Name       string            // of its folder; default its role and number
	Role       Role              // default Core
	Agent      string            // another binary than the cluster's
	Env        map[string]string // over the cluster's
	StartDelay time.Duration     // Cluster.Start starts it that much later
}

// Member is one agent with its Neo4j.
type Member struct {
	Name     string
	Role     Role
	Endpoint Endpoint
	Dir      string // everything of this member is below it
	Home     string // NEO4J_HOME
	Volume   string // NEO4J_DATA_ROOT
	RunDir   string // AGENT_RUN_DIR
	LogPath  string // the agent's standard output and error, of all starts

	cluster *Cluster
	options MemberOptions
	process *process
	logFrom int64 // where the newest start's lines begin
}

// Start starts the agent. It must not be running.
func (m *Member) Start() error {
	if m.Running() {
		return fmt.Errorf("cannot start %s: it is running", m.Name)
	}
	if slices.Index(m.cluster.Members, m) >= m.cluster.network.size {
		return fmt.Errorf("cannot start %s: addresses are reserved for %d members only", m.Name, m.cluster.network.size)
	}
	for _, dir := range []string{m.Volume, m.RunDir} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("cannot start %s: %v", m.Name, err)
		}
	}
	if err := m.cluster.options.Parts.NewHome(m.Home); err != nil {
		return fmt.Errorf("cannot start %s: %v", m.Name, err)
	}
	log, err := os.OpenFile(m.LogPath, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return fmt.Errorf("cannot start %s: %v", m.Name, err)
	}
	defer func() { _ = log.Close() }()
	if info, err := log.Stat(); err == nil {
		m.logFrom = info.Size()
	}
	command := m.command()
	command.Dir = m.Dir
	command.Env = m.Env()
	command.Stdout, command.Stderr = log, log
	if m.process, err = startProcess(command); err != nil {
		return fmt.Errorf("cannot start %s: %v", m.Name, err)
	}
	return nil
}

func (m *Member) command() *exec.Cmd {
	agent := m.cluster.options.Agent
	if m.options.Agent != "" {
		agent = m.options.Agent
	}
	if pidNamespaces() {
		return asPID1(agent, "start")
	}
	return exec.Command(agent, "start")
}

// Running tells whether the agent has been started and has not ended.
func (m *Member) Running() bool { return m.process != nil && m.process.running() }

// PID is the agent's process id as this process sees it; 0 when it was never started.
func (m *Member) PID() int {
	if m.process == nil {
		return 0
	}
	return m.process.handle.Pid
}

// Signal sends a signal to the agent itself.
func (m *Member) Signal(signal syscall.Signal) error {
	if !m.Running() {
		return fmt.Errorf("cannot signal %s: it does not run", m.Name)
	}
	if err := m.process.handle.Signal(signal); err != nil {
		return fmt.Errorf("cannot signal %s: %v", m.Name, err)
	}
	return nil
}

// Wait waits for the agent's end and returns its exit code, 128+n after signal n.
func (m *Member) Wait(ctx context.Context) (int, error) {
	if m.process == nil {
		return 0, fmt.Errorf("cannot wait for %s: it was never started", m.Name)
	}
	code, err := m.process.wait(ctx)
	if err != nil {
		return 0, fmt.Errorf("cannot wait for %s: %v", m.Name, err)
	}
	return code, nil
}

// Kill kills the agent with everything it started, as a lost machine would, and waits for the end.
func (m *Member) Kill() {
	if m.process != nil {
		m.process.kill()
	}
}

// Wipe throws away the member's volume, home and run directory, as when a new machine takes its place.
func (m *Member) Wipe() error {
	if m.Running() {
		return fmt.Errorf("cannot wipe %s: it is running", m.Name)
	}
	for _, dir := range []string{m.Volume, m.Home, m.RunDir} {
		if err := os.RemoveAll(dir); err != nil {
			return fmt.Errorf("cannot wipe %s: %v", m.Name, err)
		}
	}
	return nil
}

// Get asks the agent over HTTP, for example for /healthz.
func (m *Member) Get(ctx context.Context, path string) (code int, body []byte, err error) {
	return get(ctx, "http://"+m.AgentAddress()+path)
}

// AgentAddress is AGENT_HTTP_ADDR.
func (m *Member) AgentAddress() string { return m.Endpoint.at(m.Endpoint.Ports.Agent) }

// BrowserURL is Neo4j's own HTTP root.
func (m *Member) BrowserURL() string {
	return "http://" + m.Endpoint.at(m.Endpoint.Ports.HTTP) + "/"
}

// BoltURI connects to this member alone.
func (m *Member) BoltURI() string {
	return "bolt://" + m.Endpoint.at(m.Endpoint.Ports.Bolt)
}

// RoutingURI connects to the cluster through this member.
func (m *Member) RoutingURI() string {
	return "neo4j://" + m.Endpoint.at(m.Endpoint.Ports.Bolt)
}

// LogText is what the agent and its Neo4j wrote to standard output and error since the newest Start.
func (m *Member) LogText() string {
	text, err := os.ReadFile(m.LogPath)
	if err != nil || int64(len(text)) < m.logFrom {
		return ""
	}
	return string(text[m.logFrom:])
}

// Database is the process id of the member's Neo4j as this process sees it. The JVM counts, not its start script.
func (m *Member) Database() (int, error) {
	return m.find("Neo4j", func(p proc) bool { return slices.Contains(p.argv, "--home-dir="+m.Home) })
}

// Serve is the process id of the agent's long-running part.
func (m *Member) Serve() (int, error) { return m.stage("serve") }

// Prepare is the process id of the agent's one-shot part.
func (m *Member) Prepare() (int, error) { return m.stage("prepare") }

// stage finds the process of a subcommand: the agent's own program, with that word first.
func (m *Member) stage(name string) (int, error) {
	program := executable(m.PID())
	return m.find(name, func(p proc) bool {
		return len(p.argv) > 1 && p.argv[1] == name && executable(p.pid) == program
	})
}

// KillDatabase kills the member's Neo4j with SIGKILL and returns its process id.
func (m *Member) KillDatabase() (int, error) { return kill(m.Database()) }

// KillServe kills the agent's long-running part with SIGKILL and returns its process id.
func (m *Member) KillServe() (int, error) { return kill(m.Serve()) }

func kill(pid int, err error) (int, error) {
	if err != nil {
		return 0, err
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		return 0, fmt.Errorf("cannot kill process %d: %v", pid, err)
	}
	return pid, nil
}

// find looks for the one process of this member that is wanted.
func (m *Member) find(what string, wanted func(proc) bool) (int, error) {
	if !m.Running() {
		return 0, fmt.Errorf("cannot find %s of %s: its agent does not run", what, m.Name)
	}
	family, err := descendants(m.PID())
	if err != nil {
		return 0, err
	}
	for _, p := range family {
		if wanted(p) {
			return p.pid, nil
		}
	}
	return 0, fmt.Errorf("cannot find %s of %s: no such process", what, m.Name)
}
