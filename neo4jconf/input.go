package neo4jconf

import (
	"fmt"
	"strconv"
	"time"
)

// Role of a member.
type Role string

// The roles. The words are those of the program's state files.
const (
	Standalone  Role = "standalone"
	Core        Role = "core"
	ReadReplica Role = "read-replica"
)

// Discovery is what Input.Members are; the empty one says that the program finds no members and Neo4j is left alone.
type Discovery string

// The kinds of discovery.
const (
	List Discovery = "list" // host or host:port each
	DNS  Discovery = "dns"  // one name with an A record for each member
	SRV  Discovery = "srv"  // one name with an SRV record for each member
)

// Defaults of an Input. Three cores at formation is the replaced system's; a day is what Neo4j itself waits for its
// cluster since 5.26 (manual), long enough that the program's own bound decides.
const (
	defaultFormationSize  = 3
	defaultBindingTimeout = 24 * time.Hour
)

// Input is all that a neo4j.conf depends on.
type Input struct {
	Dialect Dialect
	File    []byte            // the neo4j.conf found, nil for none; our own last output counts as what it was made from
	APOC    []byte            // the apoc.conf found beside it, nil for none; read from Neo4j 5 on
	Env     map[string]string // NEO4J_ variables, names in full

	Role           Role             // "" for what Intent says
	Discovery      Discovery        // "" outside a cluster of ours
	Members        []string         // discovery members; nil before they are known: none are written then
	Advertise      string           // host that others reach this member at; needed in a cluster of ours
	Listen         string           // host that the cluster ports listen on, "" for Advertise
	Hostname       string           // host name, which the official image advertises outside a cluster of ours
	Service        DiscoveryService // what the cluster runs that this member was or will be part of, "" for a new cluster
	FormationSize  int              // cores at first formation where the user names no number, 0 for 3
	BindingTimeout time.Duration    // how long Neo4j waits for its cluster where the user does not say, 0 for a day

	HomeDir      string          // $NEO4J_HOME
	DataRoot     string          // NEO4J_DATA_ROOT
	Mounts       map[string]bool // which of /import /licenses /logs /metrics /plugins /ssl exist
	ConfDir      string          // folder of the neo4j.conf that Neo4j will read, "" for $NEO4J_HOME/conf
	ServerLogs   []byte          // the server-logs.xml in ConfDir, nil for none; read from Neo4j 5 on
	Memory       Memory          // sizes where the user gives none
	QueryLog     bool            // NEO4J_QUERY_LOG=enabled
	AuthDisabled bool            // NEO4J_AUTH=none
	Plugins      []string        // NEO4J_PLUGINS
	TLS          TLS             // certificates that the program found
}

// Intent is what file and variables want, as far as it is needed before members are known.
type Intent struct {
	Role          Role
	FormationSize int // cores to wait for at first formation; 0 for a standalone server
	Ports         Ports
	Config        Config // the configuration without members, for the admin tools
}

// Intent tells the role, the formation size and the ports that Render will come to. Members are not looked at. Without
// discovery the role is the user's own affair: that of dbms.mode in file or variables.
func (in Input) Intent() (Intent, error) {
	in.Members = nil
	config, _, err := Render(in)
	if err != nil {
		return Intent{}, err
	}
	intent := Intent{Role: config.Role(), Ports: config.Ports(), Config: config}
	if intent.Role == Standalone {
		return intent, nil
	}
	intent.FormationSize = defaultFormationSize
	if text := config.get(formationSize); text != "" {
		intent.FormationSize, err = strconv.Atoi(text)
		if err != nil || intent.FormationSize < 1 {
			return Intent{}, fmt.Errorf("cannot use %s=%s: not a number of members", in.Dialect.name(formationSize), text)
		}
	}
	return intent, nil
}

// clustered tells whether this is a member of a cluster that the program forms.
func (in Input) clustered() bool { return in.Role != Standalone && in.Discovery != "" }

// check refuses inputs that make no configuration.
func (in Input) check() error {
	switch {
	case in.Discovery != "" && in.Discovery != List && in.Discovery != DNS && in.Discovery != SRV:
		return fmt.Errorf("cannot render a cluster: unknown discovery %q", in.Discovery)
	case in.Service != "" && in.Service != V1Only && in.Service != V2Only:
		return fmt.Errorf("cannot render a cluster: unknown discovery service %q", in.Service)
	case in.Role != Standalone && modes[in.Role] == "":
		return fmt.Errorf("cannot render role %q: there are %s, %s and %s", in.Role, Standalone, Core, ReadReplica)
	case in.clustered() && in.Dialect.Edition != Enterprise:
		return fmt.Errorf("cannot form a cluster of Neo4j %v %s: clusters need Enterprise", in.Dialect.Version, in.Dialect.Edition)
	case in.clustered() && in.Advertise == "":
		return fmt.Errorf("cannot render a %s: its own address is unknown", in.Role)
	}
	return nil
}
