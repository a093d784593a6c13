package health

import (
	"strings"
	"testing"
	"time"
)

var (
	noon   = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	bounds = Bounds{Bind: 90 * time.Second, Join: 10 * time.Minute, Failed: time.Minute}
)

// facts35 are those of a member of a 3.5 cluster whose database runs since noon.
func facts35(kind string) Facts {
	return Facts{
		AgentVersion: "1.0", ContainerStart: noon.Add(-time.Minute), Prepared: true, StepSince: noon.Add(-time.Second),
		Supervisor: Supervisor{Phase: "running", DatabasePID: 42, DatabaseSince: noon, RestartsLeft: 3},
		Member: Member{ID: "task-1", Cluster: "movies", Version: "3.5.0", Edition: "enterprise", Role: kind,
			Address: "10.0.0.1", Listen: "10.0.0.1", Ports: Ports{Bolt: 7687, HTTP: 7474, Discovery: 5000},
			Members:       []string{"10.0.0.1:5000", "10.0.0.2:5000", "10.0.0.3:5000"},
			FormationSize: 3, AuthEnabled: true},
		Dialect: Dialect{StatusPath: "/db/manage/server/causalclustering/status",
			WritablePath:     "/db/manage/server/causalclustering/writable",
			ReplicaAvailable: "/db/manage/server/read-replica/available",
			OverviewQuery:    "CALL dbms.cluster.overview()", DefaultDatabase: "graph.db"},
	}
}

func member35(id, host, role string) Seen {
	return Seen{ID: id, Bolt: host + ":7687", HTTP: host + ":7474", Roles: map[string]string{"graph.db": role}}
}

// formed is what a core sees in a whole cluster of three; it is member a, leader the id of the leader.
func formed(leader string) Observation {
	role := func(id string) string {
		if id == leader {
			return RoleLeader
		}
		return RoleFollower
	}
	o := Observation{Asked: true, Bolt: Bolt{Open: true, Answers: true}, HTTP: true, Writable: leader == "a",
		Raft: Raft{Known: true, Core: true, Healthy: true, Participating: true, MemberID: "a", Leader: leader,
			Voting: []string{"a", "b", "c"}, SinceLeader: 2 * time.Second},
		Members: []Seen{member35("a", "10.0.0.1", role("a")), member35("b", "10.0.0.2", role("b")), member35("c", "10.0.0.3", role("c"))}}
	return o
}

func change(o Observation, f func(*Observation)) Observation {
	f(&o)
	return o
}

// minority is a 3.5 core alone of three: as captured, no leader in the status, while Bolt, available and read-only
// all say yes.
func minority() Observation {
	return change(formed("b"), func(o *Observation) {
		o.Raft.Leader, o.Raft.Participating, o.Raft.SinceLeader = "", false, 72*time.Second
		o.Members = o.Members[:1]
	})
}

