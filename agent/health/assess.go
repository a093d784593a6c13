package health

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"time"
)

// Assess makes the next status of the one before, what the other processes told and what a round of probing saw. It
// is pure: the same input gives the same status.
func Assess(previous Status, facts Facts, seen Observation, bounds Bounds, now time.Time) Status {
	v := view{was: previous, facts: facts, seen: seen, bounds: bounds, now: now}
	v.memory = v.remember()

	next := v.identity()
	next.memory = v.memory
	next.Phase, next.Reason = v.judge()
	next.Since = now
	if next.Phase == previous.Phase && !previous.Since.IsZero() {
		next.Since = previous.Since
	}
	next.EverReady = previous.EverReady || next.Phase == Ready
	if v.running() {
		v.describe(&next)
	}
	return next
}

// view is everything that one assessment looks at.
type view struct {
	was    Status
	facts  Facts
	seen   Observation
	bounds Bounds
	now    time.Time
	memory memory
}

// judge says the phase and its reason: the first case that applies.
func (v view) judge() (Phase, string) {
	switch v.facts.Supervisor.Phase {
	case "draining", "stopping", "flushing":
		return Draining, first(v.facts.Supervisor.Reason, v.was.Reason)
	}
	if v.was.Phase == Draining {
		return Draining, v.was.Reason
	}
	if restore := v.restore(); restore != nil {
		return v.restoring(*restore)
	}
	if !v.running() {
		return v.absent()
	}
	if !v.seen.Asked {
		return Starting, join(": ", v.restarted(), "neo4j has not been asked yet")
	}
	if v.seeding() { // its default database comes and goes meanwhile
		return Joining, v.facts.Seeding
	}
	if reason := v.broken(); reason != "" {
		return Failed, reason
	}
	if v.serving() {
		return Ready, v.remark()
	}
	if reason := v.stuck(); reason != "" {
		return Failed, reason
	}
	if v.joining() {
		return Joining, v.awaited()
	}
	return Starting, v.starting()
}

// seeding tells whether the cluster runs, and is not to be used until its databases have been fetched.
func (v view) seeding() bool { return v.facts.Seeding != "" && v.seen.Bolt.Open }

// running tells whether there is a database process that is worth probing.
func (v view) running() bool { return v.facts.running() }

func (f Facts) running() bool {
	switch f.Supervisor.Phase {
	case "":
		return f.Prepared
	case "preparing", "backing-off":
		return false
	}
	return f.Prepared && f.Supervisor.DatabasePID != 0
}

// absent is the phase while there is no database process: the first preparation, or a restart in place.
func (v view) absent() (Phase, string) {
	supervisor, step := v.facts.Supervisor, ""
	if !v.facts.Prepared {
		step = v.facts.Step
	}
	switch {
	case supervisor.Restarts > 0 || supervisor.Phase == "backing-off":
		return Starting, join(": ", v.restarted(), step)
	case !v.facts.Prepared || supervisor.Phase == "preparing":
		return Preparing, step
	}
	return Starting, "neo4j is about to start"
}

// restarted says why the database was restarted; empty when it was not.
func (v view) restarted() string {
	supervisor := v.facts.Supervisor
	if supervisor.Reason != "" || supervisor.Restarts == 0 {
		return supervisor.Reason
	}
	return fmt.Sprintf("neo4j ended; restart %d of %d", supervisor.Restarts, supervisor.Restarts+supervisor.RestartsLeft)
}

// answers tells whether Neo4j runs queries. With credentials that it refuses we cannot know better than that it
// speaks Bolt and, where it has an HTTP port, answers there.
func (v view) answers() bool {
	bolt := v.seen.Bolt
	return bolt.Answers || bolt.Refused && bolt.Open && (v.seen.HTTP || v.facts.Member.Ports.HTTP == 0)
}

