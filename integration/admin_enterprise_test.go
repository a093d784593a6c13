package integration

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"neo4j-agent/neo4jconf"
)

// allFiles is what the tool says when it fetches more than the newest transactions.
const allFiles = "Start receiving store files"

// TestABackupOf35GoesThroughAllItsExitCodesAndComesBack takes a full backup and an incremental one of a running server,
// spoils it, takes it again, and restores it.
func TestABackupOf35GoesThroughAllItsExitCodesAndComesBack(t *testing.T) {
	o := newOffice(t, "")
	o.opens()
	o.writes(1000)
	e := o.member.Endpoint
	backup := neo4jconf.Backup{
		Dir: o.folder("backup"), Databases: []string{"nightly"}, From: fmt.Sprintf("%s:%d", e.Host, e.Ports.Backup),
		Check: true, ReportDir: o.folder("report"), PageCache: "16m",
	}
	written := o.admin.Dialect.Written(backup.Dir, "nightly")
	o.does(backup, 0, neo4jconf.Done, allFiles)
	o.writes(500)
	if text := o.does(backup, 0, neo4jconf.Done, "Backup complete."); strings.Contains(text, allFiles) {
		t.Error("the second backup is not incremental")
	}
	nobody := backup
	nobody.From = fmt.Sprintf("%s:%d", e.Host, e.Ports.Discovery)
	o.does(nobody, 1, neo4jconf.Failed, "")
	o.does(neo4jconf.Dump{Database: "graph.db", Dir: o.folder("dumps")}, 1, neo4jconf.Failed, "")
	o.does(neo4jconf.Check{Backup: written, ReportDir: o.folder("report")}, 0, neo4jconf.Done, "")
	o.cannot(neo4jconf.Backup{Dir: backup.Dir, Databases: []string{"a", "b"}, From: backup.From}, "a list of databases needs 5.20")

	o.writes(500)
	damage(t, written)
	o.does(backup, 3, neo4jconf.Inconsistent, "")
	o.does(neo4jconf.Check{Backup: written, ReportDir: o.folder("report")}, 1, neo4jconf.Doubtful, "Inconsistencies found")
	if n := matches(t, filepath.Join(backup.ReportDir, "inconsistencies-*.report")); n == 0 {
		t.Error("there is no report of the inconsistencies")
	}
	backup.Dir = o.folder("fresh")
	o.does(backup, 0, neo4jconf.Done, allFiles)
	o.closes()
	o.restores(o.admin.Dialect.Written(backup.Dir, "nightly"), 2000)
}

// restores wants the stopped server to get a backup with so many relationships back, and to go through dump and load.
func (o *office) restores(backup string, relationships int64) {
	dumps, junk := o.folder("dumps"), o.folder("junk")
	const database = "graph.db"
	o.does(neo4jconf.Restore{Database: database, From: backup}, 1, neo4jconf.Failed, "already exists")
	o.does(neo4jconf.Restore{Database: database, From: filepath.Join(o.dir, "nothing"), Replace: true}, 1, neo4jconf.Failed, "")
	o.does(neo4jconf.Unbind{Database: database}, 0, neo4jconf.Done, "This instance was not bound")
	o.does(neo4jconf.Restore{Database: database, From: backup, Replace: true}, 0, neo4jconf.Done, "")
	o.does(neo4jconf.Dump{Database: database, Dir: dumps}, 0, neo4jconf.Done, "")
	o.does(neo4jconf.Dump{Database: database, Dir: dumps}, 1, neo4jconf.Failed, "archive already exists")
	o.does(neo4jconf.Dump{Database: "nope", Dir: dumps}, 1, neo4jconf.Failed, "database does not exist: nope")
	writeText(o.t, filepath.Join(junk, database+".dump"), "this is no dump")
	o.does(neo4jconf.Load{Database: database, Dir: junk, Replace: true}, 1, neo4jconf.Failed, "")
	o.does(neo4jconf.Load{Database: database, Dir: dumps, Replace: true}, 0, neo4jconf.Done, "")
	o.does(neo4jconf.Load{Database: database, Dir: dumps}, 1, neo4jconf.Failed, "already exists")
	o.opens()
	if n := o.counts(); n != relationships {
		o.t.Errorf("after backup, restore, dump and load there are %d relationships, want %d", n, relationships)
	}
	o.closes()
}
