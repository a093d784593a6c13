package neo4jconf

import (
	"path"
	"strings"
)

// Facts that are no setting's name or value, by version.
var (
	addsArguments = fact{head{v35, v44}, cells{"", "yes"}}              // a variable's JVM arguments add to the file's (image)
	httpsDefault  = fact{head{v35, v40}, cells{"true", "false"}}        // whether HTTPS is on where nobody says (manual)
	boltDefault   = fact{head{v35, v40}, cells{"OPTIONAL", "DISABLED"}} // tls_level where nobody says (manual)
	databaseName  = fact{head{v35, v40}, cells{"graph.db", "neo4j"}}    // of the default database (manual)
	// fileInUTF8 tells that neo4j.conf is in UTF-8 and not in ISO-8859-1 (jar of 2025.01.0; its manual does not say so).
	// What we write ourselves is ASCII.
	fileInUTF8 = fact{head{v35, v2025}, cells{"", "yes"}}
	// boundFile exists below the cluster state once a core is bound to a formed cluster. 3.5 writes its cluster id when it
	// has one, and its member id long before (jar: ClusterBinder.bindToCluster; a run of three cores). 4.x was not run: it
	// keeps one state per database (its ClusterStateLayoutTest) and learns of the default database from the system
	// database, so that has formed by then. The system database's own state may be there earlier.
	boundFile = fact{head{v35, v40, v50}, cells{"cluster-id-state/cluster-id", "db/{database}/raft-id-state/raft-id", ""}}
	// selectsDatabase is empty where a session over Bolt may not name its database: the Go driver's v5 speaks Bolt 3 up
	// to 4.1, which has no field for it.
	selectsDatabase = fact{head{v35, v42}, cells{"", "yes"}}
)

// fact is a table of one row.
type fact struct {
	head  head
	cells cells
}

func (d Dialect) fact(f fact) string { return f.head.in(d.Version, f.cells) }

func (d Dialect) environmentAddsArguments() bool { return d.fact(addsArguments) != "" }

// resolve makes a path absolute: from the home where it is relative, and the default where there is none.
func resolve(home, given, standard string) string {
	if given == "" {
		given = standard
	}
	if strings.HasPrefix(given, "/") {
		return path.Clean(given)
	}
	return path.Join(home, given)
}
