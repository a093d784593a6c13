package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"neo4j-agent/agent/health"
	"neo4j-agent/agent/settings"
	"neo4j-agent/neo4jconf"
)

// askedFor bounds the questions to one server: counts come from the count store, in no time.
const askedFor = 30 * time.Second

// witness asks a server what it holds.
type witness struct {
	*health.Client
	dialect neo4jconf.Dialect
}

// newWitness asks at a Bolt address as the administrator, over TLS where that is not nil.
func newWitness(dialect neo4jconf.Dialect, address string, password settings.Secret, over *tls.Config) (witness, error) {
	client, err := health.NewClient(address, "neo4j", password.Reveal(), over)
	return witness{client, dialect}, err
}

// named is the database as a session names it: not at all where it cannot.
func (w witness) named(database string) string {
	if w.dialect.SystemDatabase() == "" {
		return ""
	}
	return database
}

// databases are all that the servers are to have, system too.
func (w witness) databases(ctx context.Context) (hosted, error) {
	rows, err := w.Rows(ctx, w.dialect.SystemDatabase(), w.dialect.DatabaseList(), nil)
	return hostedIn(rows), err
}

// span is the last transaction of a database as its members have it: of the one that is behind, and of the foremost.
type span struct{ least, greatest int64 }

func (w witness) transactions(ctx context.Context, database string) (span, error) {
	_, all, err := w.transactionsAt(ctx, database, "")
	return all, err
}

// uptime is for how long the server has run.
func (w witness) uptime(ctx context.Context) (time.Duration, error) {
	rows, err := w.Rows(ctx, "", w.dialect.Uptime(), nil)
	if err != nil {
		return 0, err
	}
	for _, row := range rows {
		if ms, told := row["uptime"].(int64); told {
			return time.Duration(ms) * time.Millisecond, nil
		}
	}
	return 0, errors.New("it does not tell for how long it has run")
}

// transactionsAt tells of the member with a Bolt address, and of all. A member that cannot be told apart counts as all.
func (w witness) transactionsAt(ctx context.Context, database, address string) (own, all span, err error) {
	query := w.dialect.LastTransaction()
	if query == "" {
		return own, all, fmt.Errorf("neo4j %v does not tell it", w.dialect.Version)
	}
	rows, err := w.Rows(ctx, w.dialect.SystemDatabase(), query, map[string]any{"database": database})
	if err != nil {
		return own, all, err
	}
	own, all, known := spansIn(rows, address)
	if !known {
		return own, all, fmt.Errorf("it gives none of %s", database)
	}
	return own, all, nil
}

// spansIn reads the rows of LastTransaction.
func spansIn(rows []map[string]any, address string) (own, all span, known bool) {
	apart := false
	for _, row := range rows {
		last, told := row["last"].(int64)
		if !told {
			continue
		}
		if !known {
			all, known = span{last, last}, true
		}
		all = span{min(all.least, last), max(all.greatest, last)}
		if at, _ := row["address"].(string); at != "" && strings.EqualFold(at, address) {
			own, apart = span{last, last}, true
		}
	}
	if !apart {
		own = all
	}
	return own, all, known
}

// counts are how many there are of each label and relationship type; what there is none of is left out.
type counts map[string]int64

// The kinds of counts: what lists the names, what counts one of them, and how that is shown.
var countKinds = []struct{ list, count, shown string }{
	{"CALL db.labels() YIELD label RETURN label AS name", "MATCH (n:%s) RETURN count(n) AS n", "(:%s)"},
	{"CALL db.relationshipTypes() YIELD relationshipType RETURN relationshipType AS name",
		"MATCH ()-[r:%s]->() RETURN count(r) AS n", "[:%s]"},
}

func (w witness) counts(ctx context.Context, database string) (counts, error) {
	found := counts{}
	for _, kind := range countKinds {
		names, err := w.Rows(ctx, w.named(database), kind.list, nil)
		if err != nil {
			return nil, err
		}
		for _, row := range names {
			name, _ := row["name"].(string)
			quoted := "`" + strings.ReplaceAll(name, "`", "``") + "`"
			rows, err := w.Rows(ctx, w.named(database), fmt.Sprintf(kind.count, quoted), nil)
			if err != nil {
				return nil, err
			}
			for _, row := range rows {
				if n, _ := row["n"].(int64); n > 0 {
					found[fmt.Sprintf(kind.shown, name)] = n
				}
			}
		}
	}
	return found, nil
}

// shownCounts bounds how many counts stand in a manifest.
const shownCounts = 10

// String lists them, the greatest first.
func (c counts) String() string {
	names := slices.SortedFunc(maps.Keys(c), func(a, b string) int {
		if c[a] != c[b] {
			return int(min(1, max(-1, c[b]-c[a])))
		}
		return strings.Compare(a, b)
	})
	var shown []string
	for _, name := range names[:min(len(names), shownCounts)] {
		shown = append(shown, fmt.Sprintf("%s %d", name, c[name]))
	}
	if more := len(names) - len(shown); more > 0 {
		shown = append(shown, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(shown, ", ")
}

// testimony is what the source said of a database around its backup.
type testimony struct {
	before, after span
	counts        counts // between the two; nil where they are not known
	blind         error  // why it is not known what was before
	trouble       error  // why counts or what was after are not known
}

// quiet tells whether nothing was written between the two questions.
func (t testimony) quiet() bool {
	return t.blind == nil && t.trouble == nil && t.before == t.after && t.before.least == t.before.greatest
}

// meanwhile says why the counts of the source and of the backup need not be equal.
func (t testimony) meanwhile() string {
	if why := cmp.Or(t.blind, t.trouble); why != nil {
		return fmt.Sprintf("whether the source was written to meanwhile is not known: %v", why)
	}
	return "the source was written to meanwhile"
}
