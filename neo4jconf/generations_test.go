package neo4jconf

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	v1Members       = "dbms.cluster.discovery.endpoints"
	v2Members       = "dbms.cluster.discovery.v2.endpoints"
	version         = "dbms.cluster.discovery.version"
	calendarMembers = "dbms.cluster.endpoints"
)

func TestMembersAreAskedAtThePortOfTheDiscoveryServiceThatTheClusterRuns(t *testing.T) {
	const first, second = "10.0.1.11:5000,10.0.2.12:5000,10.0.3.13:5000", "10.0.1.11:6000,10.0.2.12:6000,10.0.3.13:6000"
	tests := map[string]struct {
		at      column
		service DiscoveryService
		user    string
		want    map[string]string
		port    int
		keep    DiscoveryService
	}{
		"before the second service":      {column{5, 22}, "", "", map[string]string{v1Members: first}, 5000, ""},
		"a new cluster":                  {v523, "", "", map[string]string{v2Members: second, version: "V2_ONLY"}, 6000, V2Only},
		"a cluster that began with it":   {v526, V2Only, "", map[string]string{v2Members: second, version: "V2_ONLY"}, 6000, V2Only},
		"a cluster of the first service": {v526, V1Only, "", map[string]string{v1Members: first, version: "V1_ONLY"}, 5000, V1Only},
		"the user's word":                {v526, V2Only, "V1_ONLY", map[string]string{v1Members: first, version: "V1_ONLY"}, 5000, V1Only},
		"on the way, first half":         {v526, V1Only, "V1_OVER_V2", map[string]string{v1Members: first, v2Members: second, version: "V1_OVER_V2"}, 5000, V1Only},
		"on the way, second half":        {v526, "", "V2_OVER_V1", map[string]string{v1Members: first, v2Members: second, version: "V2_OVER_V1"}, 6000, V2Only},
		"only the second is left":        {v2025, V1Only, "", map[string]string{calendarMembers: second}, 6000, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			for _, r := range []Role{Core, ReadReplica} {
				in := cluster5(dialect(t, test.at.major, test.at.minor, Enterprise), r)
				in.Service = test.service
				in.Env = map[string]string{variableOf(version): test.user}
				c, warnings := render(t, in)
				if diff := cmp.Diff(test.want, values(c, v1Members, v2Members, version, calendarMembers)); diff != "" || len(warnings) != 0 {
					t.Errorf("%s (-want +got):\n%s%v", r, diff, warnings)
				}
				if _, own := c.Get("server.discovery.listen_address"); own != (test.want[v1Members] != "") {
					t.Errorf("%s: a port of its own for discovery: %v", r, own)
				}
				if c.Ports().Discovery != test.port || c.Service() != test.keep {
					t.Errorf("%s: found at %d by %q, want %d by %q", r, c.Ports().Discovery, c.Service(), test.port, test.keep)
				}
			}
		})
	}
}

func TestMembersComeWithThePortsOfTheLeadingService(t *testing.T) {
	in := cluster5(dialect(t, 5, 26, Enterprise), Core)
	in.Members = []string{"10.0.0.1:6001", "10.0.0.2"}
	in.Env = map[string]string{variableOf(version): "V2_OVER_V1", "NEO4J_server_cluster_listen__address": ":6002", "NEO4J_server_discovery_listen__address": ":5002"}
	c, _ := render(t, in)
	want := map[string]string{v2Members: "10.0.0.1:6001,10.0.0.2:6002", v1Members: "10.0.0.1:5002,10.0.0.2:5002"}
	if diff := cmp.Diff(want, values(c, v1Members, v2Members)); diff != "" {
		t.Error(diff)
	}
}

