// Package runstate is what the processes of one container tell each other: the state files in the run directory and
// the words of the drain talk.
//
// Each file has one writer (supervisor.json PID 1, prepare.json prepare, serve.json serve) and is for observation only:
// nothing that keeps the database alive depends on one. They are replaced by rename and never fsynced, since the run
// directory does not outlive the container.
package runstate

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Names of the state files.
const (
	SupervisorFile = "supervisor.json"
	PreparedFile   = "prepare.json"
	ServedFile     = "serve.json"
)

// Words of the talk between PID 1 and serve, one a line over a socketpair. A reason may follow GiveUp and Drain after
// one space.
const (
	Drain   = "drain"   // PID 1: go unready, withdraw records, let clients go. serve: please drain me (spot notice)
	Drained = "drained" // serve: nobody is sent here any more
	Stopped = "stopped" // PID 1: the database has ended; read its logs to the end, flush and leave
	GiveUp  = "giveup"  // serve: this member is beyond help; drain and leave non-zero
)

// Supervisor is what PID 1 says of itself and its children.
type Supervisor struct {
	Version      string    `json:"version"`
	PID          int       `json:"pid"`
	StartedAt    time.Time `json:"startedAt"`
	Phase        string    `json:"phase"` // preparing, running, backing-off, draining, stopping, flushing
	Since        time.Time `json:"since"`
	Reason       string    `json:"reason,omitempty"`
	Database     Child     `json:"database"`
	Serve        Child     `json:"serve"`
	Prepare      Child     `json:"prepare"`
	RestartsLeft int       `json:"restartsLeft"`
	FailedWrites int       `json:"failedWrites,omitempty"`
}

// Child is one child process of PID 1. PID is 0 while it does not run.
type Child struct {
	PID       int       `json:"pid"`
	StartedAt time.Time `json:"startedAt,omitzero"`
	Starts    int       `json:"starts"`
	LastEnd   time.Time `json:"lastEnd,omitzero"`
	LastExit  string    `json:"lastExit,omitempty"` // "exit code 1", "killed by signal 9 (killed)"
}

// Prepared is what prepare found out. While it works only Step and Since tell; the rest is valid once Done is true.
type Prepared struct {
	Done  bool      `json:"done"`
	Step  string    `json:"step,omitempty"` // for people: "waiting for members: 2 of 3 found (10.0.0.1, 10.0.0.2)"
	Since time.Time `json:"since"`
	// Restore is the restore under way, nil for none.
	Restore *Restore `json:"restore,omitempty"`

	MemberID      string            `json:"memberId"`
	ClusterName   string            `json:"clusterName"`
	Neo4jVersion  string            `json:"neo4jVersion"`
	Edition       string            `json:"edition"`
	Role          string            `json:"role"`    // standalone, core, read-replica
	Address       string            `json:"address"` // advertised host
	Listen        string            `json:"listen"`  // host that the cluster ports listen on
	Ports         Ports             `json:"ports"`
	Local         Local             `json:"local"`
	Ask           Ask               `json:"ask"`
	Certificates  []Certificate     `json:"certificates,omitempty"`
	Members       []string          `json:"members,omitempty"` // discovery members, host:port
	FormationSize int               `json:"formationSize,omitempty"`
	FormedBefore  bool              `json:"formedBefore,omitempty"`
	AuthEnabled   bool              `json:"authEnabled"`
	DataDir       string            `json:"dataDir"`
	StateDir      string            `json:"stateDir"`                // .neo4j-agent on the volume
	Logs          map[string]string `json:"logs,omitempty"`          // name (debug, query, security, …) to path
	RotatedLogs   map[string]string `json:"rotatedLogs,omitempty"`   // name to what the paths of rotated files match that are elsewhere than beside
	UnwrittenLogs map[string]string `json:"unwrittenLogs,omitempty"` // those that go to no file, to the setting that would change it
	Markers       string            `json:"markers,omitempty"`       // folder of the restore's markers
	Scripts       map[string]string `json:"scripts,omitempty"`       // database to the statements of its users and roles, left by a restore
	Seeding       string            `json:"seeding,omitempty"`       // what the databases of a new cluster wait for

	// ShortestPassword is how many characters the server wants of a password.
	ShortestPassword int `json:"shortestPassword,omitempty"`
}

