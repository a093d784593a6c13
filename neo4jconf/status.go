package neo4jconf

import "strings"

// Status is how to ask a clustered server about itself. Paths are below the HTTP connector's root.
type Status struct {
	Describe  string // GET: the raft group as JSON, see the manual's "status endpoint"
	Writable  string // GET: 200 on the leader, 404 elsewhere
	Available string // GET: 200 where queries are served

	// Overview is Cypher for all members with id and addresses, and either their role or their databases: a map from
	// database to role, or since 5 a list of pairs of these.
	Overview string
	// SelectsDatabase tells that a Bolt session may name its database, with the driver that this program uses.
	SelectsDatabase bool
}

// The endpoints (manual 3.5 "Causal cluster HTTP endpoints", 4.x and later "Endpoints for status information"). A single
// 3.5 server answers all of them with 403, Community 5 and later with 404 (run of 5.26.30 and 2026.08.1). A password is
// needed unless the status setting of names.go is false.
var (
	endpoints = fact{head{v35, v40}, cells{"/db/manage/server/causalclustering/", "/db/{database}/cluster/"}}
	overview  = fact{head{v35, v50}, cells{"CALL dbms.cluster.overview()", hostedDatabases}}
)

// hostedDatabases gives one row for each server, since all host the system database, in the columns and words of the
// overview that 5 has no more (cypher manual, "SHOW DATABASES"; columns by a run of 5.26.30 and 2026.08.1).
const hostedDatabases = "SHOW DATABASES YIELD name, serverID, address, role, writer " +
	"RETURN serverID AS id, collect(DISTINCT 'bolt://' + address) AS addresses, " +
	"collect([name, CASE WHEN writer THEN 'LEADER' WHEN role = 'primary' THEN 'FOLLOWER' " +
	"WHEN role = 'secondary' THEN 'READ_REPLICA' ELSE 'UNKNOWN' END]) AS databases"

// Status returns how to ask about one database. 3.5 has only one and ignores the name.
func (d Dialect) Status(database string) Status {
	base := strings.ReplaceAll(d.fact(endpoints), "{database}", database)
	return Status{
		Describe:        base + "status",
		Writable:        base + "writable",
		Available:       base + "available",
		Overview:        d.fact(overview),
		SelectsDatabase: d.fact(selectsDatabase) != "",
	}
}
