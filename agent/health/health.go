// Package health knows how this member is: its phase, its role and who else is in the cluster.
//
// A Monitor goes round in the background: it takes the Facts that the other processes told, lets a Prober look at
// Neo4j over HTTP and Bolt, and Assess makes a Status of both. The HTTP handler answers from the last Status alone, so
// an answer costs microseconds and never waits for Neo4j.
package health

import "time"

// Phase is where the member is in its life.
type Phase string

// The phases, in the order of an ordinary life.
const (
	Preparing Phase = "preparing" // members, restore, configuration: Neo4j has not been started
	Restoring Phase = "restoring" // a backup is being laid down
	Starting  Phase = "starting"  // the process of Neo4j runs, or is about to, and does not answer yet
	Joining   Phase = "joining"   // it runs and is not, or no longer, part of a cluster that has a leader
	Ready     Phase = "ready"     // it serves, and is part of its cluster
	Draining  Phase = "draining"  // the container is on its way out
	Failed    Phase = "failed"    // beyond help: only a new container may do better
)

// Kinds of members, as prepare writes them.
const (
	Standalone  = "standalone"
	Core        = "core"
	ReadReplica = "read-replica"
)

// Roles of a member in a database, in Neo4j's words. RoleStandalone is ours.
const (
	RoleLeader      = "LEADER"
	RoleFollower    = "FOLLOWER"
	RoleReadReplica = "READ_REPLICA"
	RoleStandalone  = "STANDALONE"
	RoleUnknown     = "UNKNOWN"
)

// Facts are what the other processes told, gathered anew for each round.
type Facts struct {
	AgentVersion   string
	ContainerStart time.Time
	Supervisor     Supervisor
	Prepared       bool      // prepare is done; before that only Step and StepSince of what follows are valid
	Step           string    // what prepare is doing, for people
	StepSince      time.Time // since when
	Restore        *Restore  // under way, nil for none
	Seeding        string    // what the databases of this new cluster wait for, "" for nothing
	Member         Member
	Dialect        Dialect
}

// Supervisor is what PID 1 said. An empty Phase means that there is no PID 1 of ours: then Neo4j is judged by its
// answers alone.
type Supervisor struct {
	Phase         string // preparing, running, backing-off, draining, stopping, flushing
	Since         time.Time
	Reason        string // "neo4j ended with exit code 137; restart 1 of 3"
	Restarts      int    // in-place restarts of the database so far
	RestartsLeft  int
	DatabasePID   int // 0 while the database does not run
	DatabaseSince time.Time
	FailedWrites  int // state files that could not be written
}

// Member is this member as prepare configured it.
type Member struct {
	ID, Cluster      string
	Version, Edition string // of Neo4j
	Role             string // Standalone, Core or ReadReplica
	Address          string // advertised host
	Listen           string // host that Neo4j listens on; empty or a wildcard means every interface
	Ports            Ports
	LocalBolt        string // host:port at which this machine reaches Bolt, "" when that is off
	LocalHTTP        string // the same for HTTP
	LocalHTTPS       string // the same for HTTPS, which is asked where HTTP is off
	BoltPin          Pin    // set where Bolt wants TLS
	HTTPSPin         Pin
	Members          []string // discovery members, host:port, own one included
	FormationSize    int
	AuthEnabled      bool
	FormedBefore     bool   // the volume has been in a formed cluster
	DataDir          string // of Neo4j, holds databases/
	DebugLog         string // path of debug.log, "" when unknown
}

// Ports of this member. Zero means not in use.
type Ports struct {
	Bolt, HTTP, Discovery, Transaction, Raft int
}

// Dialect is how this generation of Neo4j is asked. An empty path or query means that there is none, and that a
// standalone server is not asked that way.
type Dialect struct {
	StatusPath         string // GET: the raft status as JSON, on cores and replicas
	WritablePath       string // GET: 200 on the leader
	ReplicaAvailable   string // GET: 200 on a read replica that serves
	OverviewQuery      string // rows id, addresses, role or databases, groups
	DefaultDatabase    string
	DatabaseSelectable bool // Bolt sessions may name a database (4.0 and later)
}

// Bounds end the states that could last for ever.
type Bounds struct {
	Bind time.Duration // from the start of the database until its discovery port must be open
	Join time.Duration // without any movement, while the others have a leader, or while nothing answers
	// Restore is how long a restore may stand still.
	Restore time.Duration
	Failed  time.Duration // how long failed lasts before the member gives up
}

// staleLeader is how long a follower may have heard nothing from its leader before we stop to believe that it has one.
// causal_clustering.leader_election_timeout is 7 s by default and the time-out is drawn from one to two times that
// (Operations Manual 3.5, Settings reference); thrice leaves room for a pause of the JVM.
const staleLeader = 21 * time.Second
