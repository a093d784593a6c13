package neo4jconf

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func render(t *testing.T, in Input) (Config, []Warning) {
	t.Helper()
	config, warnings, err := Render(in)
	if err != nil {
		t.Fatal(err)
	}
	return config, warnings
}

func find(t *testing.T, c Config, name string) Setting {
	t.Helper()
	for _, s := range c.Settings() {
		if s.Name == name {
			return s
		}
	}
	t.Fatalf("no setting %s", name)
	return Setting{}
}

func TestEachLayerWinsOverTheOneBelowAndRemembersIt(t *testing.T) {
	in := cluster(dialect(t, 4, 4, Enterprise), Core)
	in.QueryLog = true
	in.File = []byte("dbms.allow_upgrade=true\ndbms.directories.data=/file\ndbms.logs.query.threshold=1s\ndbms.mode=SINGLE\n")
	in.Env = map[string]string{
		"NEO4J_dbms_allow__upgrade":       "perhaps",
		"NEO4J_dbms_logs_query_threshold": "2s",
		"NEO4J_dbms_mode":                 "READ_REPLICA",
	}
	c, _ := render(t, in)
	want := []Setting{
		{Name: "dbms.allow_upgrade", Value: "perhaps", Source: FromEnvironment, From: "NEO4J_dbms_allow__upgrade",
			Overrides: []Layer{{"true", FromFile, ""}, {"false", Default, ""}}},
		{Name: "dbms.directories.data", Value: "/mnt/neo4j/data", Source: Derived, From: "NEO4J_DATA_ROOT",
			Overrides: []Layer{{"/file", FromFile, ""}}},
		{Name: "dbms.logs.query.threshold", Value: "2s", Source: FromEnvironment, From: "NEO4J_dbms_logs_query_threshold",
			Overrides: []Layer{{"500ms", Derived, "NEO4J_QUERY_LOG"}, {"1s", FromFile, ""}}},
		{Name: "dbms.mode", Value: "CORE", Source: Mandatory,
			Overrides: []Layer{{"READ_REPLICA", FromEnvironment, "NEO4J_dbms_mode"}, {"SINGLE", FromFile, ""}}},
		{Name: "metrics.csv.rotation.keep_number", Value: "10", Source: Default},
	}
	for _, w := range want {
		got := find(t, c, w.Name)
		got.raw = "" // as it stands in the file, which the golden files show
		if diff := cmp.Diff(w, got, cmp.AllowUnexported(Setting{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", w.Name, diff)
		}
	}
}

func TestTheUserHearsWhatIsOverruledAndNothingElse(t *testing.T) {
	in := cluster(dialect(t, 4, 2, Enterprise), Core)
	if _, warnings := render(t, in); len(warnings) != 0 {
		t.Errorf("warnings without cause: %v", warnings)
	}
	in.Env = map[string]string{
		"NEO4J_dbms_mode": "READ_REPLICA",
		"NEO4J_causal__clustering_raft__listen__address":                       "0.0.0.0:7001",
		"NEO4J_causal__clustering_transaction__listen__address":                ":6001",
		"NEO4J_causal__clustering_initial__discovery__members":                 "10.9.9.9:5000",
		"NEO4J_causal__clustering_minimum__core__cluster__size__at__formation": "5",
	}
	c, warnings := render(t, in)
	var about []string
	for _, w := range warnings {
		about = append(about, w.Setting)
		if !strings.Contains(w.Text, variableOf(w.Setting)) {
			t.Errorf("%q does not name the variable", w.Text)
		}
	}
	if diff := cmp.Diff([]string{"dbms.mode", "causal_clustering.raft_listen_address", "causal_clustering.initial_discovery_members"}, about); diff != "" {
		t.Errorf("warned about (-want +got):\n%s", diff)
	}
	for name, want := range map[string]string{
		"causal_clustering.raft_listen_address":                    "10.0.1.11:7001",
		"causal_clustering.raft_advertised_address":                "10.0.1.11:7001",
		"causal_clustering.transaction_listen_address":             "10.0.1.11:6001",
		"causal_clustering.minimum_core_cluster_size_at_formation": "5",
		"causal_clustering.initial_discovery_members":              "10.0.1.11:5000,10.0.2.12:5000,10.0.3.13:5000",
	} {
		if got, _ := c.Get(name); got != want {
			t.Errorf("%s=%s, want %s", name, got, want)
		}
	}
}

func TestALaterStartLayersOnTheBaseFileAndNotOnOurOwn(t *testing.T) {
	for _, d := range []Dialect{dialect(t, 3, 5, Enterprise), dialect(t, 4, 4, Enterprise)} {
		in := cluster(d, Core)
		first, _ := render(t, in)
		in.File = first.Bytes()
		second, _ := render(t, in)
		if diff := cmp.Diff(string(first.Bytes()), string(second.Bytes())); diff != "" {
			t.Errorf("%v: the second start differs:\n%s", d.Version, diff)
		}
		in.Env, in.Members, in.QueryLog = nil, nil, false
		third, _ := render(t, in)
		for _, name := range []string{"causal_clustering.initial_discovery_members", "dbms.logs.query.enabled", "dbms.memory.heap.max_size"} {
			if value, there := third.Get(name); there {
				t.Errorf("%v: %s=%s of an earlier start is still there", d.Version, name, value)
			}
		}
		if value, _ := third.Get("dbms.jvm.additional"); value != "-XX:+UseG1GC -XX:-OmitStackTraceInFastThrow" {
			t.Errorf("%v: the file's JVM arguments are %q", d.Version, value)
		}
	}
}

func TestAFileOfOursThatSomebodyEditedIsTheirs(t *testing.T) {
	in := cluster(dialect(t, 4, 4, Enterprise), Core)
	first, _ := render(t, in)
	in.File = []byte(strings.Replace(string(first.Bytes()), "metrics.csv.rotation.keep_number=10", "metrics.csv.rotation.keep_number=77", 1))
	second, warnings := render(t, in)
	if value, _ := second.Get("metrics.csv.rotation.keep_number"); value != "77" {
		t.Errorf("the edit is lost: %s", value)
	}
	if len(warnings) != 1 || !strings.Contains(warnings[0].Text, "edited") {
		t.Errorf("warnings: %v", warnings)
	}
}

func TestJVMArgumentsOfVariablesReplaceTheFilesAndFrom44OnAddToThem(t *testing.T) {
	for minor, want := range map[int]string{0: "-Dc", 3: "-Dc", 4: "-Da -Db -Dc"} {
		c, _ := render(t, Input{Dialect: dialect(t, 4, minor, Community), Role: Standalone,
			File: []byte("dbms.jvm.additional=-Da\ndbms.jvm.additional=-Db\nx=1\nx=2"), Env: map[string]string{"NEO4J_dbms_jvm_additional": "-Dc"}})
		if got, _ := c.Get("dbms.jvm.additional"); got != want {
			t.Errorf("4.%d: %q, want %q", minor, got, want)
		}
		if got, _ := c.Get("x"); got != "2" {
			t.Errorf("4.%d: of a setting given twice %q counts", minor, got)
		}
	}
}

func TestPlainUseAddsOnlyWhatTheOfficialImageAdds(t *testing.T) {
	in := Input{Dialect: dialect(t, 4, 2, Community), HomeDir: "/var/lib/neo4j"}
	c, warnings := render(t, in)
	got := map[string]string{}
	for _, s := range c.Settings() {
		got[s.Name] = s.Value
	}
	want := map[string]string{
		"dbms.default_listen_address":           "0.0.0.0",
		"dbms.memory.pagecache.size":            "512M",
		"dbms.tx_log.rotation.retention_policy": "100M size",
	}
	if diff := cmp.Diff(want, got); diff != "" || len(warnings) != 0 {
		t.Errorf("(-want +got):\n%s%v", diff, warnings)
	}
}

func TestWithoutDiscoveryAClusterIsTheUsersOwnAffair(t *testing.T) {
	in := Input{Dialect: dialect(t, 4, 4, Enterprise), Hostname: "core1", HomeDir: "/var/lib/neo4j", Env: map[string]string{
		"NEO4J_dbms_mode": "CORE", "NEO4J_causal__clustering_initial__discovery__members": "core1:5000,core2:5000,core3:5000",
	}}
	c, warnings := render(t, in)
	if c.Role() != Core || len(warnings) != 0 {
		t.Errorf("role %s, warnings %v", c.Role(), warnings)
	}
	for name, want := range map[string]string{
		"causal_clustering.initial_discovery_members": "core1:5000,core2:5000,core3:5000",
		"causal_clustering.raft_advertised_address":   "core1:7000",
		"causal_clustering.raft_listen_address":       "",
		"metrics.csv.rotation.keep_number":            "",
	} {
		if got, _ := c.Get(name); got != want {
			t.Errorf("%s=%q, want %q", name, got, want)
		}
	}
}

func TestAServerThatShallRunAloneDoesEvenWhenItsModeSaysCore(t *testing.T) {
	in := Input{Dialect: dialect(t, 4, 4, Enterprise), Role: Standalone, Env: map[string]string{"NEO4J_dbms_mode": "CORE"}}
	c, warnings := render(t, in)
	if got, _ := c.Get("dbms.mode"); got != "SINGLE" || len(warnings) != 1 {
		t.Errorf("mode %s, warnings %v", got, warnings)
	}
}

func TestCommunityGetsNoEnterpriseSettings(t *testing.T) {
	for _, v := range supported {
		in := alone(dialect(t, v.major, v.minor, Community))
		in.QueryLog, in.DataRoot = true, "/mnt"
		c, warnings := render(t, in)
		for _, s := range c.Settings() {
			for _, enterprise := range []string{"causal_clustering", "metrics", "backup", "logs.query", "routing", "mode"} {
				if strings.Contains(s.Name, enterprise) {
					t.Errorf("%v: %s=%s", v, s.Name, s.Value)
				}
			}
		}
		if len(warnings) != 1 {
			t.Errorf("%v: the query log without effect is not warned of: %v", v, warnings)
		}
		in.Role, in.Env = "", map[string]string{"NEO4J_dbms_mode": "CORE"}
		if c, _ := render(t, in); c.Role() != Standalone || c.Ports().Raft != 0 {
			t.Errorf("%v: a mode that Community ignores makes a %s", v, c.Role())
		}
		in.Role, in.Discovery, in.Advertise = Core, List, "10.0.0.1"
		if _, _, err := Render(in); err == nil || !strings.Contains(err.Error(), "Enterprise") {
			t.Errorf("%v: a Community cluster: %v", v, err)
		}
	}
}

func TestInputsThatMakeNoConfigurationAreRefused(t *testing.T) {
	base := cluster(dialect(t, 3, 5, Enterprise), Core)
	cases := map[string]func(*Input){
		"own address is unknown": func(in *Input) { in.Advertise = "" },
		"unknown discovery":      func(in *Input) { in.Discovery = "gossip" },
		"cannot render role":     func(in *Input) { in.Role = "arbiter" },
		"no host or host:port":   func(in *Input) { in.Members = []string{"a:b"} },
		"Neo4j takes one":        func(in *Input) { in.Discovery = DNS },
		"discovery is for CORE":  func(in *Input) { in.Role, in.Env = "", map[string]string{"NEO4J_dbms_mode": "HA"} },
		"raft_listen_address (NEO4J_causal": func(in *Input) {
			in.Env = map[string]string{"NEO4J_causal__clustering_raft__listen__address": ":raft"}
		},
	}
	for want, change := range cases {
		in := base
		change(&in)
		if _, _, err := Render(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func TestSwitchingAuthenticationOffWinsOverItsSetting(t *testing.T) {
	in := Input{Dialect: dialect(t, 3, 5, Community), AuthDisabled: true, Env: map[string]string{"NEO4J_dbms_security_auth__enabled": "true"}}
	c, _ := render(t, in)
	if c.AuthEnabled() {
		t.Error("NEO4J_AUTH=none has no effect")
	}
	in.AuthDisabled, in.Env = false, nil
	if c, _ := render(t, in); !c.AuthEnabled() {
		t.Error("authentication is off without a word")
	}
}

func TestTheSameInputMakesTheSameBytes(t *testing.T) {
	in := cluster(dialect(t, 4, 4, Enterprise), Core)
	first, _ := render(t, in)
	for range 20 {
		in.Env, in.Mounts = maps.Clone(in.Env), maps.Clone(in.Mounts)
		again, _ := render(t, in)
		if string(again.Bytes()) != string(first.Bytes()) {
			t.Fatal("bytes differ")
		}
	}
	if !slices.IsSortedFunc(first.Settings(), func(a, b Setting) int { return strings.Compare(a.Name, b.Name) }) {
		t.Error("not sorted")
	}
}

// Goal: 300 variables in at most 2 ms.
func BenchmarkRender300Variables(b *testing.B) {
	for _, v := range []column{v44, v2608} {
		d, _ := For(Version{Major: v.major, Minor: v.minor}, Enterprise)
		in := cluster(d, Core)
		for i := range 300 {
			in.Env[fmt.Sprintf("NEO4J_dbms_some_setting__number_n%d", i)] = "a value of ordinary length"
		}
		b.Run(d.Version.String(), func(b *testing.B) {
			for b.Loop() {
				config, _, err := Render(in)
				if err != nil || len(config.Bytes()) == 0 {
					b.Fatal(err)
				}
			}
		})
	}
}
