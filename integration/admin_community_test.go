package integration

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"neo4j-agent/integration/localcluster"
	"neo4j-agent/neo4jconf"
)

// missing is what a check says of a database that is not there.
type missing struct {
	code int
	says string
}

// communityTools are the versions, each with what tells its tool from the others'.
var communityTools = []struct {
	version string
	missing missing
}{
	{localcluster.Community44, missing{1, "Database does not exist: nope"}},
	{localcluster.Community5, missing{70, "Could not find a valid database"}},
	{localcluster.CommunityCalendar, missing{70, "Could not find a valid database"}},
}

// TestTheAdminJobsOfCommunityEndAsTheirExitCodesAreRead is the life of a store in the hands of neo4j-admin. What goes
// wrong is tried in make soak, and so is 5.26, whose tool is nearly the calendar version's: each run is two JVMs.
func TestTheAdminJobsOfCommunityEndAsTheirExitCodesAreRead(t *testing.T) {
	for _, tool := range communityTools {
		if tool.version == localcluster.Community5 && !soak {
			continue
		}
		t.Run(tool.version, func(t *testing.T) {
			o := newOffice(t, tool.version)
			o.does(neo4jconf.FirstPassword{Password: localcluster.Password}, 0, neo4jconf.Done, "Changed password for user 'neo4j'")
			o.opens()
			o.writes(1000) // with that password
			o.does(neo4jconf.Unbind{}, 1, neo4jconf.Failed, "Database is currently locked")
			if soak {
				o.does(neo4jconf.Dump{Database: "neo4j", Dir: o.folder("dumps")}, 1, neo4jconf.Failed, "The database is in use")
				o.does(neo4jconf.Check{Database: "neo4j", ReportDir: o.folder("report")}, 1, neo4jconf.Doubtful, "The database is in use")
			}
			o.closes()
			o.does(neo4jconf.Dump{Database: "neo4j", Dir: o.folder("dumps")}, 0, neo4jconf.Done, "")
			if soak {
				refuses(o, tool.missing)
			}
			loads(o)
			begins(o)
			upgrades(o)
			damaged(o)
		})
	}
}

// refuses is what a stopped server's tool does not do, or not well.
func refuses(o *office, unchecked missing) {
	dumps, junk, report := o.folder("dumps"), o.folder("junk"), o.folder("report")
	o.does(neo4jconf.FirstPassword{Password: "too late"}, 0, neo4jconf.Done, "will only take effect if performed before")
	o.does(neo4jconf.Dump{Database: "neo4j", Dir: dumps}, 1, neo4jconf.Failed, "Archive already exists")
	o.does(neo4jconf.Dump{Database: "nope", Dir: dumps}, 1, neo4jconf.Failed, "Database does not exist: nope")
	o.does(neo4jconf.Check{Database: "nope", ReportDir: report}, unchecked.code, neo4jconf.Doubtful, unchecked.says)
	o.does(neo4jconf.Load{Database: "neo4j", Dir: dumps}, 1, neo4jconf.Failed, "Database already exists")
	o.does(neo4jconf.Load{Database: "nope", Dir: dumps}, 1, neo4jconf.Failed, "")
	writeText(o.t, filepath.Join(junk, "neo4j.dump"), "this is no dump")
	o.does(neo4jconf.Load{Database: "neo4j", Dir: junk, Replace: true}, 1, neo4jconf.Failed, "Not a valid Neo4j archive")
	if matches(o.t, filepath.Join(o.member.Home, "data/databases/neo4j/neostore")) != 0 {
		o.t.Error("the old store has outlived the load of what is no dump: Load's comment is wrong")
	}
}

// loads is the way back from a dump, by standard input.
func loads(o *office) {
	dump, err := os.Open(filepath.Join(o.folder("dumps"), "neo4j.dump"))
	if err != nil {
		o.t.Fatal(err)
	}
	defer func() { _ = dump.Close() }()
	o.doesWith(neo4jconf.Load{Database: "neo4j", Replace: true}, dump, 0, neo4jconf.Done, "")
	o.does(neo4jconf.Check{Database: "neo4j", ReportDir: o.folder("report")}, 0, neo4jconf.Done, "")
	o.does(neo4jconf.Unbind{}, 0, neo4jconf.Done, "")
	o.opens()
	if n := o.counts(); n != 1000 {
		o.t.Errorf("after dump and load there are %d relationships, want 1000", n)
	}
	o.closes()
}

// begun is the default database of the server that begins with the dump of another one, as it writes the name.
const begun = "movies"

