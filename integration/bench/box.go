package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// box is a home with scripts in place of Neo4j's launcher, which knows the java line, and of its Java, which tells when it
// was executed and then obeys SIGTERM. The volume is warm, the peers are known and no admin tool has to run.
type box struct {
	agent, dir, http string
}

// patience bounds each wait of a run.
const patience = 2 * time.Minute

func newBox(agent string) (*box, error) {
	dir, err := os.MkdirTemp("", "neo4j-agent-bench-")
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	b := &box{agent: agent, dir: dir, http: listener.Addr().String()}
	err = listener.Close()
	for name, text := range map[string]string{
		"lib/neo4j-4.4.48.jar": "", "lib/neo4j-enterprise-4.4.48.jar": "", "conf/neo4j.conf": "",
		"bin/neo4j": "#!/bin/sh\necho $NEO4J_HOME/bin/java -cp lib org.neo4j.server.CommunityEntryPoint --home-dir=$NEO4J_HOME --config-dir=$NEO4J_CONF\n",
		"bin/java":  "#!/bin/sh\ntrap 'exit 0' TERM\ndate +%s%N > $NEO4J_HOME/executed\nwhile :; do sleep 0.05; done\n",
	} {
		path := filepath.Join(dir, name)
		err = errors.Join(err, os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o755))
	}
	return b, err
}

func (b *box) remove() { _ = os.RemoveAll(b.dir) }

func (b *box) command(name string) *exec.Cmd {
	c := exec.Command(b.agent, name)
	c.Env = []string{
		"PATH=" + os.Getenv("PATH"), "NEO4J_HOME=" + b.dir, "NEO4J_DATA_ROOT=" + filepath.Join(b.dir, "volume"),
		"NEO4J_ACCEPT_LICENSE_AGREEMENT=yes", "NEO4J_ADMIN_PASSWORD=a-long-password",
		"AGENT_RUN_DIR=" + filepath.Join(b.dir, "run"), "AGENT_HTTP_ADDR=" + b.http,
		"AGENT_DISCOVERY=static", "AGENT_PEERS=10.0.0.1,10.0.0.2,10.0.0.3", "AGENT_ADVERTISED_ADDRESS=127.0.0.1",
		"AGENT_STOP_TIMEOUT=20s",
	}
	return c
}

// startOverhead is the median time from the exec of start to the exec of the database, the first (cold) run left out.
func (b *box) startOverhead(runs int) (time.Duration, error) {
	var taken []time.Duration
	for n := range runs + 1 {
		began := time.Now()
		start, err := b.started()
		if err != nil {
			return 0, err
		}
		text, err := os.ReadFile(filepath.Join(b.dir, "executed"))
		if err != nil {
			return 0, err
		}
		at, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
		if err != nil {
			return 0, err
		}
		if n > 0 {
			taken = append(taken, time.Unix(0, at).Sub(began))
		}
		if err := stop(start); err != nil {
			return 0, err
		}
	}
	return median(taken), nil
}

// started runs start, with more in its environment, until the database has been executed.
func (b *box) started(more ...string) (*exec.Cmd, error) {
	mark := filepath.Join(b.dir, "executed")
	_ = os.Remove(mark)
	start := b.command("start")
	start.Env = append(start.Env, more...)
	var output bytes.Buffer
	start.Stderr = &output
	start.WaitDelay = time.Second
	if err := start.Start(); err != nil {
		return nil, err
	}
	err := await("the database", func() bool { info, err := os.Stat(mark); return err == nil && info.Size() > 10 })
	if err != nil {
		_ = start.Process.Kill()
		_ = start.Wait()
		return nil, fmt.Errorf("%v; the agent said:\n%s", err, output.String())
	}
	return start, nil
}

func stop(start *exec.Cmd) error {
	if err := start.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return start.Wait()
}

// anonymous is RssAnon of a process, in bytes.
func anonymous(pid int) int64 { return memoryOf(pid, "RssAnon") }

func await(what string, condition func() bool) error {
	ticks := time.NewTicker(2 * time.Millisecond)
	defer ticks.Stop()
	deadline := time.After(patience)
	for !condition() {
		select {
		case <-deadline:
			return fmt.Errorf("gave up waiting for %s", what)
		case <-ticks.C:
		}
	}
	return nil
}
