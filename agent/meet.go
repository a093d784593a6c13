package main

import (
	"context"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"neo4j-agent/neo4jconf"
)

// meetLimit bounds knocking at the members' doors, which are in the same network.
const meetLimit = time.Second

// meet makes a new volume join a cluster of 5.23 to 5.26 that still finds its members by their first discovery service: a
// new cluster would get the second, and members that run different ones never meet. The first has a port of its own.
func (p *preparation) meet(ctx context.Context) error {
	if p.neo4j.service != "" || p.neo4j.intent.Config.Service() != neo4jconf.V2Only {
		return nil
	}
	input := p.input()
	input.Service = neo4jconf.V1Only
	first, err := input.Intent()
	if err != nil || !anyOpen(ctx, p.found, first.Ports.Discovery) {
		return err
	}
	p.log.Info().Int("port", first.Ports.Discovery).Msg("the members that are there use discovery service V1_ONLY; so does this one")
	p.neo4j.service, p.neo4j.intent = neo4jconf.V1Only, first
	p.prepared.Ports.Discovery = first.Ports.Discovery
	if err := p.register(ctx); err != nil {
		return memberErrors(err)
	}
	return p.take(ctx, !p.dry)
}

// anyOpen tells whether one of the members takes connections on a port.
func anyOpen(ctx context.Context, members []string, port int) bool {
	ctx, cancel := context.WithTimeout(ctx, meetLimit)
	defer cancel()
	var open atomic.Bool
	var knocking sync.WaitGroup
	for _, member := range members {
		host, _, err := net.SplitHostPort(member)
		if err != nil {
			host = member
		}
		knocking.Go(func() {
			conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(port)))
			if err == nil {
				_ = conn.Close()
				open.Store(true)
				cancel()
			}
		})
	}
	knocking.Wait()
	return open.Load()
}
