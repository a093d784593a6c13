package neo4jconf

// adminJob is what a job is called on the command line.
type adminJob struct {
	what      string // completes "cannot ..." in errors
	words     fact
	community column // the first version whose Community can do it
}

// adminArgument is one argument of a job by version; {} stands for its value.
type adminArgument struct {
	what string // begins "... needs 5.0 or later" in errors
	form fact
}

// enterpriseOnly is no version at all.
var enterpriseOnly = column{9999, 0}

// The jobs. Manual: 3.5 and 4.x "Neo4j Admin", 5 "Neo4j Admin and Neo4j CLI", and the page of each command. What
// Community can do is from the help of 4.1.13, 4.4.48, 5.26.30 and 2026.08.1 and the classes of 4.2.19 and 4.3.23 (jar).
var (
	passwordJob = adminJob{"set the initial password", fact{head{v35, v50}, cells{"set-initial-password", "dbms set-initial-password"}}, v35}
	backupJob   = adminJob{"back up", fact{head{v35, v50}, cells{"backup", "database backup"}}, enterpriseOnly}
	restoreJob  = adminJob{"restore a backup", fact{head{v35, v50}, cells{"restore", "database restore"}}, enterpriseOnly}
	dumpJob     = adminJob{"dump", fact{head{v35, v50}, cells{"dump", "database dump"}}, v35}
	loadJob     = adminJob{"load a dump", fact{head{v35, v50}, cells{"load", "database load"}}, v35}
	checkJob    = adminJob{"check consistency", fact{head{v35, v50}, cells{"check-consistency", "database check"}}, v35}
	unbindJob   = adminJob{"unbind", fact{head{v35, v50}, cells{"unbind", "server unbind"}}, v44}
	copyJob     = adminJob{"copy a store", fact{head{v35, v40, v50}, cells{"", "copy", "database copy"}}, enterpriseOnly}
	migrateJob  = adminJob{"migrate a store", fact{head{v35, v50}, cells{"", "database migrate"}}, v50}
	inspectJob  = adminJob{"inspect a backup", fact{head{v35, {5, 25}}, cells{"", "backup inspect"}}, enterpriseOnly}
)

// The initial password. Manual "Set an initial password".
var password = adminArgument{"a password", fact{head{v35}, cells{"{}"}}}

// Arguments of several jobs.
var (
	onDatabase = adminArgument{"a database", fact{head{v35, v50}, cells{"--database={}", "{}"}}}
	replacing  = adminArgument{"replacing a database", fact{head{v35, v50}, cells{"--force", "--overwrite-destination=true"}}}
	scratchDir = adminArgument{"a folder for temporary files", fact{head{v35, {5, 24}}, cells{"", "--temp-path={}"}}}
)

// Backup. Manual: 3.5 "Perform a backup", 4.x and 5 "Back up an online database". A list of databases is in the manual
// since 5.20; 4.2 to 5.19 take one name or a pattern.
var (
	backupDir  = adminArgument{"a folder for backups", fact{head{v35, v50}, cells{"--backup-dir={}", "--to-path={}"}}}
	backupFrom = adminArgument{"a source", fact{head{v35}, cells{"--from={}"}}}
	// Left to try both protocols, 3.5 fails with a single server now and then (run of 3.5.0-beta03).
	backupProtocol = adminArgument{"a protocol", fact{head{v35, v40}, cells{"--protocol={}", ""}}}
	backupName     = adminArgument{"a database", fact{head{v35, v40, v50}, cells{"--name={}", "--database={}", "{}"}}}
	backupPattern  = adminArgument{"a pattern for databases", fact{head{v35, v42, v50}, cells{"", "--database={}", "{}"}}}
	backupSeveral  = adminArgument{"a list of databases", fact{head{v35, {5, 20}}, cells{"", "{}"}}}
	backupCache    = adminArgument{"a page cache", fact{head{v35}, cells{"--pagecache={}"}}}
	backupFallback = adminArgument{"falling back to a full backup", fact{head{v35, v50}, cells{"--fallback-to-full={}", ""}}}
	backupType     = adminArgument{"a type of backup", fact{head{v35, v50}, cells{"", "--type={}"}}}
	backupCheck    = adminArgument{"checking the backup in the same run", fact{head{v35, v50}, cells{"--check-consistency={}", ""}}}
	backupReport   = adminArgument{"a folder for its report", fact{head{v35, v40, v50}, cells{"--cc-report-dir={}", "--report-dir={}", ""}}}
	backupMetadata = adminArgument{"the users' and roles' metadata", fact{head{v35, v42}, cells{"", "--include-metadata={}"}}}
)

