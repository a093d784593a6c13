package neo4jconf

import (
	"path"
	"strings"
)

// Backup copies databases of a running server. Into a folder that holds the last backup it copies only what is new,
// where it can: Neo4j decides, and falls back to a full backup.
type Backup struct {
	Dir string // gets or holds the backup, see Written

	// Databases to back up. 3.5 has one, and the name is that of the backup's folder. 4.x takes one, 4.2 and later a
	// pattern with * and ?, and a list since 5.20.
	Databases []string

	From      string // host:port of the server's backup listener
	Clustered bool   // that server is a member of a cluster: 3.5 speaks another protocol with it
	PageCache string // such as 512m, "" for Neo4j's own choice, which is 8m
	Metadata  string // of users and roles: all, users or roles; "" for Neo4j's own choice: since 5 all, before none
	// Check lets 3.5 and 4.x check the backup in the same run, with the report in ReportDir. Later ones need a Check.
	Check     bool
	ReportDir string
	Scratch   string // an empty folder for temporary files of 5 and later, as large as the databases
}

func (b Backup) write(l *adminLine) {
	l.begin(backupJob)
	l.need(backupDir, b.Dir)
	l.need(backupFrom, b.From)
	l.addWhereKnown(backupProtocol, map[bool]string{true: "catchup", false: "common"}[b.Clustered])
	l.addWhereKnown(backupType, "AUTO")
	l.addWhereKnown(backupFallback, "true")
	if b.Check {
		l.add(backupCheck, "true")
		l.need(backupReport, b.ReportDir)
	} else {
		l.addWhereKnown(backupCheck, "false")
	}
	l.add(backupCache, b.PageCache)
	l.add(backupMetadata, b.Metadata)
	l.dir = b.Scratch
	l.addWhereKnown(scratchDir, b.Scratch)
	b.writeDatabases(l)
}

func (b Backup) writeDatabases(l *adminLine) {
	if len(b.Databases) == 0 {
		l.refuse("a database is missing")
	}
	for _, database := range b.Databases {
		switch {
		case len(b.Databases) > 1:
			l.add(backupSeveral, database)
		case strings.ContainsAny(database, "*?"):
			l.add(backupPattern, database)
		default:
			l.add(backupName, database)
		}
	}
}

// ChecksWhatItTakes tells whether a backup is checked by the run that takes it.
func (d Dialect) ChecksWhatItTakes() bool { return d.fact(backupCheck.form) != "" }

// Written returns the pattern, as path.Match takes it, of what a backup of a database leaves in a folder: a folder that
// the next one continues in 3.5 and 4.x, and since 5 one more file each time. Manual, the pages on backup.
func (d Dialect) Written(dir, database string) string {
	return path.Join(dir, strings.ReplaceAll(d.fact(backupFile), "{database}", database))
}

var backupFile = fact{head{v35, v50}, cells{"{database}", "{database}-[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T*.backup"}}

// Restore puts a backup where the stopped server finds it. A database that the server has not known before must then
// be created, from 4.0 on.
type Restore struct {
	Database string
	From     string // the folder of the backup; since 5 a file, beside those that it continues
	Replace  bool   // an existing database
	Until    string // only transactions before this id or time, as in 2026-11-20 04:00:00 (UTC); "" for all
	Scratch  string // an empty folder for temporary files of 5 and later
}

func (r Restore) write(l *adminLine) {
	l.begin(restoreJob)
	l.need(restoreFrom, r.From)
	l.addIf(replacing, r.Replace)
	l.add(restoreUntil, r.Until)
	l.dir = r.Scratch
	l.addWhereKnown(scratchDir, r.Scratch)
	l.need(onDatabase, r.Database)
}

// Inspect prints a table of what is in the files of a folder of backups, empty ones too: of which database, from when,
// full or differential. See Inspected.
type Inspect struct {
	Dir string
}

func (i Inspect) write(l *adminLine) {
	l.begin(inspectJob)
	l.add(inspectAs, "TABULAR")
	l.addIf(inspectShown, true)
	l.addIf(inspectEmpty, true)
	l.need(inspectPath, i.Dir)
}
