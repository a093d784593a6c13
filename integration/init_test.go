package integration

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"neo4j-agent/integration/localcluster"
)

// initWithin bounds running a few init scripts on a server that is ready.
const initWithin = time.Minute

// initStatus is what /status says of the init scripts.
type initStatus struct {
	State, File, Reason string
	Line, Done, Of      int
}

func hasInit(t *testing.T, m *localcluster.Member, want string) initStatus {
	t.Helper()
	var now initStatus
	eventually(t, "init scripts that are "+want, initWithin, func() (bool, string) {
		now = statusOf(m).Init
		return now.State == want, fmt.Sprintf("%+v", now)
	})
	return now
}

// steps are the n of the (:Step) nodes.
func steps(t *testing.T, m *localcluster.Member) string {
	t.Helper()
	var list []string
	for _, row := range rows(t, driver(t, m.BoltURI()), "MATCH (s:Step) RETURN s.n ORDER BY s.n") {
		list = append(list, fmt.Sprint(row.Values[0]))
	}
	return strings.Join(list, " ")
}

// TestInitScriptsOfAStandaloneServer is the life of a volume with init scripts: one of them is wrong, is mended, and none
// runs twice, on no volume that is not new.
func TestInitScriptsOfAStandaloneServer(t *testing.T) {
	g := generation{localcluster.Community5, names5, true}
	dir, dumps := t.TempDir(), t.TempDir()
	script := func(name, text string) { write(t, filepath.Join(dir, name), text) }
	script("10-schema.cypher", "// a schema statement and data, each in its own transaction\n"+
		"CREATE CONSTRAINT step IF NOT EXISTS FOR (s:Step) REQUIRE s.n IS UNIQUE;\nCREATE (:Step {n: 1, text: 'a;b'});\n")
	var many strings.Builder
	for n := range manySteps {
		fmt.Fprintf(&many, "CREATE (:Many {n: %d});\n", n)
	}
	script("15-many.cypher", many.String())
	script("20-broken.cypher", "CREATE (:Step {n: 2});\n\nCREAT (:Step {n: 3});\nCREATE (:Step {n: 4});\n")
	script("30-batches.cypher", "MATCH (s:Step) CALL { WITH s SET s.seen = true } IN TRANSACTIONS OF 1 ROWS;")
	script("README.md", "no script")
	m := g.member(t, map[string]string{"AGENT_INIT_DIR": dir})
	getReady(t, m)
	runsManyAlthoughServeIsKilled(t, m)
	refused := func() {
		t.Helper()
		got := hasInit(t, m, "failed")
		if got.File != "20-broken.cypher" || got.Line != 3 || got.Done != 2 || got.Of != 4 || !strings.Contains(got.Reason, "Neo.ClientError.Statement.SyntaxError") {
			t.Errorf("the status says %+v", got)
		}
		if got := steps(t, m); got != "1 2" {
			t.Errorf("steps %s have run, want 1 2", got)
		}
	}
	refused()
	if text := m.LogText(); !strings.Contains(text, "20-broken.cypher, line 3: Neo.ClientError.Statement.SyntaxError") || !strings.Contains(text, "README.md") {
		t.Error("the log lacks the failed statement, or the file that is no script")
	}
	leave(t, m)
	getReady(t, m)
	refused()

	script("20-broken.cypher", "CREATE (:Step {n: 2});\n\nCREATE (:Step {n: 3});\nCREATE (:Step {n: 4});\n")
	if got := hasInit(t, m, "done"); got.Done != 4 || got.Of != 4 {
		t.Errorf("the status says %+v", got)
	}
	if got := steps(t, m); got != "1 2 3 4" {
		t.Errorf("steps %s have run, want each once", got)
	}
	if seen := rows(t, driver(t, m.BoltURI()), "MATCH (s:Step {seen: true}) RETURN count(s)"); seen[0].Values[0] != int64(4) {
		t.Errorf("30-batches.cypher has seen %v of 4 steps", seen[0].Values[0])
	}
	runsInitByHand(t, m, script)
	leave(t, m)

	dumped, err := command(m, "neo4j-admin", "database", "dump", "neo4j", "--to-path="+dumps).CombinedOutput()
	if err != nil {
		t.Fatalf("neo4j-admin database dump: %v\n%s", err, dumped)
	}
	runsInitOnNoOtherVolume(t, g, m, filepath.Join(dumps, "neo4j.dump"), dir)
}

// manySteps are enough statements for serve to be killed among them.
const manySteps = 400

// runsManyAlthoughServeIsKilled is that no statement is left out, and each kill repeats at most one.
func runsManyAlthoughServeIsKilled(t *testing.T, m *localcluster.Member) {
	t.Helper()
	kills := 0
	for kills < 3 {
		now := statusOf(m).Init
		if now.Done > 1 || now.State == "failed" {
			break // done before it could be killed
		}
		eventually(t, "15-many.cypher to be run", initWithin, func() (bool, string) {
			now = statusOf(m).Init
			return now.State == "running" && now.File == "15-many.cypher" && now.Line > 50*kills || now.Done > 1, fmt.Sprintf("%+v", now)
		})
		if now.Done > 1 {
			break
		}
		if _, err := m.KillServe(); err != nil {
			t.Fatal(err)
		}
		kills++
	}
	hasInit(t, m, "failed") // at the next file
	count := rows(t, driver(t, m.BoltURI()), "MATCH (m:Many) RETURN count(m), count(DISTINCT m.n)")[0].Values
	t.Logf("serve was killed %d times among %d statements: %v ran, %v different ones", kills, manySteps, count[0], count[1])
	if kills == 0 || count[1] != int64(manySteps) || count[0].(int64) > int64(manySteps+kills) {
		t.Errorf("%v statements ran, %v different ones, with %d kills of serve; want %d and each kill to repeat at most one", count[0], count[1], kills, manySteps)
	}
}

