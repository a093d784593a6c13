package neo4jconf

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func values(c Config, names ...string) map[string]string {
	found := map[string]string{}
	for _, name := range names {
		if value, there := c.Get(name); there {
			found[name] = value
		}
	}
	return found
}

const (
	kindName    = "causal_clustering.discovery_type"
	membersName = "causal_clustering.initial_discovery_members"
)

func TestMembersAreWrittenUnlessTheUserFindsThemInAnotherWay(t *testing.T) {
	found := []string{"10.0.0.1", "10.0.0.2:5001", "10.0.0.1:5000", "fd00::3", "[fd00::3]:5000"}
	const list = "10.0.0.1:5000,10.0.0.2:5001,[fd00::3]:5000"
	tests := map[string]struct {
		kind, members string // the user's
		discovery     Discovery
		found         []string
		want          map[string]string
		warnings      int
	}{
		"found":                        {"", "", List, found, map[string]string{kindName: "LIST", membersName: list}, 0},
		"found, the user says so too":  {"LIST", "", List, found, map[string]string{kindName: "LIST", membersName: list}, 0},
		"not found yet":                {"", "", List, nil, map[string]string{}, 0},
		"not found, but the user's":    {"LIST", "a:5000", List, nil, map[string]string{kindName: "LIST", membersName: "a:5000"}, 0},
		"found and the user's":         {"LIST", "a:5000", List, found, map[string]string{kindName: "LIST", membersName: list}, 1},
		"the user's SRV record":        {"SRV", "core.neo4j:0", List, found, map[string]string{kindName: "SRV", membersName: "core.neo4j:0"}, 0},
		"the user's DNS name":          {"dns", "core.neo4j:5000", List, found, map[string]string{kindName: "dns", membersName: "core.neo4j:5000"}, 0},
		"the user's Kubernetes":        {"K8S", "", List, found, map[string]string{kindName: "K8S"}, 0},
		"SRV without a record is none": {"SRV", "", List, found, map[string]string{kindName: "LIST", membersName: list}, 1},
		"an SRV record found":          {"", "", SRV, []string{"core.neo4j"}, map[string]string{kindName: "SRV", membersName: "core.neo4j:0"}, 0},
		"a DNS name found":             {"", "", DNS, []string{"core.neo4j"}, map[string]string{kindName: "DNS", membersName: "core.neo4j:5000"}, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			for _, r := range []Role{Core, ReadReplica} {
				in := cluster(dialect(t, 3, 5, Enterprise), r)
				in.Discovery, in.Members = test.discovery, test.found
				in.Env = map[string]string{variableOf(kindName): test.kind, variableOf(membersName): test.members}
				c, warnings := render(t, in)
				if diff := cmp.Diff(test.want, values(c, kindName, membersName)); diff != "" {
					t.Errorf("%s (-want +got):\n%s", r, diff)
				}
				if len(warnings) != test.warnings {
					t.Errorf("%s: warnings %v", r, warnings)
				}
			}
		})
	}
}

// The local cluster of a user who is not root: one address, each member with ports of its own.
func TestMembersOnOneAddressHaveTheirOwnPorts(t *testing.T) {
	in := cluster(dialect(t, 3, 5, Enterprise), Core)
	in.Advertise, in.Listen = "127.0.0.1", "127.0.0.1"
	in.Members = []string{"127.0.0.1:5001", "127.0.0.1:5002", "127.0.0.1:5003"}
	in.Env = map[string]string{
		"NEO4J_dbms_connectors_default__listen__address":        "127.0.0.1",
		"NEO4J_causal__clustering_discovery__listen__address":   ":5002",
		"NEO4J_causal__clustering_transaction__listen__address": "127.0.0.1:6002",
		"NEO4J_causal__clustering_raft__listen__address":        ":7002",
		"NEO4J_causal__clustering_raft__advertised__address":    ":17002",
		"NEO4J_dbms_connector_bolt_listen__address":             ":7688",
		"NEO4J_dbms_connector_http_listen__address":             "127.0.0.1:7475",
		"NEO4J_dbms_connector_https_enabled":                    "false",
		"NEO4J_dbms_backup_address":                             "127.0.0.1:6363-6370",
	}
	c, warnings := render(t, in)
	want := map[string]string{
		"causal_clustering.discovery_listen_address":       "127.0.0.1:5002",
		"causal_clustering.discovery_advertised_address":   "127.0.0.1:5002",
		"causal_clustering.transaction_advertised_address": "127.0.0.1:6002",
		"causal_clustering.raft_listen_address":            "127.0.0.1:7002",
		"causal_clustering.raft_advertised_address":        "127.0.0.1:17002",
		"dbms.connector.bolt.listen_address":               ":7688",
		membersName:                                        "127.0.0.1:5001,127.0.0.1:5002,127.0.0.1:5003",
	}
	got := map[string]string{}
	for name := range want {
		got[name], _ = c.Get(name)
	}
	if diff := cmp.Diff(want, got); diff != "" || len(warnings) != 0 {
		t.Errorf("(-want +got):\n%s%v", diff, warnings)
	}
	ports := Ports{Bolt: 7688, HTTP: 7475, Discovery: 5002, Transaction: 6002, Raft: 7002, Backup: 6363}
	if c.Ports() != ports || c.BoltAddress() != "127.0.0.1:7688" || c.HTTPAddress() != "127.0.0.1:7475" || c.HTTPSAddress() != "" {
		t.Errorf("%+v %s %s %s", c.Ports(), c.BoltAddress(), c.HTTPAddress(), c.HTTPSAddress())
	}
}

