package initscripts

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// byLine makes each line a statement; one that says "open" has no end.
func byLine(text string) ([]Statement, int, string) {
	var found []Statement
	for i, line := range strings.Split(text, "\n") {
		if line == "open" {
			return nil, i + 1, "the string that begins there has no end"
		}
		if line != "" {
			found = append(found, Statement{line, i + 1})
		}
	}
	return found, 0, ""
}

func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestScriptsAreListedInOrderAndOthersByName(t *testing.T) {
	dir := folder(t, map[string]string{"20-b.cypher": "", "10-a.cypher": "", "3.cypher": "", "a.cypher.gz": "", "run.sh": "", ".hidden.cypher": ""})
	if err := os.Mkdir(filepath.Join(dir, "sub.cypher"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("3.cypher", filepath.Join(dir, "4.cypher")); err != nil {
		t.Fatal(err)
	}
	scripts, others, err := List(dir)
	if diff := cmp.Diff([]string{"10-a.cypher", "20-b.cypher", "3.cypher", "4.cypher"}, scripts); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	if diff := cmp.Diff([]string{".hidden.cypher", "a.cypher.gz", "run.sh"}, others); diff != "" {
		t.Error(diff)
	}
	if scripts, others, err := List(filepath.Join(dir, "missing")); len(scripts)+len(others) > 0 || err != nil {
		t.Errorf("a missing folder has %v, %v (%v)", scripts, others, err)
	}
}

func TestABadScriptIsRefusedWithItsNameAndLine(t *testing.T) {
	for text, want := range map[string]string{
		"a\n\nopen\n":               "cannot run init script bad.cypher, line 3: the string that begins there has no end",
		"a\n\xff":                   "cannot run init script bad.cypher, line 2: it is not UTF-8",
		"a\n:param x => 1":          `cannot run init script bad.cypher, line 2: ":param" is a command of cypher-shell, not Cypher`,
		strings.Repeat("a", 17<<20): "cannot run init script bad.cypher: it is not a file of at most 16 MiB; load data with LOAD CSV",
	} {
		dir := folder(t, map[string]string{"a.cypher": "fine", "bad.cypher": text})
		scripts, err := Read(dir, []string{"a.cypher", "bad.cypher"}, byLine)
		if len(scripts) > 0 || !waits(err) || err.Error() != want {
			t.Errorf("%d scripts, %v; want %s", len(scripts), err, want)
		}
	}
	_, err := Read(t.TempDir(), []string{"gone.cypher"}, byLine)
	if !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "gone.cypher") {
		t.Errorf("%v", err)
	}
}

func TestAByteOrderMarkIsNoPartOfAScript(t *testing.T) {
	scripts, err := Read(folder(t, map[string]string{"a.cypher": "\ufeffRETURN 1"}), []string{"a.cypher"}, byLine)
	if err != nil || scripts[0].Statements[0].Text != "RETURN 1" {
		t.Errorf("%v (%v)", scripts, err)
	}
}
