package neo4jconf

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDirectoriesLieBelowTheDataRootOrWhereTheImageHasThem(t *testing.T) {
	c, _ := render(t, cluster(dialect(t, 4, 2, Enterprise), Core))
	want := []string{"/mnt/neo4j/data", "/mnt/neo4j/data/dbms", "/mnt/neo4j/data/databases", "/mnt/neo4j/data/transactions", "/mnt/neo4j/logs", "/mnt/neo4j/metrics"}
	if diff := cmp.Diff(want, c.Directories()); diff != "" {
		t.Error(diff)
	}
	c, _ = render(t, Input{Dialect: dialect(t, 3, 5, Community), HomeDir: "/var/lib/neo4j", Mounts: map[string]bool{"/data": true, "/logs": true, "/metrics": true}})
	want = []string{"/var/lib/neo4j/data", "/var/lib/neo4j/data/dbms", "/var/lib/neo4j/data/databases", "/logs"}
	if diff := cmp.Diff(want, c.Directories()); diff != "" {
		t.Error(diff)
	}
}

func TestLogsAreFoundWhereverTheyWerePut(t *testing.T) {
	in := cluster(dialect(t, 4, 4, Enterprise), Core)
	in.Env = map[string]string{"NEO4J_dbms_logs_debug_path": "deep/debug.log", "NEO4J_dbms_logs_security_path": "/var/log/security.log"}
	c, _ := render(t, in)
	want := map[string]string{
		"debug": "/mnt/neo4j/logs/deep/debug.log",
		"query": "/mnt/neo4j/logs/slow_query.log", "security": "/var/log/security.log",
	}
	if diff := cmp.Diff(want, c.LogFiles()); diff != "" {
		t.Error(diff)
	}
	c, _ = render(t, Input{Dialect: dialect(t, 4, 4, Community), HomeDir: "/var/lib/neo4j"})
	want = map[string]string{"debug": "/var/lib/neo4j/logs/debug.log"}
	if diff := cmp.Diff(want, c.LogFiles()); diff != "" {
		t.Error(diff)
	}
}

func TestALogThatIsNotWrittenHasNoFileAndTheSettingThatWouldHaveItIsNamed(t *testing.T) {
	const stdout, requests = "NEO4J_dbms_logs_user_stdout__enabled", "NEO4J_dbms_logs_http_enabled"
	const user, http = "dbms.logs.user.stdout_enabled=false", "dbms.logs.http.enabled=true"
	for _, test := range []struct {
		major, minor int
		env          map[string]string
		want         map[string]string
	}{
		{3, 5, nil, map[string]string{"user": user, "http": http}},
		{4, 4, nil, map[string]string{"user": user, "http": http}},
		{4, 4, map[string]string{stdout: "true", requests: "false"}, map[string]string{"user": user, "http": http}},
		{3, 5, map[string]string{stdout: "false", requests: "true"}, map[string]string{}},
		{4, 0, map[string]string{stdout: "FALSE"}, map[string]string{"http": http}},
		{5, 26, nil, map[string]string{"http": http}},
		{2026, 8, map[string]string{requests: "true"}, map[string]string{}},
	} {
		c, _ := render(t, Input{Dialect: dialect(t, test.major, test.minor, Community), HomeDir: "/home", Env: test.env})
		if diff := cmp.Diff(test.want, c.UnwrittenLogs()); diff != "" {
			t.Errorf("%d.%d, %v: %s", test.major, test.minor, test.env, diff)
		}
		files := c.LogFiles()
		for log, file := range map[string]string{"debug": "debug.log", "user": "neo4j.log", "http": "http.log"} {
			if _, off := test.want[log]; off != (files[log] == "") || !off && files[log] != "/home/logs/"+file {
				t.Errorf("%d.%d, %v: the %s log is in %q", test.major, test.minor, test.env, log, files[log])
			}
		}
	}
}

func TestOnlyABoundMemberFormedBefore(t *testing.T) {
	tests := []struct {
		major, minor int
		file         string
		proof        bool
	}{
		{3, 5, "/mnt/neo4j/data/cluster-state/cluster-id-state/cluster-id", true},
		{3, 5, "/mnt/neo4j/data/cluster-state/core-member-id-state/core-member-id", false},
		{4, 2, "/mnt/neo4j/data/cluster-state/db/neo4j/raft-id-state/raft-id", true},
		{4, 2, "/mnt/neo4j/data/cluster-state/db/system/raft-id-state/raft-id", false},
	}
	for _, test := range tests {
		c, _ := render(t, cluster(dialect(t, test.major, test.minor, Enterprise), Core))
		if got := c.FormedBefore(func(path string) bool { return path == test.file }); got != test.proof {
			t.Errorf("%s: formed before %v", test.file, got)
		}
	}
	in := cluster(dialect(t, 4, 4, Enterprise), Core)
	in.Env = map[string]string{"NEO4J_dbms_default__database": "movies", "NEO4J_dbms_directories_cluster__state": "/state"}
	c, _ := render(t, in)
	if !c.FormedBefore(func(path string) bool { return path == "/state/db/movies/raft-id-state/raft-id" }) {
		t.Error("the state of a default database elsewhere is not found")
	}
}

