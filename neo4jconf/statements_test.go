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

func TestEachStatementOfAScriptHasTheLineWhereItBegins(t *testing.T) {
	for script, want := range map[string][]ScriptStatement{
		"CREATE (:A);\n\n// why\nCREATE\n  (:B);": {{"CREATE (:A)", 1}, {"CREATE\n  (:B)", 4}},
		"/* a\nb */ RETURN 'c\nd'; RETURN 1":      {{"RETURN 'c\nd'", 2}, {"RETURN 1", 3}},
		"RETURN 1;\r\n// c\r\nRETURN 2":           {{"RETURN 1", 1}, {"RETURN 2", 3}},
		"// c\rRETURN 1":                          {{"RETURN 1", 1}},
		"\u00a0\u2003;\n\u00a0RETURN 1":           {{"RETURN 1", 2}},
		"RETURN `a\n``\nb`\n;\n:param x => 1":     {{"RETURN `a\n``\nb`", 1}, {":param x => 1", 5}},
	} {
		found, unclosed := Script(script)
		if diff := cmp.Diff(want, found); diff != "" || unclosed != (Unclosed{}) {
			t.Errorf("%q leaves %v open (-want +got):\n%s", script, unclosed, diff)
		}
	}
}

func TestWhatHasNoEndIsToldWithTheLineWhereItBegins(t *testing.T) {
	for script, want := range map[string]Unclosed{
		"RETURN 1;\n'it\n\\'s;":    {"string", 2},
		"\n\nRETURN \"a'":          {"string", 3},
		"RETURN `a\n;":             {"quoted name", 1},
		"RETURN 1;\n/* a // ; '\n": {"comment", 2},
		"RETURN 1 // no end":       {},
		"RETURN '\\\\' // 'a":      {},
	} {
		if _, got := Script(script); got != want {
			t.Errorf("%q leaves %v open, want %v", script, got, want)
		}
	}
}

func FuzzStatements(f *testing.F) {
	f.Add("CREATE (:A {b: ';'}); // c\n/* d */ RETURN `e;`")
	f.Add("\u00a0;\n'a\n\\'b';\r// c\rRETURN 1 /* d")
	f.Fuzz(func(t *testing.T, script string) {
		lines := strings.Split(script, "\n")
		found, unclosed := Script(script)
		for i, statement := range found {
			begins, _, _ := strings.Cut(statement.Text, "\n")
			if strings.TrimSpace(statement.Text) == "" || !strings.Contains(script, statement.Text) {
				t.Errorf("%q gives %q", script, statement.Text)
			}
			if statement.Line < 1 || statement.Line > len(lines) || !strings.Contains(lines[statement.Line-1], begins) {
				t.Errorf("%q: %q is not in line %d", script, begins, statement.Line)
			}
			if i > 0 && statement.Line < found[i-1].Line {
				t.Errorf("%q: lines go back at %d", script, statement.Line)
			}
			if again := Statements(statement.Text); len(again) != 1 || again[0] != statement.Text {
				t.Errorf("%q is split again into %q", statement.Text, again)
			}
		}
		if unclosed.What != "" && (unclosed.Line < 1 || unclosed.Line > len(lines)) {
			t.Errorf("%q: %v", script, unclosed)
		}
	})
}
