package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"neo4j-agent/integration/localcluster"
)

// memberLimit bounds the start of a single real server, which takes 7 s on an idle machine.
const memberLimit = 2 * time.Minute

// realMember starts a single real Neo4j under the agent and measures, once it is ready, the CPU of a healthcheck, that of
// a cypher-shell call, and the anonymous resident bytes of the agent's processes.
func realMember(agent, dir string, runs int) (check, shell time.Duration, memory map[string]int64, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	say := func(line string) { _, _ = fmt.Fprintln(os.Stderr, line) }
	parts, err := localcluster.Install(ctx, filepath.Join(dir, "parts"), say)
	if err != nil {
		return 0, 0, nil, err
	}
	cypherShell, err := parts.CypherShell(ctx, say)
	if err != nil {
		return 0, 0, nil, err
	}
	folder, err := os.MkdirTemp("", "neo4j-agent-bench-")
	if err != nil {
		return 0, 0, nil, err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	cluster, err := localcluster.New(ctx, localcluster.Options{Agent: agent, Parts: parts, Dir: folder})
	if err != nil {
		return 0, 0, nil, err
	}
	defer func() { err = errors.Join(err, cluster.Close()) }()
	m := cluster.Add(localcluster.MemberOptions{Role: localcluster.Standalone})
	healthcheck := func() *exec.Cmd {
		c := exec.Command(agent, "healthcheck")
		c.Env = m.Env()
		return c
	}
	if err := m.Start(); err != nil {
		return 0, 0, nil, err
	}
	err = localcluster.WaitFor(ctx, "a ready member", memberLimit, func() (bool, string) {
		text, err := healthcheck().CombinedOutput()
		return err == nil, string(text)
	})
	if err != nil {
		return 0, 0, nil, err
	}
	if check, err = cpu(runs, healthcheck); err != nil {
		return 0, 0, nil, err
	}
	shell, err = cpu(5, func() *exec.Cmd { return cypherShell(m, "RETURN 1;") })
	if err != nil {
		return 0, 0, nil, err
	}
	serve, err := m.Serve()
	return check, shell, map[string]int64{"start": anonymous(m.PID()), "serve": anonymous(serve)}, err
}

// cpu is the median of user and system time of a command over some runs, the first left out.
func cpu(runs int, command func() *exec.Cmd) (time.Duration, error) {
	var taken []time.Duration
	for n := range runs + 1 {
		c := command()
		if text, err := c.CombinedOutput(); err != nil {
			return 0, fmt.Errorf("cannot run %s: %v\n%s", c.Args[0], err, text)
		}
		if n > 0 {
			taken = append(taken, c.ProcessState.UserTime()+c.ProcessState.SystemTime())
		}
	}
	return median(taken), nil
}
