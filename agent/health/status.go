package health

import "time"

// Status is what is known of this member: the body of /status, and the state that the other paths answer from.
type Status struct {
	Phase     Phase     `json:"phase"`
	Since     time.Time `json:"since"` // of the phase
	Reason    string    `json:"reason,omitempty"`
	EverReady bool      `json:"everReady"` // was ready in this container's life

	Version      string `json:"version,omitempty"` // of Neo4j
	Edition      string `json:"edition,omitempty"`
	AgentVersion string `json:"agentVersion,omitempty"`
	Cluster      string `json:"cluster,omitempty"`

	Role      string            `json:"role"`                // in the default database
	Databases map[string]string `json:"databases,omitempty"` // database to this member's role
	Writable  bool              `json:"writable"`
	Readable  bool              `json:"readable"`

	Member    Identity       `json:"member"`
	Members   []MemberStatus `json:"members,omitempty"`
	Formation Formation      `json:"formation,omitzero"`
	Restarts  Restarts       `json:"restarts"`
	Started   time.Time      `json:"started,omitzero"` // the container

	Restore    *Restore      `json:"restore,omitempty"`    // under way
	Unfinished *Unfinished   `json:"unfinished,omitempty"` // a restore that the running server has to finish
	Logs       []LogShipping `json:"logs,omitempty"`       // those that are sent
	Init       *Init         `json:"init,omitempty"`

	Backups *Backups `json:"backups,omitempty"` // in the bucket

	Secrets       *Secrets      `json:"secrets,omitempty"`       // while they cannot be read
	Users         *Users        `json:"users,omitempty"`         // those that the settings list
	Certificates  []Certificate `json:"certificates,omitempty"`  // that Neo4j shows
	RestartNeeded string        `json:"restartNeeded,omitempty"` // why the members should be replaced one after the other

	FailedWrites int `json:"failedWrites,omitempty"` // of state files

	memory memory
}

// Identity is this member.
type Identity struct {
	ID      string `json:"id,omitempty"`
	Kind    string `json:"kind,omitempty"` // standalone, core, read-replica
	Address string `json:"address,omitempty"`
	Bolt    string `json:"bolt,omitempty"` // advertised host:port
	HTTP    string `json:"http,omitempty"`
}

// MemberStatus is one member of the cluster as this one sees it.
type MemberStatus struct {
	ID      string `json:"id,omitempty"` // Neo4j's
	Address string `json:"address"`      // Bolt host:port; of members that never answered the discovery address
	HTTP    string `json:"http,omitempty"`
	Role    string `json:"role"`
	Healthy bool   `json:"healthy"` // this member is connected to it
	Own     bool   `json:"own,omitempty"`
}

// Formation is the cluster as a whole.
type Formation struct {
	Size    int    `json:"size,omitempty"`   // cores needed to form
	Formed  bool   `json:"formed"`           // this member has been in a formed cluster, now or in an earlier life
	Voting  int    `json:"voting,omitempty"` // voting members
	Present int    `json:"present"`          // of these, or of the members awaited, connected; this one counts
	Leader  string `json:"leader,omitempty"` // Bolt address of the default database's leader
}

// Restarts of the database in this container.
type Restarts struct {
	Done int `json:"done"`
	Left int `json:"left"`
}

// memory is what Assess must remember from round to round.
type memory struct {
	database time.Time // start of the database process that the rest is about
	served   bool      // it has been ready
	progress Progress
	movedAt  time.Time // last growth of the store or the raft index
	wroteAt  time.Time // last growth of the above or of debug.log
	ledSince time.Time // since when, without a break, the others have a leader; zero when they have none
}