func TestAVolumeThatAServerRanOnWithoutUsKeepsItsDiscovery(t *testing.T) {
	here := func(path string) bool { return path == "/mnt/neo4j/data/databases/system" }
	for at, want := range map[column]DiscoveryService{{5, 22}: "", v523: V1Only, v526: V1Only, v2025: ""} {
		c, _ := render(t, cluster5(dialect(t, at.major, at.minor, Enterprise), Core))
		if got := c.ServiceBefore(here); got != want {
			t.Errorf("%v: %q, want %q", at, got, want)
		}
		if got := c.ServiceBefore(func(string) bool { return false }); got != "" {
			t.Errorf("%v: a new volume has %q", at, got)
		}
	}
}

func TestTheRoleSince5IsThatOfTheSystemDatabaseOrWhatDbmsModeUsedToSay(t *testing.T) {
	const system, constraint, old = "NEO4J_server_cluster_system__database__mode", "NEO4J_initial_server_mode__constraint", "NEO4J_dbms_mode"
	tests := map[string]struct {
		discovery        Discovery
		env              map[string]string
		role             Role
		mode, constraint string
	}{
		"nothing said":                     {List, nil, Core, "PRIMARY", ""},
		"a secondary":                      {List, map[string]string{constraint: "secondary"}, ReadReplica, "SECONDARY", "secondary"},
		"a primary":                        {List, map[string]string{constraint: "PRIMARY"}, Core, "PRIMARY", "PRIMARY"},
		"unconstrained":                    {List, map[string]string{constraint: "NONE"}, Core, "PRIMARY", "NONE"},
		"secondary for system only":        {List, map[string]string{system: "SECONDARY", constraint: "NONE"}, ReadReplica, "SECONDARY", "NONE"},
		"forms the cluster, hosts copies":  {List, map[string]string{system: "PRIMARY", constraint: "SECONDARY"}, Core, "PRIMARY", "SECONDARY"},
		"a read replica of old":            {List, map[string]string{old: "READ_REPLICA"}, ReadReplica, "SECONDARY", "SECONDARY"},
		"a core of old":                    {List, map[string]string{old: "CORE"}, Core, "PRIMARY", ""},
		"single of old":                    {List, map[string]string{old: "SINGLE"}, Standalone, "", ""},
		"new words win":                    {List, map[string]string{old: "CORE", system: "SECONDARY"}, ReadReplica, "SECONDARY", "SECONDARY"},
		"no members at all":                {"", nil, Standalone, "", ""},
		"no members, whatever it said":     {"", map[string]string{old: "CORE"}, Standalone, "", ""},
		"the user's own cluster":           {"", map[string]string{variableOf(calendarMembers): "a:6000,b:6000"}, Core, "", ""},
		"a secondary of the user's":        {"", map[string]string{variableOf(calendarMembers): "a:6000", constraint: "SECONDARY"}, ReadReplica, "", "SECONDARY"},
		"the user's cluster in Kubernetes": {"", map[string]string{variableOf("dbms.cluster.discovery.resolver_type"): "K8S"}, Core, "", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			in := Input{Dialect: dialect(t, 2026, 8, Enterprise), Discovery: test.discovery, Advertise: "10.0.0.1", Env: test.env}
			c, _ := render(t, in)
			mode, _ := c.Get("server.cluster.system_database_mode")
			bound, _ := c.Get("initial.server.mode_constraint")
			if c.Role() != test.role || mode != test.mode || bound != test.constraint {
				t.Errorf("%s %q %q, want %s %q %q", c.Role(), mode, bound, test.role, test.mode, test.constraint)
			}
			if _, there := c.Get("dbms.mode"); there {
				t.Error("dbms.mode would stop the server")
			}
			intent, err := in.Intent()
			if err != nil || intent.Role != test.role {
				t.Errorf("intent %s, %v", intent.Role, err)
			}
		})
	}
}

