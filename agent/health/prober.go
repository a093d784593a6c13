package health

import (
	"context"
	"slices"
	"time"
)

// Bounds of a single round.
const (
	probeTimeout = 5 * time.Second // all questions to this member; a pause of the JVM longer than that is not serving
	askTimeout   = 2 * time.Second // one question over HTTP
	mostAsked    = 16              // other members asked in a round: a cluster has three to nine cores
)

// Neo4j is the Prober of a real Neo4j. It is for one goroutine.
type Neo4j struct {
	bolt *boltClient
	http *httpClient
	gate *gate
}

// NewProber returns a prober. The credentials are asked for anew whenever they are needed, so that they may change;
// they are sent to this member only, and an empty password means that none are known.
func NewProber(credentials func() (user, password string)) *Neo4j {
	gate := &gate{credentials: credentials}
	return &Neo4j{bolt: &boltClient{gate: gate}, http: newHTTPClient(gate), gate: gate}
}

// Forgive has credentials tried again that were refused: the server takes them now. It may be called from anywhere.
func (n *Neo4j) Forgive() { n.gate.forgive() }

// Close ends the connections.
func (n *Neo4j) Close() {
	n.bolt.close()
	n.http.client.CloseIdleConnections()
}

// Probe looks at the database that the facts describe. It takes at most probeTimeout and askTimeout together.
func (n *Neo4j) Probe(ctx context.Context, facts Facts) Observation {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	member := facts.Member
	n.gate.on = member.AuthEnabled
	n.http.pin.Store(&member.HTTPSPin)

	seen := Observation{Asked: true}
	n.askHTTP(ctx, facts, &seen)
	bolt := n.bolt.ask(ctx, facts, seen.Raft.Leader)
	seen.Bolt, seen.Members = bolt.Bolt, bolt.members

	answers := seen.Bolt.Answers || seen.Bolt.Refused && seen.Bolt.Open
	if member.Role != Standalone && len(seen.Members) == 0 && member.Ports.Discovery != 0 {
		closed, connected := discovery(member)
		seen.DiscoveryClosed, seen.Connected = closed && member.Role == Core, connected
	}
	if !answers || member.Role != Standalone && !seen.Raft.led() && !seen.ReplicaAvailable {
		seen.Progress = progress(member)
		seen.Others = n.askOthers(ctx, facts)
	}
	seen.Progress.RaftIndex = seen.Raft.AppliedIndex
	return seen
}

// askHTTP asks the HTTP endpoints of this member.
func (n *Neo4j) askHTTP(ctx context.Context, facts Facts, seen *Observation) {
	base, dialect := facts.Member.base(), facts.Dialect
	switch {
	case base == "":
	case facts.Member.Role == Standalone:
		seen.HTTP = n.http.answers(ctx, base+"/")
	default:
		seen.Raft, seen.HTTP = n.http.raft(ctx, base, dialect.StatusPath)
		if seen.HTTP && facts.Member.Role == ReadReplica {
			seen.ReplicaAvailable = n.http.ok(ctx, base, dialect.ReplicaAvailable)
		} else if seen.HTTP {
			seen.Writable = n.http.ok(ctx, base, dialect.WritablePath)
		}
	}
}

// askOthers asks the other discovery members, at this member's HTTP port, whether they have a leader. It is done only
// while this one is not in the cluster itself.
func (n *Neo4j) askOthers(ctx context.Context, facts Facts) Others {
	return n.http.others(context.WithoutCancel(ctx), facts.Member, facts.Dialect)
}

// otherHosts are the hosts of the other discovery members. On a machine where members share an address their HTTP
// ports cannot be known.
func (m Member) otherHosts() []string {
	var hosts []string
	for _, address := range m.Members {
		if host := HostOf(address); host != m.Address && !slices.Contains(hosts, host) {
			hosts = append(hosts, host)
		}
	}
	return hosts
}

// base is the address of this member's HTTP port, or else of its HTTPS port, as this machine reaches it, "" when it has
// neither.
func (m Member) base() string {
	switch {
	case m.LocalHTTP != "":
		return "http://" + m.LocalHTTP
	case m.LocalHTTPS != "":
		return "https://" + m.LocalHTTPS
	}
	return ""
}