// runsInitByHand is that a new script waits for the command, which runs it and no other one.
func runsInitByHand(t *testing.T, m *localcluster.Member, script func(name, text string)) {
	t.Helper()
	script("05-later.cypher", "CREATE (:Step {n: 5});")
	script("10-schema.cypher", "CREATE (:Step {n: 6});")
	for _, args := range [][]string{{"init", "--dry-run", "--json"}, {"init", "--json"}, {"init", "--json"}} {
		out, err := command(m, args...).Output()
		var result struct {
			Scripts []struct{ File, State string }
		}
		if err != nil || json.Unmarshal(out, &result) != nil || len(result.Scripts) != 5 {
			t.Fatalf("neo4j-agent %v: %v\n%s", args, err, out)
		}
		want := map[bool]string{true: "left", false: "done"}[len(args) == 3]
		if got := result.Scripts; got[0].State != want || got[1].State != "changed" || got[2].State != "done" || got[3].State != "done" || got[4].State != "done" {
			t.Errorf("neo4j-agent %v: %s", args, out)
		}
	}
	if got := steps(t, m); got != "1 2 3 4 5" {
		t.Errorf("steps %s have run, want each once", got)
	}
}

// runsInitOnNoOtherVolume is that neither a volume with data and no record runs scripts, nor one that begins with a backup.
func runsInitOnNoOtherVolume(t *testing.T, g generation, m *localcluster.Member, dump, dir string) {
	t.Helper()
	if err := os.Remove(filepath.Join(rootOf(m), ".neo4j-agent", "init.json")); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "40-never.cypher"), "CREATE (:Step {n: 7});")
	restored := g.member(t, map[string]string{"AGENT_INIT_DIR": dir, "SNAPSHOT_PATH": dump})
	for why, m := range map[string]*localcluster.Member{"holds data already, and no record": m, "comes from a backup": restored} {
		getReady(t, m)
		hasInit(t, m, "none")
		<-time.After(10 * time.Second) // the subject: nothing happens in two rounds of looking for scripts
		if got := steps(t, m); got != "1 2 3 4 5" {
			t.Errorf("a volume that %s has the steps %s", why, got)
		}
		if !strings.Contains(m.LogText(), "init scripts are not run: this volume") || !strings.Contains(m.LogText(), why) {
			t.Errorf("the log does not say that the volume %s", why)
		}
		leave(t, m)
	}
}

// rootOf is the member's NEO4J_DATA_ROOT.
func rootOf(m *localcluster.Member) string {
	for _, entry := range m.Env() {
		if root, ok := strings.CutPrefix(entry, "NEO4J_DATA_ROOT="); ok {
			return root
		}
	}
	return ""
}

// ranInit is that one member of a new cluster has run the init scripts, once, and that all have what they made.
func ranInit(t *testing.T, s *story) {
	eventually(t, "one core whose init scripts are done, and others that say who runs them", initWithin, func() (bool, string) {
		counts := map[string]int{}
		for _, m := range s.Members {
			counts[statusOf(m).Init.State]++
		}
		return counts["done"] == 1 && counts["none"] == len(s.Members)-1, fmt.Sprint(counts)
	})
	for _, m := range s.Members {
		eventually(t, m.Name+" to have what the init scripts made, once", initWithin, func() (bool, string) {
			n, _, err := query(t.Context(), driver(t, m.BoltURI()), neo4j.AccessModeRead, "MATCH (i:Init) RETURN count(i) + size(collect(DISTINCT i.n))")
			return err == nil && n == int64(4), fmt.Sprint(n, err)
		})
		done := statusOf(m).Init.State == "done"
		if code, err := command(m, "init").CombinedOutput(); (err == nil) != done {
			t.Errorf("neo4j-agent init on %s, which ran them: %v: %v\n%s", m.Name, done, err, code)
		}
	}
	if n, _, err := query(t.Context(), driver(t, s.cores[0].RoutingURI()), neo4j.AccessModeWrite, "MATCH (i:Init) RETURN count(i)"); n != int64(2) {
		t.Errorf("after neo4j-agent init on each member there are %v nodes (%v), want 2", n, err)
	}
}

// initScripts are a folder of two for 3.5: a schema statement, and data in two files.
func initScripts(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "1.cypher"), "CREATE INDEX ON :Init(n);\nCREATE (:Init {n: 1});\n")
	write(t, filepath.Join(dir, "2.cypher"), "MATCH (i:Init) CREATE (:Init {n: i.n + 1});\n")
	return dir
}
