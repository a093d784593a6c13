package neo4jconf

import (
	"fmt"
	"strings"
)

// Seed makes a database of a running cluster from a backup, or from the files that one member has. 3.5 has no such
// statement: there every core is unbound and restored (manual 3.5, "Restore a backup").
type Seed struct {
	Database    string
	URI         string // of a full backup, such as s3://bucket/neo4j-….backup: the servers fetch it themselves; since 5
	Server      string // instead of URI: the id of the member that the backup was restored on
	Primaries   int    // how many members host it, since 5; 0 for the cluster's default
	Secondaries int    // read-only ones beside them
}

// Statement is Cypher for the system database, with its parameters.
type Statement struct {
	Text       string
	Parameters map[string]any
}

// The words of a seed. Manual 4.3 and 4.4 "Seed a cluster", 5 and later "Manage databases in a cluster": Cypher 25 calls
// existingData deprecated and takes it.
var (
	seedJob      = adminJob{"seed a database", fact{head{v35, v43}, cells{"", "CREATE DATABASE $database"}}, enterpriseOnly}
	seedTopology = adminArgument{"a number of copies", fact{head{v35, v50}, cells{"", "TOPOLOGY {}"}}}
	seedURI      = adminArgument{"seeding from a URI", fact{head{v35, v50}, cells{"", "OPTIONS {existingData: 'use', seedURI: $seed}"}}}
	seedServer   = adminArgument{"seeding from a member", fact{head{v35, v43, {5, 25}}, cells{"",
		"OPTIONS {existingData: 'use', existingDataSeedInstance: $seed}", "OPTIONS {existingData: 'use', existingDataSeedServer: $seed}"}}}
)

// Seed returns the statement. It fails where this version or edition has none for it.
func (d Dialect) Seed(s Seed) (Statement, error) {
	l := adminLine{dialect: d}
	l.begin(seedJob)
	if s.Database == "" || (s.URI == "") == (s.Server == "") {
		l.refuse("it takes a database, and either a URI or a server")
	}
	if s.Primaries > 0 {
		l.add(seedTopology, fmt.Sprintf("%d PRIMARIES %d SECONDARIES", s.Primaries, s.Secondaries))
	}
	l.addIf(seedURI, s.URI != "")
	l.addIf(seedServer, s.Server != "")
	if l.err != nil {
		return Statement{}, l.err
	}
	return Statement{strings.Join(l.args, " "), map[string]any{"database": s.Database, "seed": s.URI + s.Server}}, nil
}
