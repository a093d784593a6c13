package neo4jconf

import "path"

// Dump writes a stopped database to the file <Database>.dump, which must not exist yet, in Dir.
type Dump struct {
	Database string
	Dir      string // "" for standard output
}

func (j Dump) write(l *adminLine) {
	l.begin(dumpJob)
	l.add(dumpDir, j.Dir)
	l.addIf(dumpStdout, j.Dir == "")
	l.need(onDatabase, j.Database)
}

// Load makes a stopped database of the file <Database>.dump in Dir. With Replace the old database is deleted before the
// dump has been read: one that cannot be read leaves none (run of 4.4.48, 5.26.30 and 2026.08.1).
type Load struct {
	Database string
	Dir      string // "" for standard input
	Replace  bool   // an existing database
}

func (j Load) write(l *adminLine) {
	l.begin(loadJob)
	if j.Dir != "" {
		l.addWhereKnown(loadFile, path.Join(j.Dir, j.Database+".dump"))
		l.addWhereKnown(loadDir, j.Dir)
	}
	l.addIf(loadStdin, j.Dir == "")
	l.addIf(replacing, j.Replace)
	l.need(onDatabase, j.Database)
}

// Check looks for inconsistencies in a stopped database or in a backup of it, and writes a report when there are some.
type Check struct {
	Database  string
	Backup    string // its folder; "" for the database itself
	ReportDir string
	Memory    string // what 5 and later may take beside the heap, such as 2g; "" is 90 % of what is free
	Scratch   string // an empty folder for temporary files while 5 and later check a backup
}

func (j Check) write(l *adminLine) {
	l.begin(checkJob)
	l.need(checkReport, j.ReportDir)
	l.addWhereKnown(checkMemory, j.Memory)
	if j.Backup == "" {
		l.need(onDatabase, j.Database)
		return
	}
	l.add(checkBackup, j.Backup)
	l.addWhereKnown(checkScratch, j.Scratch)
	l.addWhereKnown(checkBackupOf, j.Database)
}

// Unbind makes a stopped server forget its cluster. It keeps its databases in 3.5 and 4.x; since 5 it comes back as a
// new server, which hosts none of them (manual 5, "Unbind a server").
type Unbind struct {
	Database string // the active one of 3.5, whose lock tells whether the server runs; later ones need no name
}

func (j Unbind) write(l *adminLine) {
	l.begin(unbindJob)
	l.addWhereKnown(unbindDatabase, j.Database)
}

// Copy makes a stopped database of the store in a folder, such as a backup of 3.5, and brings it to this version's
// format (manual 4.x, "Copy a database store"). Indexes and constraints are not in the copy: it prints the statements that
// make them anew (SchemaStatement).
type Copy struct {
	From      string
	Database  string // must not exist
	PageCache string // for reading, such as 2g; "" for Neo4j's own choice
}

func (j Copy) write(l *adminLine) {
	l.begin(copyJob)
	l.need(copyFromPath, j.From)
	l.add(copyCache, j.PageCache)
	l.need(copyTo, j.Database)
}

// Migrate brings the store of a stopped database to this version's newest format; 4.x stores become ones of 5. Before 5
// the server did that itself at its start, when dbms.allow_upgrade let it.
type Migrate struct {
	Database string
	Memory   string // what it may take beside the heap, such as 2g; before 2025.04 for its page cache only; "" for its own choice
}

func (j Migrate) write(l *adminLine) {
	l.begin(migrateJob)
	l.add(migrateMemory, j.Memory)
	l.need(onDatabase, j.Database)
}