// The lines are what neo4j-admin set-initial-password of each version wrote.
func TestTheInitialPasswordIsWrittenAsTheAdminToolDoes(t *testing.T) {
	tests := []struct {
		major, minor   int
		password, line string
	}{
		{3, 5, "Sesame open 1", "neo4j:SHA-256,B77F9317CF4F9E9A54F4A37B05435A8547A7CB64F4A0550AA99D92D235D56B4F,71E8125E7090FCF4A24F5B41C7556D4B83ABEF4DCFD64889BE2ECE8C615803D6:\n"},
		{3, 5, "Sesame öpen 1", "neo4j:SHA-256,0E34DDA056BCDB50A8FD9614D601A53DF8F58C95BD9E208DC8F525FE81184527,E3C17DD35BF88C12AE8E7BC782E97C343CDF554664911BAE901D08E7D26C17CD:\n"},
		{4, 0, "Sesame open 1", "neo4j:SHA-256,050F6B4AC6EE351A9734E9774AC09D3C1D9DEF747625609D7B799D47DAE148CF,2450369A29BA1ACB9623A44B85C1CBB3EB6C1951FD13270872657129B2599720:\n"},
		{4, 1, "Sesame öpen 1", "neo4j:SHA-256,57042149030FEBD206C0440D9392242F3E8197A7CE334CA4E73559E3CA4AD692,DB6BBAE9416BBFBE02642F4EC8F15054ED0D272E79533869A5428628E83BF829:\n"},
		{4, 2, "Sesame open 1", "neo4j:SHA-256,e13cbb0f2659f2a70d3712e8b1201f9bc22f3b5c2aa5ddd1444fc04f617e4461,eb4a3a7162271f63a6d926c5cdbbbe059fbdf5ddae8231a7078afee25e8a7a68,1024:\n"},
		{4, 3, "Sesame open 1", "neo4j:SHA-256,6b532487800e261b1be84f4ae751d88b2b9e60be99e13e05316f862d80f5d8db,8d436f180a2e42e1d923cba11f270c3081955f8d08f46bf1e5c5d4918139998c,1024:\n"},
		{4, 4, "Sesame öpen 1", "neo4j:SHA-256,bae64e4d8f8b26c461e96aeb67a139cee2a57b45eea1513480090d52db254a20,b71bcfce93f117570581b1d2761f5dca997955f997713175688aa3fc4d5ef098,1024:\n"},
	}
	for _, test := range tests {
		c, _ := render(t, Input{Dialect: dialect(t, test.major, test.minor, Community), HomeDir: "/home"})
		var salt [SaltSize]byte
		if _, err := hex.Decode(salt[:], []byte(strings.Split(test.line, ",")[2][:2*SaltSize])); err != nil {
			t.Fatal(err)
		}
		none := func(string) bool { return false }
		got, needed, err := c.InitialPassword(InitialPassword{Password: test.password, Salt: salt}, none)
		if err != nil || !needed || got.Path != "/home/data/dbms/auth.ini" || string(got.Content) != test.line {
			t.Errorf("%d.%d: %s, want %s", test.major, test.minor, got.Content, test.line)
		}
		got, _, _ = c.InitialPassword(InitialPassword{Password: test.password, Salt: salt, Change: true}, none)
		if want := strings.TrimSuffix(test.line, "\n") + "password_change_required\n"; string(got.Content) != want {
			t.Errorf("%d.%d, to be changed: %s, want %s", test.major, test.minor, got.Content, want)
		}
	}
}

func TestAPasswordThatTheToolRefusesIsRefused(t *testing.T) {
	long := map[string]string{"NEO4J_dbms_security_auth__minimum__password__length": "10"}
	for _, test := range []struct {
		major, minor int
		env          map[string]string
		password     string
		refused      bool
	}{
		{4, 4, nil, "x", false},
		{5, 26, nil, "seven77", true},
		{5, 26, nil, "öäüß8888", false},
		{2026, 8, long, "nine99999", true},
		{2026, 8, long, "ten-101010", false},
	} {
		c, _ := render(t, Input{Dialect: dialect(t, test.major, test.minor, Community), HomeDir: "/home", Env: test.env})
		for _, hasUsers := range []bool{false, true} {
			_, _, err := c.InitialPassword(InitialPassword{Password: test.password}, func(string) bool { return hasUsers })
			if refused := err != nil; refused != (test.refused && !hasUsers) {
				t.Errorf("%d.%d, users there %v: %q gives %v", test.major, test.minor, hasUsers, test.password, err)
			}
		}
	}
}

func TestAServerWithUsersGetsNoInitialPassword(t *testing.T) {
	for minor, exists := range map[Version]string{{Major: 3, Minor: 5}: "/home/data/dbms/auth", {Major: 4, Minor: 2}: "/home/data/databases/system"} {
		c, _ := render(t, Input{Dialect: Dialect{minor, Enterprise}, HomeDir: "/home"})
		taken := func(path string) bool { return path == exists }
		if _, needed, err := c.InitialPassword(InitialPassword{Password: "x"}, taken); needed || err != nil {
			t.Errorf("%v: written beside %s", minor, exists)
		}
	}
}

func TestStatusIsAskedInTheWordsOfTheGeneration(t *testing.T) {
	got := dialect(t, 3, 5, Enterprise).Status("graph.db")
	want := Status{
		Describe: "/db/manage/server/causalclustering/status", Writable: "/db/manage/server/causalclustering/writable",
		Available: "/db/manage/server/causalclustering/available",
		Overview:  "CALL dbms.cluster.overview()",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	want = Status{
		Describe: "/db/movies/cluster/status", Writable: "/db/movies/cluster/writable",
		Available: "/db/movies/cluster/available", Overview: "CALL dbms.cluster.overview()",
	}
	for minor := range 5 {
		want.SelectsDatabase = minor >= 2
		if diff := cmp.Diff(want, dialect(t, 4, minor, Enterprise).Status("movies")); diff != "" {
			t.Errorf("4.%d: %s", minor, diff)
		}
	}
}