// Restore. Manual: 3.5 "Restore a backup", 4.x and 5 "Restore a database backup".
var (
	restoreFrom  = adminArgument{"a backup", fact{head{v35, v50}, cells{"--from={}", "--from-path={}"}}}
	restoreUntil = adminArgument{"restoring to a point in time", fact{head{v35, v50}, cells{"", "--restore-until={}"}}}
)

// Dump and load. Manual: 3.5 "Dump and load databases", 4.x and 5 "Back up an offline database" and "Restore a database
// dump". 5 takes folders only and finds <database>.dump there. Standard streams are in the manual since 4.4.
var (
	dumpDir    = adminArgument{"a folder for the dump", fact{head{v35, v50}, cells{"--to={}", "--to-path={}"}}}
	dumpStdout = adminArgument{"dumping to standard output", fact{head{v35, v44, v50}, cells{"", "--to=-", "--to-stdout"}}}
	loadFile   = adminArgument{"a dump", fact{head{v35, v50}, cells{"--from={}", ""}}}
	loadDir    = adminArgument{"a folder with the dump", fact{head{v35, v50}, cells{"", "--from-path={}"}}}
	loadStdin  = adminArgument{"loading from standard input", fact{head{v35, v44, v50}, cells{"", "--from=-", "--from-stdin"}}}
)

// Check. Manual: "Consistency checker" of each version.
var (
	checkBackup   = adminArgument{"checking a backup", fact{head{v35, v50}, cells{"--backup={}", "--from-path={}"}}}
	checkReport   = adminArgument{"a folder for the report", fact{head{v35, v50}, cells{"--report-dir={}", "--report-path={}"}}}
	checkMemory   = adminArgument{"a bound of memory", fact{head{v35, v50}, cells{"", "--max-off-heap-memory={}"}}}
	checkScratch  = adminArgument{"a folder for temporary files", fact{head{v35, v50}, cells{"", "--temp-path={}"}}}
	checkBackupOf = adminArgument{"a backup's database", fact{head{v35, v50}, cells{"", "{}"}}}
)

// Unbind. Manual 3.5 "Unbind a core server".
var unbindDatabase = adminArgument{"a database", fact{head{v35, v40}, cells{"--database={}", ""}}}

// Copy, migrate and inspect. Manual: 4.x and 5 "Copy a database store", 5 "Migrate a database" and "Inspect the metadata
// of a backup file". 5 copies what it can open, which a store of 3.5 is not.
var (
	copyFromPath  = adminArgument{"copying a store by its path", fact{head{v35, v40, v50}, cells{"", "--from-path={}", ""}}}
	copyTo        = adminArgument{"a database", fact{head{v35, v40}, cells{"", "--to-database={}"}}}
	copyCache     = adminArgument{"a page cache", fact{head{v35, v40}, cells{"", "--from-pagecache={}"}}}
	migrateMemory = adminArgument{"a bound of memory", fact{head{v35, v50, {2025, 4}}, cells{"", "--pagecache={}", "--max-off-heap-memory={}"}}}
	inspectAs     = adminArgument{"a format", fact{head{v35, {5, 25}}, cells{"", "--format={}"}}}
	inspectShown  = adminArgument{"showing metadata", fact{head{v35, {5, 25}}, cells{"", "--show-metadata"}}}
	inspectEmpty  = adminArgument{"showing empty backups", fact{head{v35, {5, 25}}, cells{"", "--empty"}}}
	inspectPath   = adminArgument{"a backup", fact{head{v35, {5, 25}}, cells{"", "{}"}}}
)