// begins is a new server's volume that starts from the dump, once: what is written afterwards outlives a restart. Its
// default database has another name than the dumped one, which the settings write with a capital.
func begins(o *office) {
	setting := "NEO4J_initial_dbms_default__database"
	if o.admin.Dialect.Version.Major < 5 {
		setting = "NEO4J_dbms_default__database"
	}
	fresh := *o
	fresh.member = o.cluster.Add(localcluster.MemberOptions{Role: localcluster.Standalone, Env: map[string]string{
		"SNAPSHOT_PATH": filepath.Join(o.folder("dumps"), "neo4j.dump"), setting: "Movies",
	}})
	fresh.opens()
	fresh.writes(10)
	fresh.closes()
	marker := filepath.Join(fresh.member.Home, "data/.neo4j-agent/restored_backups/neo4j.dump.done")
	fresh.leavesUsers(marker)
	fresh.opens()
	fresh.finishes(marker)
	if n := fresh.counts(); n != 1010 {
		o.t.Errorf("a volume that began with the dump has %d relationships after a restart, want 1010", n)
	}
	fresh.closes()
	fresh.keeps()
}

// leavesUsers leaves a restored volume as the restore of a backup with users does, of which Community has none: with their
// statements, and a marker that says that a running server has to finish.
func (o *office) leavesUsers(marker string) {
	o.t.Helper()
	script := "data/scripts/" + begun + "/restore_metadata.cypher" // manual 4.4 and 5, "Restore a database backup"
	if o.admin.Dialect.Version.Major < 5 {
		script = "data/databases/" + begun + "/tools/metadata_script.cypher"
	}
	script = filepath.Join(o.member.Home, script)
	if err := os.MkdirAll(filepath.Dir(script), 0o755); err != nil {
		o.t.Fatal(err)
	}
	writeText(o.t, script, "// users;\nCREATE USER `a;b` IF NOT EXISTS SET PASSWORD 'secret;1234' CHANGE NOT REQUIRED;\n")
	text, err := os.ReadFile(marker)
	if err != nil {
		o.t.Fatal(err)
	}
	half := strings.Replace(string(text), `"state": "restored"`, `"state": "files-restored"`, 1)
	if half == string(text) {
		o.t.Fatalf("the marker does not say that the dump is restored: %s", text)
	}
	writeText(o.t, marker, half)
}

// finishes wants the running server to have made the users, and the marker to say that all is done.
func (o *office) finishes(marker string) {
	o.t.Helper()
	eventually(o.t, "the restore to be finished", time.Minute, func() (bool, string) {
		text, err := os.ReadFile(marker)
		return err == nil && strings.Contains(string(text), `"state": "restored"`), string(text)
	})
	d, err := neo4j.NewDriverWithContext(o.member.BoltURI(), neo4j.BasicAuth("a;b", "secret;1234", ""))
	if err != nil {
		o.t.Fatal(err)
	}
	defer func() { _ = d.Close(o.t.Context()) }()
	if err := d.VerifyConnectivity(o.t.Context()); err != nil {
		o.t.Errorf("the user of the script cannot log in: %v", err)
	}
}

// upgrades is what only 5 and later can do, and what no Community can.
func upgrades(o *office) {
	dumps := o.folder("dumps")
	o.cannot(neo4jconf.Backup{Dir: dumps, Databases: []string{"neo4j"}, From: "127.0.0.1:6362"}, "needs Enterprise")
	if o.admin.Dialect.Version.Major < 5 {
		o.cannot(neo4jconf.Migrate{Database: "neo4j"}, "needs 5.0 or later")
		return
	}
	o.does(neo4jconf.Migrate{Database: "neo4j", Memory: "64m"}, 0, neo4jconf.Done, "")
	o.does(neo4jconf.Check{Database: "neo4j", ReportDir: o.folder("report"), Backup: dumps, Scratch: o.folder("scratch"), Memory: "64m"},
		0, neo4jconf.Done, "")
}

// damaged is that only a report tells an inconsistent store from one that could not be checked.
func damaged(o *office) {
	reports := filepath.Join(o.folder("report"), "inconsistencies-*.report")
	if n := matches(o.t, reports); n != 0 {
		o.t.Errorf("there are %d reports of inconsistencies before there are any", n)
	}
	damage(o.t, filepath.Join(o.member.Home, "data/databases/neo4j"))
	o.does(neo4jconf.Check{Database: "neo4j", ReportDir: o.folder("report")}, 1, neo4jconf.Doubtful, "")
	if n := matches(o.t, reports); n != 1 {
		o.t.Errorf("there are %d reports of inconsistencies, want one", n)
	}
}
