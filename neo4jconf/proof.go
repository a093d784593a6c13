package neo4jconf

import (
	"path"
	"strings"
)

// Facts for who asks a running server what it holds.
var (
	// databaseList is Cypher for the databases of a server; 3.5 has one. Cypher manual, "SHOW DATABASES": a row for each
	// member that hosts one. databaseID is there from 4.4 on, and null while the database is not online.
	databaseList = fact{head{v35, v40, v44}, cells{"", "SHOW DATABASES", "SHOW DATABASES YIELD *"}}
	// lastTransaction is Cypher for the id of the last transaction of $database: a row for each member that says it, with
	// the Bolt address that this one advertises; the one asked may be any of these. 3.5 Enterprise tells its own over JMX (run of
	// 3.5.0-beta03); 4.0 to 4.3 tell none (manual 4.3 and 4.4, SHOW DATABASES), and Community has null there (run of
	// 4.4.48 and 2026.08.1): whether Enterprise does outside a cluster is not known.
	lastTransaction = fact{head{v35, v40, v44}, cells{
		"CALL dbms.queryJmx('org.neo4j:instance=kernel#0,name=Transactions') YIELD attributes " +
			"RETURN null AS address, attributes.LastCommittedTxId.value AS last",
		"",
		"SHOW DATABASES YIELD name, address, lastCommittedTxn WHERE name = $database AND lastCommittedTxn >= 0 " +
			"RETURN address, lastCommittedTxn AS last",
	}}
	// uptime is Cypher for how many milliseconds the server has run, from its JVM (java.lang.management.RuntimeMXBean; run of
	// 3.5.0-beta03, 4.1.13, 4.4.48, 5.26.30 and 2026.08.1).
	uptime = fact{head{v35}, cells{"CALL dbms.queryJmx('java.lang:type=Runtime') YIELD attributes RETURN attributes.Uptime.value AS uptime"}}
	// systemName is where databases are listed and made.
	systemName = fact{head{v35, v40}, cells{"", "system"}}
	// fullWords are what the tool says when it fetches the whole store and not the newest transactions only (run of
	// 3.5.0-beta03). 4.x was not run: where it says other words, movedAside tells of a full one.
	fullWords = fact{head{v35, v50}, cells{"Start receiving store files", ""}}
	// movedAside is what the tool makes of the last backup when it cannot go on from it (manual 3.5 and 4.x, fallback).
	movedAside = fact{head{v35, v50}, cells{"{database}.err.*", ""}}
)

// DatabaseList returns Cypher for the databases, in the columns name, currentStatus, error or since 5 statusMessage,
// since 4.4 databaseID, and since 5 creationTime; "" where a server has one only.
func (d Dialect) DatabaseList() string { return d.fact(databaseList) }

// LastTransaction returns Cypher for the last transaction of a database at each member, in the columns address and last, ""
// where it cannot be asked.
func (d Dialect) LastTransaction() string { return d.fact(lastTransaction) }

// Uptime returns Cypher for how many milliseconds the server has run, in the column uptime.
func (d Dialect) Uptime() string { return d.fact(uptime) }

// SystemDatabase returns the database in which such statements run, "" where there is none to be named: 3.5, and 4.0 and
// 4.1 with the driver that this program uses (see Status).
func (d Dialect) SystemDatabase() string {
	if d.fact(selectsDatabase) == "" {
		return ""
	}
	return d.fact(systemName)
}

// TookAll tells by a line of the output of a backup whether it is a full one, where the output tells that.
func (d Dialect) TookAll(line string) bool {
	words := d.fact(fullWords)
	return words != "" && strings.Contains(line, words)
}

// MovedAside returns the pattern, as path.Match takes it, of what a backup leaves of the last one when it falls back to a
// full one, "" where it leaves nothing.
func (d Dialect) MovedAside(dir, database string) string {
	pattern := d.fact(movedAside)
	if pattern == "" {
		return ""
	}
	return path.Join(dir, strings.ReplaceAll(pattern, "{database}", database))
}

// Protocols tells whether a backup speaks another protocol with a member of a cluster than with a single server.
func (d Dialect) Protocols() bool { return d.fact(backupProtocol.form) != "" }

// InspectsBackups tells whether the tool can say what is in an artifact.
func (d Dialect) InspectsBackups() bool { return d.fact(inspectJob.words) != "" }

// Inspected reads from what an inspection printed whether an artifact, by its file's name, is a full one; known is false
// where that is not said. Manual, "Inspect the metadata of a backup file", example output.
func Inspected(output []string, file string) (full, known bool) {
	column := -1
	for _, line := range output {
		cells := strings.Split(line, "|")
		for i, cell := range cells {
			switch cell = strings.TrimSpace(cell); {
			case cell == "FULL":
				column = i
			case path.Base(cell) == file && column > 0 && column < len(cells):
				word := strings.TrimSpace(cells[column])
				return word == "true", word == "true" || word == "false"
			}
		}
	}
	return false, false
}
