package neo4jconf

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAScriptIsSplitAtSemicolonsOutsideOfStringsNamesAndComments(t *testing.T) {
	for script, want := range map[string][]string{
		"":                              nil,
		" ;;\n; // nothing;\n/* ; */ ;": nil,
		"CREATE (:A);\nCREATE (:B)":     {"CREATE (:A)", "CREATE (:B)"},
		`RETURN ';', "a;b", 'it\'s;', "\\" ; RETURN 1;`:    {`RETURN ';', "a;b", 'it\'s;', "\\"`, "RETURN 1"},
		"CREATE ROLE `a;``b` ; RETURN 1 // ; end\n;":       {"CREATE ROLE `a;``b`", "RETURN 1 // ; end"},
		"RETURN 1 /* ; ' */ + 2; MATCH (n) RETURN n.`x/*`": {"RETURN 1 /* ; ' */ + 2", "MATCH (n) RETURN n.`x/*`"},
		"RETURN 'no end; RETURN 2;":                        {"RETURN 'no end; RETURN 2;"},
		"RETURN 4 / 2; RETURN '/*';":                       {"RETURN 4 / 2", "RETURN '/*'"},
		`RETURN "a\`:                                       {`RETURN "a\`},
	} {
		if diff := cmp.Diff(want, Statements(script)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", script, diff)
		}
	}
}

func FuzzStatements(f *testing.F) {
	f.Add("CREATE (:A {b: ';'}); // c\n/* d */ RETURN `e;`")
	f.Fuzz(func(t *testing.T, script string) {
		statements := Statements(script)
		for _, statement := range statements {
			if strings.TrimSpace(statement) == "" || !strings.Contains(script, statement) {
				t.Errorf("%q gives %q", script, statement)
			}
			if again := Statements(statement); len(again) != 1 || again[0] != statement {
				t.Errorf("%q is split again into %q", statement, again)
			}
		}
	})
}
