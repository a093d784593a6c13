package neo4jconf

import (
	"regexp"
	"strings"
)

// What Copy says of the schema. The manual of 4.x shows it for a store without any ("Space reuse", lines such as
// "2020-11-04 11:31:03.338+0000 INFO [StoreCopy] ... found 0 schema definitions."), and says that it prints Cypher
// statements where there is one ("Copy a database store"). How these look is read in the tool's source of 4.x: CALL db. with
// a procedure that creates an index or a constraint, or CREATE CONSTRAINT; one a line, with a semicolon after each but the
// last, all of them in one message of its log, whose prefix stands alone on the line before. None has been run here.

// schemaLine is a line with a statement, behind the prefix of a log where it has one.
var schemaLine = regexp.MustCompile(`^(?:\d{4}-\d\d-\d\d[ T]\S+ +[A-Z]+ +(?:\[[^\]]*\] +)?)?((?:CREATE |CALL db\.)[^\s;].*)$`)

// SchemaStatement returns the statement that makes an index or a constraint anew, where a line that Copy says holds one. It
// has no semicolon at its end.
func SchemaStatement(line string) (statement string, ok bool) {
	found := schemaLine.FindStringSubmatch(strings.TrimSpace(line))
	if found == nil {
		return "", false
	}
	return strings.TrimRight(found[1], "; "), true
}
