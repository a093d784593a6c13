package health

import "time"

// Observation is what one round of probing saw. Its zero value is no round at all.
type Observation struct {
	Asked            bool // there was a round
	Bolt             Bolt
	HTTP             bool // the HTTP port answers
	Raft             Raft
	Writable         bool // Neo4j's own endpoint says that writes work here
	ReplicaAvailable bool // Neo4j's own endpoint says that this replica serves
	DiscoveryClosed  bool // it is certain that nobody listens on the discovery port
	Members          []Seen
	Connected        []string // other discovery members with a connection to our discovery port; nil: not looked
	Others           Others
	Progress         Progress
}

// Bolt is how the Bolt port answers.
type Bolt struct {
	Open    bool   // speaks Bolt
	Answers bool   // has run a query for us
	Refused bool   // does not accept our credentials; whether queries work is not known then
	Error   string // why not
}

// Raft is the raft status of a member as its HTTP endpoint gives it.
type Raft struct {
	Known         bool // the endpoint answered
	Core          bool
	Healthy       bool // false after a panic of the database, which only a restart ends
	Participating bool // a voting member that knows a leader
	MemberID      string
	Leader        string // member id, "" when there is none
	Voting        []string
	SinceLeader   time.Duration // since the last message of the leader
	AppliedIndex  int64
}

// Seen is one row of the cluster overview.
type Seen struct {
	ID    string
	Bolt  string            // host:port
	HTTP  string            // host:port, "" without the connector
	Roles map[string]string // database to role
}

// Others are the answers of the other members, asked only while this one is not in the cluster.
type Others struct {
	Up       []string // hosts whose Neo4j takes connections; only Neighbours looks
	Answered []string // hosts that gave a raft status
	Led      []string // those of them that are in a cluster with a leader
}

// Progress are figures that grow while something moves.
type Progress struct {
	StoreBytes   int64 // databases and transaction logs on disk
	StoreWritten int64 // newest change of any of their files, Unix nanoseconds
	LogBytes     int64 // debug.log
	RaftIndex    int64 // last applied
}

// storeMoved tells whether data has moved since p. debug.log does not count: a member that cannot join logs that too.
func (p Progress) storeMoved(next Progress) bool {
	p.LogBytes = next.LogBytes
	return p != next
}

// led tells whether the member is part of a raft group that has a leader. In 3.5 the endpoints available and
// read-only say true even without one, so they prove nothing.
func (r Raft) led() bool {
	return r.Known && r.Healthy && r.Participating && r.Leader != "" &&
		(r.Leader == r.MemberID || r.SinceLeader < staleLeader)
}

// own finds this member's row: by its id where the raft status gave one, else by its Bolt address, which for a while
// may be that of a member replaced. Without one it is empty.
func (o Observation) own(bolt string) Seen {
	for _, seen := range o.Members {
		if o.Raft.MemberID == seen.ID || o.Raft.MemberID == "" && bolt == seen.Bolt {
			return seen
		}
	}
	return Seen{}
}

// hasLeader tells whether the overview shows a leader of the database.
func (o Observation) hasLeader(database string) bool {
	for _, seen := range o.Members {
		if seen.Roles[database] == RoleLeader {
			return true
		}
	}
	return false
}