func TestAServerOf5ThatShallRunAloneForgetsItsFellows(t *testing.T) {
	in := Input{Dialect: dialect(t, 2026, 8, Enterprise), Role: Standalone, Env: map[string]string{
		variableOf(calendarMembers): "a:6000,b:6000", "NEO4J_server_cluster_system__database__mode": "SECONDARY",
	}}
	c, warnings := render(t, in)
	if got := values(c, calendarMembers, "server.cluster.system_database_mode"); len(got) != 0 || len(warnings) != 2 || c.Role() != Standalone {
		t.Errorf("%s waits for %v; warnings %v", c.Role(), got, warnings)
	}
}

func TestTheFirstServersEachGetACopyOfADatabase(t *testing.T) {
	const size, copies = "dbms.cluster.minimum_initial_system_primaries_count", "initial.dbms.default_primaries_count"
	for given, want := range map[string][2]string{"": {"7", "7"}, "5": {"5", "5"}, "13": {"13", "11"}} {
		in := cluster5(dialect(t, 5, 26, Enterprise), Core)
		in.FormationSize, in.Env = 7, map[string]string{variableOf(size): given}
		c, _ := render(t, in)
		if diff := cmp.Diff(map[string]string{size: want[0], copies: want[1]}, values(c, size, copies)); diff != "" {
			t.Errorf("%q: %s", given, diff)
		}
	}
	in := cluster5(dialect(t, 5, 26, Enterprise), Core)
	in.Env = map[string]string{variableOf(copies): "1"}
	if c, _ := render(t, in); values(c, copies)[copies] != "1" {
		t.Error("the user's number of copies is overruled")
	}
}

