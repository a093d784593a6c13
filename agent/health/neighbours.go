package health

import (
	"context"
	"net"
	"strconv"
	"sync"
)

// Neighbours asks the other discovery members, without credentials, whether their Neo4j runs and has a leader. Bolt and
// HTTP of a member of a cluster open when it has joined it, so one that is up is part of a cluster that has formed.
func Neighbours(ctx context.Context, m Member, d Dialect) Others {
	client := newHTTPClient(&gate{})
	defer client.client.CloseIdleConnections()
	others := client.others(ctx, m, d)
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	hosts := m.otherHosts()
	up := make([]bool, min(len(hosts), mostAsked))
	var knocking sync.WaitGroup
	for i := range up {
		knocking.Go(func() { up[i] = takes(ctx, hosts[i], m.Ports.Bolt) || takes(ctx, hosts[i], m.Ports.HTTP) })
	}
	knocking.Wait()
	for i, open := range up {
		if open {
			others.Up = append(others.Up, hosts[i])
		}
	}
	return others
}

// takes tells whether a port takes connections.
func takes(ctx context.Context, host string, port int) bool {
	if port == 0 {
		return false
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(port)))
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}

// others asks the raft status of the other discovery members, at this member's HTTP port.
func (c *httpClient) others(ctx context.Context, m Member, d Dialect) Others {
	if m.Role == Standalone || m.Ports.HTTP == 0 || d.StatusPath == "" {
		return Others{}
	}
	hosts := m.otherHosts()
	answers := make([]Raft, min(len(hosts), mostAsked))
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	var wait sync.WaitGroup
	for i := range answers {
		wait.Go(func() {
			answers[i] = c.stranger(ctx, "http://"+hostPort(hosts[i], m.Ports.HTTP)+d.StatusPath)
		})
	}
	wait.Wait()
	var others Others
	for i, raft := range answers {
		if raft.Known {
			others.Answered = append(others.Answered, hosts[i])
		}
		if raft.led() {
			others.Led = append(others.Led, hosts[i])
		}
	}
	return others
}