func TestAssess(t *testing.T) {
	ready := Status{Phase: Ready, Since: noon, EverReady: true, Members: []MemberStatus{
		{ID: "a", Address: "10.0.0.1:7687"}, {ID: "b", Address: "10.0.0.2:7687"}, {ID: "c", Address: "10.0.0.3:7687"}}}
	unjoined := Observation{Asked: true, Connected: []string{"10.0.0.2:5000"}}
	ledElsewhere := change(unjoined, func(o *Observation) { o.Others = Others{Answered: []string{"10.0.0.2"}, Led: []string{"10.0.0.2"}} })
	replica := Observation{Asked: true, Bolt: Bolt{Open: true, Answers: true}, HTTP: true, ReplicaAvailable: true,
		Raft:    Raft{Known: true, Healthy: true, MemberID: "r", Leader: "b", Voting: []string{"a", "b", "c"}},
		Members: append(formed("b").Members[1:], member35("r", "10.0.0.1", RoleReadReplica))}
	refused := Bolt{Open: true, Refused: true, Error: "Neo.ClientError.Security.AuthenticationRateLimit"}
	led := memory{database: noon, movedAt: noon, wroteAt: noon, ledSince: noon}

	for _, test := range []struct {
		name   string
		was    Status
		facts  Facts
		change func(*Facts)
		seen   Observation
		after  time.Duration
		phase  Phase
		role   string
		reason string // a part of it; "-" for none at all
	}{
		{name: "before prepare is done the step is the reason", facts: facts35(Core), change: func(f *Facts) {
			f.Prepared, f.Step, f.Supervisor = false, "waiting for members: 2 of 3 found", Supervisor{Phase: "preparing"}
		}, phase: Preparing, reason: "waiting for members: 2 of 3 found"},
		{name: "a database that died is starting again, with the reason", facts: facts35(Core), was: ready, change: func(f *Facts) {
			f.Supervisor = Supervisor{Phase: "backing-off", Reason: "neo4j ended with exit code 137; restart 1 of 3", Restarts: 1}
		}, phase: Starting, reason: "neo4j ended with exit code 137; restart 1 of 3"},
		{name: "prepare before a restart in place is starting", facts: facts35(Core), was: ready, change: func(f *Facts) {
			f.Prepared, f.Step = false, "finding members"
			f.Supervisor = Supervisor{Phase: "preparing", Restarts: 1, RestartsLeft: 2}
		}, phase: Starting, reason: "neo4j ended; restart 1 of 3: finding members"},
		{name: "a prepared member whose database has no process yet is starting", facts: facts35(Core), change: func(f *Facts) {
			f.Supervisor = Supervisor{Phase: "running"}
		}, phase: Starting, reason: "about to start"},
		{name: "a database that was not asked yet is starting", facts: facts35(Core), phase: Starting, reason: "not been asked"},
		{name: "when PID 1 drains the member drains", facts: facts35(Core), was: ready, seen: formed("a"),
			change: func(f *Facts) { f.Supervisor.Phase, f.Supervisor.Reason = "stopping", "SIGTERM" }, phase: Draining, reason: "SIGTERM", role: RoleLeader},
		{name: "draining never ends in ready", facts: facts35(Core), was: Status{Phase: Draining, Reason: "spot notice"}, seen: formed("a"), phase: Draining, reason: "spot notice", role: RoleLeader},

		{name: "a standalone server that runs queries is ready", facts: facts35(Standalone), seen: Observation{Asked: true, Bolt: Bolt{Open: true, Answers: true}}, phase: Ready, role: RoleStandalone, reason: "-"},
		{name: "a standalone server without Bolt is starting", facts: facts35(Standalone), seen: Observation{Asked: true, HTTP: true}, phase: Starting, reason: "neo4j is starting"},
		{name: "with refused credentials Bolt and HTTP decide", facts: facts35(Standalone), seen: Observation{Asked: true, HTTP: true, Bolt: refused}, phase: Ready, role: RoleStandalone, reason: "no credentials that neo4j accepts"},
		{name: "with refused credentials Bolt without its HTTP is not enough", facts: facts35(Standalone), seen: Observation{Asked: true, Bolt: refused}, phase: Starting},
		{name: "with refused credentials and no HTTP connector Bolt is enough", facts: facts35(Standalone), change: func(f *Facts) { f.Member.Ports.HTTP = 0 }, seen: Observation{Asked: true, Bolt: refused}, phase: Ready, role: RoleStandalone},
		{name: "a standalone server that writes its log may take its time", facts: facts35(Standalone), was: Status{memory: memory{database: noon, wroteAt: noon}}, seen: Observation{Asked: true, Progress: Progress{LogBytes: 1}}, after: time.Hour, phase: Starting},
		{name: "a standalone server that does nothing has failed", facts: facts35(Standalone), seen: Observation{Asked: true, Bolt: Bolt{Error: "i/o timeout"}}, after: 10 * time.Minute, phase: Failed, reason: "neither answered nor written anything for 10m (i/o timeout)"},

		{name: "the leader is ready", facts: facts35(Core), seen: formed("a"), phase: Ready, role: RoleLeader, reason: "-"},
		{name: "a follower is ready", facts: facts35(Core), seen: formed("b"), phase: Ready, role: RoleFollower, reason: "-"},
		{name: "the raft status is newer than the overview", facts: facts35(Core), seen: change(formed("b"), func(o *Observation) { o.Raft.Leader = "a" }), phase: Ready, role: RoleLeader},
		{name: "with refused credentials the raft status decides", facts: facts35(Core), seen: change(formed("a"), func(o *Observation) { o.Bolt, o.Members = refused, nil }), phase: Ready, role: RoleLeader, reason: "no credentials that neo4j accepts"},
		{name: "without an HTTP connector the overview decides", facts: facts35(Core), seen: change(formed("b"), func(o *Observation) { o.Raft, o.HTTP = Raft{}, false }), phase: Ready, role: RoleFollower},
		{name: "an overview without a leader is no cluster", facts: facts35(Core), seen: change(formed(""), func(o *Observation) { o.Raft, o.HTTP = Raft{}, false }), phase: Joining},
		{name: "a panicked database has failed although it answers", facts: facts35(Core), was: ready, seen: change(formed("a"), func(o *Observation) { o.Raft.Healthy = false }), phase: Failed, reason: "only a restart helps"},

		{name: "a cluster whose databases are still to be seeded is not ready", facts: facts35(Core), change: func(f *Facts) { f.Seeding = "being seeded from x" }, seen: formed("a"), phase: Joining, reason: "being seeded from x", role: RoleLeader},
		{name: "nor failed while its default database is not there", facts: facts35(Core), change: func(f *Facts) { f.Seeding = "being seeded from x" },
			seen: Observation{Asked: true, Bolt: Bolt{Open: true}, HTTP: true}, after: 100 * time.Hour, phase: Joining, reason: "being seeded from x"},
		{name: "before it answers it is what it was without a seed", facts: facts35(Core), change: func(f *Facts) { f.Seeding = "being seeded from x" },
			seen: Observation{Asked: true, DiscoveryClosed: true}, after: 90 * time.Second, phase: Failed, reason: "never opened"},

		{name: "a process whose discovery port is still closed is starting", facts: facts35(Core), seen: Observation{Asked: true, DiscoveryClosed: true}, after: 89 * time.Second, phase: Starting, reason: "neo4j is starting"},
		{name: "a discovery port that never opens is a failure with its name", facts: facts35(Core), seen: Observation{Asked: true, DiscoveryClosed: true}, after: 90 * time.Second, phase: Failed, reason: "discovery port 10.0.0.1:5000 never opened in 1m30s: neo4j cannot bind"},
		{name: "a member that waits for the others to form is joining for ever", facts: facts35(Core), seen: unjoined, after: 100 * time.Hour, phase: Joining, reason: "waiting for members: 2 of 3 present, not 10.0.0.3:5000"},
		{name: "a member shut out of a cluster with a leader is joining within the bound", facts: facts35(Core), was: Status{memory: led}, seen: ledElsewhere, after: 9 * time.Minute, phase: Joining, reason: "has a leader (says 10.0.0.2), but this member has not joined it for 9m"},
		{name: "a member shut out of a cluster with a leader has failed after the bound", facts: facts35(Core), was: Status{memory: led}, seen: ledElsewhere, after: 10 * time.Minute, phase: Failed, reason: "has not joined it, and nothing has moved for 10m"},
		{name: "a member whose store grows is not shut out", facts: facts35(Core), was: Status{memory: led}, seen: change(ledElsewhere, func(o *Observation) { o.Progress.StoreBytes = 1 }), after: time.Hour, phase: Joining, reason: "its store is being written"},
		{name: "a growing debug.log is no way of joining", facts: facts35(Core), was: Status{memory: led}, seen: change(ledElsewhere, func(o *Observation) { o.Progress.LogBytes = 1 }), after: time.Hour, phase: Failed},
		{name: "the clock starts when the others have a leader, not before", facts: facts35(Core), seen: ledElsewhere, after: time.Hour, phase: Joining},
		{name: "the clock starts anew with another database process", facts: facts35(Core), change: func(f *Facts) { f.Supervisor.DatabaseSince = noon.Add(time.Hour) }, was: Status{memory: led}, seen: ledElsewhere, after: time.Hour, phase: Joining},
		{name: "the clock stops when the others lose their leader", facts: facts35(Core), was: Status{memory: led}, seen: unjoined, after: time.Hour, phase: Joining, reason: "waiting for members"},

		{name: "a core in a minority is joining for ever, although 3.5 calls it available", facts: facts35(Core), was: ready, seen: minority(), after: 100 * time.Hour, phase: Joining, reason: "no leader: 1 of 3 voting members present (not 10.0.0.2:7687, 10.0.0.3:7687); a majority is needed"},
		{name: "a follower whose leader went silent has none", facts: facts35(Core), was: ready, seen: change(formed("b"), func(o *Observation) { o.Raft.SinceLeader = 21 * time.Second }), phase: Joining, reason: "no leader"},
		{name: "a follower whose leader is silent for an election is still ready", facts: facts35(Core), was: ready, seen: change(formed("b"), func(o *Observation) { o.Raft.SinceLeader = 14 * time.Second }), phase: Ready, role: RoleFollower},
		{name: "a core that lost the vote while the others have a leader is joining", facts: facts35(Core), was: ready, seen: change(formed("b"), func(o *Observation) { o.Raft.Participating, o.Others.Led = false, []string{"10.0.0.2"} }), phase: Joining, reason: "has a leader (says 10.0.0.2)"},
		{name: "a core that hangs is not waiting for members", facts: facts35(Core), was: ready, seen: change(unjoined, func(o *Observation) { o.Bolt.Error = "i/o timeout" }), phase: Joining, reason: "neo4j does not answer (i/o timeout)"},
		{name: "a core that hangs while the others have a leader says so", facts: facts35(Core), was: ready, seen: ledElsewhere, phase: Joining, reason: "neo4j does not answer while the cluster has a leader (says 10.0.0.2)"},
		{name: "a standalone server that hangs is not ready", facts: facts35(Standalone), was: ready, seen: Observation{Asked: true, Bolt: Bolt{Error: "i/o timeout"}}, phase: Starting, reason: "neo4j does not answer (i/o timeout)"},
		{name: "a core in the cluster whose Bolt hangs is not ready", facts: facts35(Core), was: ready, seen: change(formed("b"), func(o *Observation) { o.Bolt = Bolt{Error: "i/o timeout"} }), phase: Joining, role: RoleFollower, reason: "it has not run a query (i/o timeout)"},
		{name: "a core in the cluster whose Bolt hangs has failed after the bound", facts: facts35(Core), was: Status{memory: led}, seen: change(formed("b"), func(o *Observation) { o.Bolt = Bolt{Error: "i/o timeout"} }), after: 10 * time.Minute, phase: Failed, role: RoleFollower},

		{name: "a replica that Neo4j calls available is ready", facts: facts35(ReadReplica), seen: replica, phase: Ready, role: RoleReadReplica, reason: "-"},
		{name: "a replica of a cluster without a leader is ready and says so", facts: facts35(ReadReplica), seen: change(replica, func(o *Observation) { o.Raft.Leader = "" }), phase: Ready, role: RoleReadReplica, reason: "reads may be stale"},
		{name: "a replica without an HTTP connector is ready by the overview", facts: facts35(ReadReplica), seen: change(replica, func(o *Observation) { o.HTTP, o.ReplicaAvailable, o.Raft = false, false, Raft{} }), phase: Ready, role: RoleReadReplica},
		{name: "a replica that finds no core is joining for ever", facts: facts35(ReadReplica), seen: Observation{Asked: true}, after: 100 * time.Hour, phase: Joining, reason: "waiting for members"},
		{name: "a replica shut out of a cluster with a leader has failed after the bound", facts: facts35(ReadReplica), was: Status{memory: led}, seen: ledElsewhere, after: 10 * time.Minute, phase: Failed},
		{name: "without a PID 1 of ours the answers alone decide", facts: facts35(Core), change: func(f *Facts) { f.Supervisor = Supervisor{} }, seen: formed("a"), phase: Ready, role: RoleLeader},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.change != nil {
				test.change(&test.facts)
			}
			now := noon.Add(test.after)
			got := Assess(test.was, test.facts, test.seen, bounds, now)
			if got.Phase != test.phase {
				t.Errorf("phase is %s (%s), want %s", got.Phase, got.Reason, test.phase)
			}
			if want := first(test.role, RoleUnknown); got.Role != want {
				t.Errorf("role is %s, want %s", got.Role, want)
			}
			if test.reason == "-" && got.Reason != "" || test.reason != "-" && !strings.Contains(got.Reason, test.reason) {
				t.Errorf("reason is %q, want %q", got.Reason, test.reason)
			}
			if want := test.was.EverReady || test.phase == Ready; got.EverReady != want {
				t.Errorf("everReady is %v, want %v", got.EverReady, want)
			}
			if got.Writable != (test.phase == Ready && (got.Role == RoleLeader || got.Role == RoleStandalone)) {
				t.Errorf("writable is %v in phase %s as %s", got.Writable, got.Phase, got.Role)
			}
		})
	}
}