// inCluster tells whether this member is part of a cluster with a leader: by its raft status, and only where that
// does not answer by the overview, which in 3.5 lags behind.
func (v view) inCluster() bool {
	if v.seen.Raft.Known && v.seen.Raft.Core {
		return v.seen.Raft.led()
	}
	return v.own().Roles[v.database()] != "" && v.seen.hasLeader(v.database())
}

// serving tells whether the member is ready.
func (v view) serving() bool {
	if !v.answers() {
		return false
	}
	switch v.facts.Member.Role {
	case Core:
		return v.inCluster()
	case ReadReplica:
		return v.seen.ReplicaAvailable || v.own().Roles[v.database()] == RoleReadReplica
	}
	return true
}

// joining tells whether a member of a cluster has come as far as its discovery. What a replica does before its ports
// open cannot be seen from outside, so all of that is joining.
func (v view) joining() bool {
	switch v.facts.Member.Role {
	case Core:
		return v.facts.Member.Ports.Discovery == 0 || !v.seen.DiscoveryClosed
	case ReadReplica:
		return true
	}
	return false
}

// broken says what makes a member that may well answer useless.
func (v view) broken() string {
	if v.seen.Raft.Known && !v.seen.Raft.Healthy {
		return "neo4j reports its database as unhealthy (a panic, see debug.log): only a restart helps"
	}
	return ""
}

// stuck says which bound a member that does not serve has passed.
func (v view) stuck() string {
	standalone := v.facts.Member.Role == Standalone
	unbound := v.now.Sub(v.memory.database)
	silent := v.now.Sub(v.memory.wroteAt)
	shutOut := min(v.now.Sub(v.memory.movedAt), v.now.Sub(v.memory.ledSince))
	switch {
	case v.seen.DiscoveryClosed && !v.seen.HTTP && !v.seen.Bolt.Open && unbound >= v.bounds.Bind:
		return fmt.Sprintf("discovery port %s never opened in %s: neo4j cannot bind to it (no network interface has this address?)",
			v.facts.Member.discovery(), brief(v.bounds.Bind))
	case standalone && silent >= v.bounds.Join:
		return fmt.Sprintf("neo4j has neither answered nor written anything for %s%s", brief(v.bounds.Join), v.boltError())
	case !standalone && !v.memory.ledSince.IsZero() && shutOut >= v.bounds.Join:
		return fmt.Sprintf("%s, and nothing has moved for %s", v.shutOut(), brief(v.bounds.Join))
	}
	return ""
}

// remember carries what this round saw into the memory.
func (v view) remember() memory {
	if !v.running() {
		return memory{}
	}
	m, seen := v.was.memory, v.seen.Progress
	if started := later(v.facts.Supervisor.DatabaseSince, v.facts.StepSince); !m.database.Equal(started) || started.IsZero() && m == (memory{}) {
		m = memory{database: started, progress: seen, movedAt: started, wroteAt: started}
	}
	if v.was.Phase == Ready || m.progress.storeMoved(seen) {
		m.movedAt = v.now
	}
	if v.was.Phase == Ready || m.progress != seen {
		m.wroteAt = v.now
	}
	m.progress = seen
	m.served = m.served || v.was.Phase == Ready
	switch {
	case len(v.seen.Others.Led) == 0 && !v.inCluster():
		m.ledSince = time.Time{}
	case m.ledSince.IsZero():
		m.ledSince = v.now
	}
	return m
}

func (v view) own() Seen { return v.seen.own(v.facts.Member.bolt()) }

// database is the one that the paths without ?database= mean.
func (v view) database() string { return v.facts.Dialect.DefaultDatabase }

func (m Member) bolt() string { return hostPort(m.Address, m.Ports.Bolt) }

func (m Member) discovery() string { return hostPort(first(m.Listen, "0.0.0.0"), m.Ports.Discovery) }

func hostPort(host string, port int) string {
	if host == "" || port == 0 {
		return ""
	}
	return net.JoinHostPort(host, strconv.Itoa(port))
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func first(texts ...string) string {
	if i := slices.IndexFunc(texts, func(s string) bool { return s != "" }); i >= 0 {
		return texts[i]
	}
	return ""
}
