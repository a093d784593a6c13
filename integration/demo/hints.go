package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"time"

	"neo4j-agent/integration/localcluster"
)

// statusLimit bounds neo4j-agent status, which takes milliseconds.
const statusLimit = 10 * time.Second

// showStatus runs neo4j-agent status against the first member.
func showStatus(ctx context.Context, out *report, cluster *localcluster.Cluster, agent string) error {
	ctx, cancel := context.WithTimeout(ctx, statusLimit)
	defer cancel()
	first := cluster.Members[0]
	command := exec.CommandContext(ctx, agent, "status")
	command.Env = []string{"AGENT_HTTP_ADDR=" + first.AgentAddress()}
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	out.line("")
	if err := command.Run(); err != nil {
		return fmt.Errorf("cannot show the status: %v", err)
	}
	return nil
}

const query = `CALL dbms.cluster.overview() YIELD addresses, role RETURN addresses[0], role`

// showHints writes the addresses and what to try.
func showHints(out *report, cluster *localcluster.Cluster) {
	out.line("")
	out.line(out.paint(bold, "Addresses") + fmt.Sprintf(" (user neo4j, password %s)", localcluster.Password))
	for _, m := range cluster.Members {
		out.line(fmt.Sprintf("  %-14s %s  %s  http://%s", m.Name, m.BoltURI(), m.BrowserURL(), m.AgentAddress()))
	}
	first, second := cluster.Members[0], cluster.Members[1]
	out.line("")
	out.line(out.paint(bold, "What to try") + " in another terminal")
	hint(out, "a Cypher query", fmt.Sprintf(`curl -s -u neo4j:%s -H 'Content-Type: application/json' %sdb/data/transaction/commit -d '{"statements":[{"statement":"%s"}]}'`,
		localcluster.Password, first.BrowserURL(), query))
	hint(out, "the health of a member", "curl -s http://"+first.AgentAddress()+"/healthz")
	if pid, err := second.Database(); err == nil {
		hint(out, "kill the database of "+second.Name+": it is restarted in place and joins again", fmt.Sprintf("kill -9 %d", pid))
	}
	if pid, err := first.Serve(); err == nil {
		hint(out, "kill the agent's serve of "+first.Name+": its database does not notice", fmt.Sprintf("kill -9 %d", pid))
	}
	out.line("")
	out.line("Changes of the members are shown here. Ctrl-C drains and stops them all.")
}

func hint(out *report, what, command string) {
	out.line("  # " + what)
	out.line("  " + command)
}