func TestNamesOfBefore5CountAndTheNewOneWins(t *testing.T) {
	in := cluster5(dialect(t, 2026, 8, Enterprise), Core)
	in.File = []byte("dbms.memory.pagecache.size=1g\ndbms.default_listen_address=::\ndbms.jvm.additional=-Dold\nserver.jvm.additional=-Dnew\n" +
		"metrics.csv.rotation.size=1M\ndbms.logs.query.path=/x.log\n")
	in.Env = map[string]string{
		"NEO4J_dbms_mode": "CORE", "NEO4J_dbms_connector_bolt_listen__address": ":7690", "NEO4J_server_memory_pagecache_size": "2g",
		"NEO4J_causal__clustering_initial__discovery__members": "a:5000", "NEO4J_dbms_allow__upgrade": "true",
		"NEO4J_causal__clustering_raft__listen__address": ":7001", "NEO4J_dbms_cluster_discovery_v2_endpoints": "a:6000",
		"NEO4J_dbms_jvm_additional": "-Denv",
	}
	c, warnings := render(t, in)
	want := map[string]string{
		"server.memory.pagecache.size": "2g", "server.default_listen_address": "::", "server.jvm.additional": "-Dold -Dnew -Denv",
		"server.bolt.listen_address": ":7690", "server.bolt.advertised_address": ":7690", "server.cluster.raft.listen_address": "10.0.1.11:7001",
		"server.metrics.csv.rotation.size": "1M", calendarMembers: "10.0.1.11:6000,10.0.2.12:6000,10.0.3.13:6000",
	}
	got := map[string]string{}
	for name := range want {
		got[name], _ = c.Get(name)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, s := range c.Settings() {
		if now, exists := c.dialect.renamed(s.Name); !exists || now != s.Name {
			t.Errorf("%s is written", s.Name)
		}
	}
	var about []string
	for _, w := range warnings {
		about = append(about, w.Setting)
	}
	if diff := cmp.Diff([]string{"causal_clustering.initial_discovery_members", "dbms.allow_upgrade", "dbms.logs.query.path", calendarMembers}, about); diff != "" {
		t.Errorf("warned about (-want +got):\n%s%v", diff, warnings)
	}
}

func TestASettingThatThisVersionLacksIsNamedAndNotWritten(t *testing.T) {
	in := Input{Dialect: dialect(t, 2025, 1, Enterprise), File: []byte("server.discovery.advertised_address=a:5000\ndbms.cluster.discovery.version=V2_ONLY\ndbms.mode=SINGLE\n")}
	c, warnings := render(t, in)
	if len(warnings) != 3 || strings.Contains(string(c.Bytes()), "\ndbms.cluster.discovery") {
		t.Errorf("%v\n%s", warnings, c.Bytes())
	}
}

func TestAChangedPortIsAdvertisedUnlessTheUserAdvertisesAnother(t *testing.T) {
	const bolt, http, routing = "server.bolt.advertised_address", "server.http.advertised_address", "server.routing.advertised_address"
	in := Input{Dialect: dialect(t, 5, 26, Enterprise), Hostname: "h", Env: map[string]string{
		"NEO4J_server_bolt_listen__address": "127.0.0.1:7690", "NEO4J_server_http_listen__address": ":7480",
		"NEO4J_server_http_advertised__address": "db.example.com:80", "NEO4J_server_https_listen__address": ":7473",
		"NEO4J_server_routing_listen__address": ":7700",
	}}
	c, _ := render(t, in)
	want := map[string]string{bolt: ":7690", http: "db.example.com:80", routing: "h:7700"}
	if diff := cmp.Diff(want, values(c, bolt, http, routing, "server.https.advertised_address")); diff != "" {
		t.Error(diff)
	}
	if c.BoltAddress() != "127.0.0.1:7690" || c.HTTPAddress() != "127.0.0.1:7480" || c.HTTPSAddress() != "" {
		t.Errorf("%s %s %s", c.BoltAddress(), c.HTTPAddress(), c.HTTPSAddress())
	}
	in.Dialect = dialect(t, 4, 4, Enterprise)
	in.Env = map[string]string{"NEO4J_dbms_connector_bolt_listen__address": ":7690"}
	if c, _ := render(t, in); len(values(c, "dbms.connector.bolt.advertised_address")) != 0 {
		t.Error("4.4 tells of its port itself")
	}
}

func TestTheUserSizesWhatHeLikesAndTheOtherStaysSized(t *testing.T) {
	const least, most, pages = "server.memory.heap.initial_size", "server.memory.heap.max_size", "server.memory.pagecache.size"
	for name, test := range map[string]struct {
		env  map[string]string
		file string
		want map[string]string
	}{
		"nothing":             {nil, "", map[string]string{least: "3g", most: "3g", pages: "4g"}},
		"page cache":          {map[string]string{variableOf(pages): "1g"}, "", map[string]string{least: "3g", most: "3g", pages: "1g"}},
		"heap":                {map[string]string{variableOf(most): "2g"}, "", map[string]string{most: "2g", pages: "4g"}},
		"heap by an old name": {nil, "dbms.memory.heap.initial_size=8g", map[string]string{least: "8g", pages: "4g"}},
		"heap by an argument": {nil, "server.jvm.additional=-Xmx5g", map[string]string{pages: "4g"}},
	} {
		c, _ := render(t, Input{Dialect: dialect(t, 5, 1, Community), Memory: Memory{"3g", "4g"}, Env: test.env, File: []byte(test.file)})
		if diff := cmp.Diff(test.want, values(c, least, most, pages)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestAFileIsReadInTheEncodingOfItsVersion(t *testing.T) {
	for file, at := range map[string]column{"server.directories.data=/d\xe4ta\n": v526, "server.directories.data=/däta\n": v2025} {
		c, _ := render(t, Input{Dialect: dialect(t, at.major, at.minor, Community), File: []byte(file)})
		if c.DataDir() != "/däta" {
			t.Errorf("%v: %s", at, c.DataDir())
		}
		if changes, err := c.Diff(c.Bytes()); err != nil || len(changes) != 0 {
			t.Errorf("%v: written otherwise: %v, %v", at, changes, err)
		}
		again, _ := render(t, Input{Dialect: c.dialect, File: c.Bytes()})
		if again.DataDir() != "/däta" {
			t.Errorf("%v: at the next start %s", at, again.DataDir())
		}
	}
}