// Restore is how far a restore is.
type Restore struct {
	Snapshot string        `json:"snapshot"` // as it was asked for
	Step     string        `json:"step"`
	Done     int64         `json:"done"`            // bytes read
	Total    int64         `json:"total,omitempty"` // bytes to read, 0 while not known
	Rate     float64       `json:"rate,omitempty"`  // bytes a second
	Left     time.Duration `json:"left,omitempty"`  // in nanoseconds
	Moved    time.Time     `json:"moved"`           // when something was last read or written
}

// Ports of this member. Zero means not in use.
type Ports struct {
	Bolt        int `json:"bolt,omitempty"`
	HTTP        int `json:"http,omitempty"`
	HTTPS       int `json:"https,omitempty"`
	Discovery   int `json:"discovery,omitempty"`
	Transaction int `json:"transaction,omitempty"`
	Raft        int `json:"raft,omitempty"`
	Backup      int `json:"backup,omitempty"`
}

// Served is what serve must know again after its own restart.
type Served struct {
	Container time.Time `json:"container"` // start of the PID 1 that this is about
	EverReady bool      `json:"everReady"` // the member was ready in this container's life
	Phase     string    `json:"phase"`
	Since     time.Time `json:"since"`
	Reason    string    `json:"reason,omitempty"`
}

// Local is where this machine reaches Neo4j's own connectors, host:port. Empty means that one is off.
type Local struct {
	Bolt  string `json:"bolt,omitempty"`
	HTTP  string `json:"http,omitempty"`
	HTTPS string `json:"https,omitempty"`
	// BoltEncrypted says that Bolt takes nobody without TLS.
	BoltEncrypted bool `json:"boltEncrypted,omitempty"`
}

// Certificate is the one that a port shows.
type Certificate struct {
	Scope string `json:"scope"` // bolt or https
	File  string `json:"file"`
	Key   string `json:"key,omitempty"`   // file of its private key
	Begun string `json:"begun,omitempty"` // SHA-256 of it at the start of the database, in hex; "" where there was none yet
	// Ours says that prepare wrote the file, from what folder or variables gave.
	Ours bool `json:"ours,omitempty"`
}

// Ask is how this generation of Neo4j is asked how it is. What is empty does not exist there.
type Ask struct {
	StatusPath         string `json:"statusPath,omitempty"` // HTTP paths
	WritablePath       string `json:"writablePath,omitempty"`
	AvailablePath      string `json:"availablePath,omitempty"`
	OverviewQuery      string `json:"overviewQuery,omitempty"` // Cypher
	DefaultDatabase    string `json:"defaultDatabase"`
	DatabaseSelectable bool   `json:"databaseSelectable,omitempty"` // Bolt sessions may name a database
}

// Write replaces the file name in dir by v as JSON, atomically. It fails when the directory is full, read-only or
// missing; callers count that and go on.
func Write(dir, name string, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("cannot encode %s: %v", name, err)
	}
	temporary, err := os.CreateTemp(dir, name+".*")
	if err != nil {
		return fmt.Errorf("cannot write %s: %v", name, err)
	}
	_, err = temporary.Write(append(text, '\n'))
	if closed := temporary.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(temporary.Name(), filepath.Join(dir, name))
	}
	if err != nil {
		_ = os.Remove(temporary.Name())
		return fmt.Errorf("cannot write %s: %v", filepath.Join(dir, name), err)
	}
	return nil
}

// Read fills v from the file name in dir. The error is fs.ErrNotExist's when nobody has written it yet.
func Read(dir, name string, v any) error {
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return fmt.Errorf("cannot read %s: %w", name, err)
	}
	if err := json.Unmarshal(text, v); err != nil {
		return fmt.Errorf("cannot read %s: %v", filepath.Join(dir, name), err)
	}
	return nil
}