func TestBehindABridgeAMemberListensWhereItCanAndAdvertisesTheHost(t *testing.T) {
	in := cluster(dialect(t, 4, 4, Enterprise), Core)
	in.Listen = "172.17.0.3"
	c, _ := render(t, in)
	want := map[string]string{
		"causal_clustering.raft_listen_address":     "172.17.0.3:7000",
		"causal_clustering.raft_advertised_address": "10.0.1.11:7000",
		"dbms.default_advertised_address":           "10.0.1.11",
	}
	if diff := cmp.Diff(want, values(c, "causal_clustering.raft_listen_address", "causal_clustering.raft_advertised_address", "dbms.default_advertised_address")); diff != "" {
		t.Error(diff)
	}
	in.Advertise, in.Listen = "fd00::1", ""
	c, _ = render(t, in)
	want = map[string]string{
		"causal_clustering.raft_listen_address":     "[fd00::1]:7000",
		"causal_clustering.raft_advertised_address": "[fd00::1]:7000",
		"dbms.default_advertised_address":           "fd00::1", // Neo4j refuses brackets here (jar)
		"dbms.routing.advertised_address":           "[fd00::1]:7688",
	}
	if diff := cmp.Diff(want, values(c, "causal_clustering.raft_listen_address", "causal_clustering.raft_advertised_address",
		"dbms.default_advertised_address", "dbms.routing.advertised_address")); diff != "" {
		t.Error(diff)
	}
}

func TestIntentTellsRoleAndFormationBeforeMembersAreKnown(t *testing.T) {
	size := variableOf("causal_clustering.minimum_core_cluster_size_at_formation")
	tests := map[string]struct {
		discovery Discovery
		file      string
		env       map[string]string
		ours      int
		role      Role
		size      int
	}{
		"nothing said":               {"", "", nil, 0, Standalone, 0},
		"discovery makes a core":     {List, "", nil, 0, Core, 3},
		"a replica by variable":      {List, "dbms.mode=CORE", map[string]string{"NEO4J_dbms_mode": "READ_REPLICA"}, 0, ReadReplica, 3},
		"a replica by file":          {List, "dbms.mode=READ_REPLICA", nil, 0, ReadReplica, 3},
		"single although discovered": {List, "", map[string]string{"NEO4J_dbms_mode": "SINGLE"}, 0, Standalone, 0},
		"the user's own cluster":     {"", "", map[string]string{"NEO4J_dbms_mode": "CORE", size: "5"}, 0, Core, 5},
		"size by variable":           {List, "", map[string]string{size: "2"}, 7, Core, 2},
		"size by file":               {List, "causal_clustering.minimum_core_cluster_size_at_formation = 5", nil, 7, Core, 5},
		"size by the program":        {List, "", nil, 7, Core, 7},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			intent, err := Input{Dialect: dialect(t, 4, 2, Enterprise), Discovery: test.discovery, Advertise: "10.0.0.1",
				File: []byte(test.file), Env: test.env, FormationSize: test.ours, Members: []string{"bad member:"}}.Intent()
			if err != nil || intent.Role != test.role || intent.FormationSize != test.size {
				t.Errorf("%v %d, %v; want %v %d", intent.Role, intent.FormationSize, err, test.role, test.size)
			}
		})
	}
	bad := Input{Dialect: dialect(t, 4, 2, Enterprise), Discovery: List, Advertise: "a", Env: map[string]string{size: "three"}}
	if _, err := bad.Intent(); err == nil {
		t.Error("a formation size of three letters is taken")
	}
}

func TestTheBindingTimeoutIsLongUnlessTheUserSaysOtherwise(t *testing.T) {
	const name = "causal_clustering.cluster_binding_timeout"
	in := cluster(dialect(t, 3, 5, Enterprise), Core)
	for want, change := range map[string]func(){
		"86400s": func() {},
		"600s":   func() { in.BindingTimeout = 10 * time.Minute },
		"5m":     func() { in.Env[variableOf(name)] = "5m" },
	} {
		in.BindingTimeout, in.Env = 0, map[string]string{}
		change()
		c, _ := render(t, in)
		if got, _ := c.Get(name); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestPortsAreThoseThatNeo4jOpens(t *testing.T) {
	core := Ports{Bolt: 7687, HTTP: 7474, Discovery: 5000, Transaction: 6000, Raft: 7000, Backup: 6362}
	c, _ := render(t, cluster(dialect(t, 4, 4, Enterprise), Core))
	if c.Ports() != core {
		t.Errorf("core: %+v", c.Ports())
	}
	core.HTTPS = 7473 // on by default in 3.5
	c, _ = render(t, cluster(dialect(t, 3, 5, Enterprise), Core))
	if c.Ports() != core {
		t.Errorf("core of 3.5: %+v", c.Ports())
	}
	core.Discovery, core.Raft = 0, 0
	c, _ = render(t, cluster(dialect(t, 3, 5, Enterprise), ReadReplica))
	if c.Ports() != core {
		t.Errorf("replica of 3.5: %+v", c.Ports())
	}
	c, _ = render(t, Input{Dialect: dialect(t, 4, 0, Community), Env: map[string]string{
		"NEO4J_dbms_connector_bolt_enabled": "false", "NEO4J_dbms_connector_https_enabled": "true", "NEO4J_dbms_connector_https_listen__address": "[::]:443",
	}})
	if c.Ports() != (Ports{HTTP: 7474, HTTPS: 443}) || c.BoltAddress() != "" || c.HTTPSAddress() != "[::1]:443" {
		t.Errorf("%+v %q %q", c.Ports(), c.BoltAddress(), c.HTTPSAddress())
	}
}
