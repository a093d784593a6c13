package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"neo4j-agent/integration/localcluster"
)

// launched is how one way of starting a real Community 5 does.
type launched struct {
	started time.Duration // to Neo4j's "Started."
	memory  int64         // anonymous resident bytes of all its processes, right then
}

// launches are the medians of starting the same server, on the same data and configuration, in turns under the agent and
// by its own launcher. The agent's first start, which makes the store and asks the launcher for its java line, is apart.
type launches struct{ first, ours, plain launched }

func measureLaunches(agent, dir string, turns int) (l launches, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	say := func(line string) { _, _ = fmt.Fprintln(os.Stderr, line) }
	parts, err := localcluster.Install(ctx, filepath.Join(dir, "parts"), say)
	if err != nil {
		return l, err
	}
	if parts, err = parts.Community(ctx, localcluster.Community5, say); err != nil {
		return l, err
	}
	folder, err := os.MkdirTemp("", "neo4j-agent-bench-")
	if err != nil {
		return l, err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	cluster, err := localcluster.New(ctx, localcluster.Options{Agent: agent, Parts: parts, Dir: folder})
	if err != nil {
		return l, err
	}
	defer func() { err = errors.Join(err, cluster.Close()) }()
	m := cluster.Add(localcluster.MemberOptions{Role: localcluster.Standalone})
	if err := errors.Join(parts.NewHome(m.Home), os.MkdirAll(m.RunDir, 0o755)); err != nil {
		return l, err
	}
	output := filepath.Join(folder, "output")
	if l.first, err = launch(m, output, agent, "start"); err != nil {
		return l, err
	}
	var ours, plain []launched
	for range turns {
		one, err := launch(m, output, agent, "start")
		other, failed := launch(m, output, filepath.Join(m.Home, "bin", "neo4j"), "console")
		if err := errors.Join(err, failed); err != nil {
			return l, err
		}
		ours, plain = append(ours, one), append(plain, other)
	}
	l.ours, l.plain = medians(ours), medians(plain)
	return l, nil
}

func medians(all []launched) launched {
	var started []time.Duration
	var memory []int64
	for _, one := range all {
		started, memory = append(started, one.started), append(memory, one.memory)
	}
	return launched{median(started), median(memory)}
}

// launch starts the server once, and stops it when it has started and been measured.
func launch(m *localcluster.Member, output string, argv ...string) (one launched, err error) {
	log, err := os.Create(output)
	if err != nil {
		return one, err
	}
	defer func() { _ = log.Close() }()
	c := exec.Command(argv[0], argv[1:]...)
	c.Env, c.Stdout, c.Stderr, c.SysProcAttr = m.Env(), log, log, &syscall.SysProcAttr{Setpgid: true}
	began := time.Now()
	if err := c.Start(); err != nil {
		return one, err
	}
	err = await("a started server", func() bool {
		text, _ := os.ReadFile(output)
		return strings.Contains(string(text), " Started.")
	})
	one.started = time.Since(began)
	for _, pid := range family(c.Process.Pid) {
		one.memory += anonymous(pid)
	}
	_ = c.Process.Signal(syscall.SIGTERM)
	_ = c.Wait() // how the launcher ends is its own affair
	return one, err
}

// family is a process with all that descend from it (proc_pid_task_children(5)).
func family(pid int) []int {
	all := []int{pid}
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, file := range files {
		text, _ := os.ReadFile(file)
		for _, field := range strings.Fields(string(text)) {
			var child int
			if _, err := fmt.Sscan(field, &child); err == nil {
				all = append(all, family(child)...)
			}
		}
	}
	return all
}
