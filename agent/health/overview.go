package health

import (
	"net/url"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"
)

// overview reads the rows of dbms.cluster.overview(). 3.5 gives one role (and, under database, the name of a
// multi-cluster, which is not a database's); 4.x a map of database to role; what is asked of 5 and later a list of such
// pairs. What is there decides, not a version.
func overview(rows []*neo4j.Record, database string) []Seen {
	var all []Seen
	for _, row := range rows {
		fields := row.AsMap()
		id, ok := fields["id"].(string)
		if !ok {
			continue
		}
		seen := Seen{ID: id, Roles: map[string]string{}}
		seen.Bolt, seen.HTTP = addresses(fields["addresses"])
		if role, ok := fields["role"].(string); ok {
			seen.Roles[database] = role
		}
		switch databases := fields["databases"].(type) {
		case map[string]any:
			for name, role := range databases {
				seen.hosts(name, role)
			}
		case []any:
			for _, each := range databases {
				if pair, ok := each.([]any); ok && len(pair) == 2 {
					seen.hosts(pair[0], pair[1])
				}
			}
		}
		all = append(all, seen)
	}
	return all
}

// hosts notes the role that a member has for a database.
func (s Seen) hosts(database, role any) {
	name, named := database.(string)
	if role, ok := role.(string); ok && named {
		s.Roles[name] = role
	}
}

// addresses picks host:port of the Bolt and the HTTP connector out of a list of URIs.
func addresses(list any) (bolt, http string) {
	uris, _ := list.([]any)
	for _, uri := range uris {
		text, _ := uri.(string)
		parsed, err := url.Parse(text)
		if err != nil {
			continue
		}
		switch parsed.Scheme {
		case "bolt":
			bolt = parsed.Host
		case "http":
			http = parsed.Host
		}
	}
	return bolt, http
}
