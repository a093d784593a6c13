package neo4jconf

import "strings"

// Status is how to ask a clustered server about itself. Paths are below the HTTP connector's root.
type Status struct {
	Describe  string // GET: the raft group as JSON, see the manual's "status endpoint"
	Writable  string // GET: 200 on the leader, 404 elsewhere
	ReadOnly  string // GET: 200 on followers and read replicas, 404 elsewhere
	Available string // GET: 200 where queries are served

	Overview string // Cypher: all members, see ByDatabase
	Role     string // Cypher: this member's role as LEADER, FOLLOWER or READ_REPLICA; may take $database
	// ByDatabase tells that the overview has a column databases, a map from database to role. Else it has a column role.
	ByDatabase bool
	// SelectsDatabase tells that a Bolt session may name its database, with the driver that this program uses.
	SelectsDatabase bool
}

// The endpoints (manual 3.5 "Causal cluster HTTP endpoints", 4.x "Endpoints for status information"). A single 3.5 server
// answers all of them with 403. A password is needed unless the status setting of names.go is false.
var (
	endpoints  = fact{head{v35, v40}, cells{"/db/manage/server/causalclustering/", "/db/{database}/cluster/"}}
	overview   = fact{head{v35, v40}, cells{"CALL dbms.cluster.overview()", "CALL dbms.cluster.overview()"}}
	role       = fact{head{v35, v40}, cells{"CALL dbms.cluster.role()", "CALL dbms.cluster.role($database)"}}
	byDatabase = fact{head{v35, v40}, cells{"", "yes"}}
)

// Status returns how to ask about one database. 3.5 has only one and ignores the name.
func (d Dialect) Status(database string) Status {
	base := strings.ReplaceAll(d.fact(endpoints), "{database}", database)
	return Status{
		Describe:        base + "status",
		Writable:        base + "writable",
		ReadOnly:        base + "read-only",
		Available:       base + "available",
		Overview:        d.fact(overview),
		Role:            d.fact(role),
		ByDatabase:      d.fact(byDatabase) != "",
		SelectsDatabase: d.fact(selectsDatabase) != "",
	}
}
