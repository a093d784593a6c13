package neo4jconf

import (
	"slices"
	"strings"
	"testing"
)

// copied is what neo4j-admin copy says, put together from the manual of 4.x and the tool's source: nobody here has run it.
const copied = `Starting to copy store, output will be saved to: /logs/neo4j-admin-copy-2026-11-20.04.00.00.log
2026-11-20 04:00:00.131+0000 INFO  [StoreCopy] ### Copy Data ###
2026-11-20 04:00:00.132+0000 INFO  [StoreCopy] Source: /s/graph.db (page cache 1g)
IMPORT DONE in 1s 130ms.
2026-11-20 04:00:02.001+0000 INFO  [StoreCopy] ### Extracting schema ###
2026-11-20 04:00:02.002+0000 INFO  [StoreCopy] ... found 4 schema definitions. The following can be used to recreate the schema:
2026-11-20 04:00:02.003+0000 INFO  [StoreCopy] 

CALL db.createIndex('index_1', ['CREATE me'], ['a;b'], 'native-btree-1.0', {});
CALL db.createUniquePropertyConstraint( 'constraint_2', ['Person'], ['id'], 'native-btree-1.0', {} );
CREATE CONSTRAINT ` + "`constraint_3` ON (a:`Person`) ASSERT exists(a.`name`)" + `;
CALL db.index.fulltext.createNodeIndex('text', ['Person'], ['name'], {})
2026-11-20 04:00:02.004+0000 INFO  [StoreCopy] You have to manually apply the above commands to the database when it is started to recreate the indexes and constraints. CREATE them.
`

func TestTheStatementsOfASchemaArePickedFromWhatACopySays(t *testing.T) {
	want := []string{
		"CALL db.createIndex('index_1', ['CREATE me'], ['a;b'], 'native-btree-1.0', {})",
		"CALL db.createUniquePropertyConstraint( 'constraint_2', ['Person'], ['id'], 'native-btree-1.0', {} )",
		"CREATE CONSTRAINT `constraint_3` ON (a:`Person`) ASSERT exists(a.`name`)",
		"CALL db.index.fulltext.createNodeIndex('text', ['Person'], ['name'], {})",
	}
	var got []string
	for line := range strings.Lines(copied) {
		if statement, ok := SchemaStatement(line); ok {
			got = append(got, statement)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("picked %q", got)
	}
}

func TestAStatementBehindThePrefixOfALogIsOneToo(t *testing.T) {
	const statement = "CREATE INDEX `i` FOR (n:`A`) ON (n.`b`)"
	for _, prefix := range []string{
		"", "  ", "2026-11-20 04:00:02.003+0000 INFO  [StoreCopy] ", "2026-11-20 04:00:02.003+0000 INFO ",
		"2026-11-20T04:00:02.003Z INFO [c.n.c.StoreCopy] ",
	} {
		if got, ok := SchemaStatement(prefix + statement + ";\n"); !ok || got != statement {
			t.Errorf("%q: %q", prefix, got)
		}
	}
	for _, line := range []string{"", "CREATED 5 nodes", "to CREATE INDEX", "CALL me", "created", "CREATE ", "CREATE ;"} {
		if got, ok := SchemaStatement(line); ok {
			t.Errorf("%q is taken for the statement %q", line, got)
		}
	}
}
