package integration

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"
	"github.com/neo4j/neo4j-go-driver/v5/neo4j/config"

	"neo4j-agent/integration/localcluster"
)

const (
	realGroup  = "/neo4j/real"
	realStream = "the-member/query"
	newSecret  = "pa55-that-must-not-leave" // in administrative statements
	agentName  = "the-driver-of-the-test/1.0"
)

// statement is one statement as the driver knows it. Each holds its number in a comment.
type statement struct {
	number  int
	text    string
	params  string // as Neo4j prints them; "" where that is not looked at
	failure string // what the driver was told, "" when it worked
	took    time.Duration
}

// asking runs statements one after the other and remembers them.
type asking struct {
	t     *testing.T
	d     neo4j.DriverWithContext
	all   []statement
	bytes int
}

// run sends a statement with its number; failing is for those that are meant to fail.
func (a *asking) run(text string, params map[string]any, printed string, failing bool) {
	a.t.Helper()
	q := statement{number: len(a.all) + 1, params: printed}
	q.text = fmt.Sprintf("/* the %d. */ %s", q.number, text)
	began := time.Now()
	session := a.d.NewSession(a.t.Context(), neo4j.SessionConfig{})
	defer func() { _ = session.Close(a.t.Context()) }()
	result, err := session.Run(a.t.Context(), q.text, params)
	if err == nil {
		_, err = result.Consume(a.t.Context())
	}
	if failing != (err != nil) {
		a.t.Fatalf("%s: %v", text, err)
	}
	if err != nil {
		q.failure = err.Error()
	}
	q.took = time.Since(began)
	a.bytes += len(q.text)
	a.all = append(a.all, q)
}

// special are statements of every awkward kind.
func (a *asking) special() {
	a.run("RETURN 1", nil, "{}", false)
	a.run("MATCH (n:Nobody)\n  WHERE n.name = 'x - y'\n\nRETURN n.name AS name, // a comment - {with: 'braces'}\n\t\"tab\tand \\\"quotes\\\"\" AS text", nil, "{}", false)
	a.run("RETURN $n + 1", map[string]any{"n": 41}, "{n: 41}", false)
	a.run("RETURN $name", map[string]any{"name": "Zoë 王 🦉"}, "{name: 'Zoë 王 🦉'}", false)
	a.run("RETURN $map", map[string]any{"map": map[string]any{"a": []any{1, 2}}}, "{map: {a: [1, 2]}}", false)
	a.run(`RETURN $text`, map[string]any{"text": `it's "quoted" - {not: 'a tail'} - {}`}, "", false)
	a.run("RETURN 'naïve – ünïcödé 漢字 \U0001F989' AS `å ä`", nil, "{}", false)
	a.run("UNWIND [1, 0] AS n RETURN 1 / n", nil, "{}", true)
	a.run("CALL dbms.security.createUser('ship', '"+newSecret+"', false)", nil, "", false)
	a.run("CALL dbms.security.changeUserPassword($user, $password, false)", map[string]any{"user": "ship", "password": newSecret + "2"}, "", false)
	a.run("CALL dbms.security.deleteUser('ship')", nil, "{}", false)
}

// long is a statement beyond the longest event.
func (a *asking) long() {
	a.run("RETURN 1 // "+strings.Repeat("far too long ", 1_200_000/13), nil, "", false)
}

// load runs ordinary statements until the log has grown by so much at least.
func (a *asking) load(size int) {
	for until, n := a.bytes+size, 0; a.bytes < until; n++ {
		a.run("UNWIND range(1, $n) AS i\nRETURN i, 'padding "+strings.Repeat("x", n%700)+"'", map[string]any{"n": n % 50}, fmt.Sprintf("{n: %d}", n%50), false)
	}
}

// entry begins with a time, at the beginning of a line: the grammar of the text log, not the agent's code.
var entry = regexp.MustCompile(`(?m)^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\+0000 `)

// logged is what Neo4j wrote into its query log, entry by entry over all rotated files, and how many files there are.
func logged(t *testing.T, volume string) (all []string, files int) {
	t.Helper()
	numbers := map[int]string{}
	err := filepath.WalkDir(volume, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.HasPrefix(d.Name(), "slow_query.log") {
			n, _ := strconv.Atoi(strings.TrimPrefix(d.Name(), "slow_query.log."))
			numbers[n] = path
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var text []byte
	for n := len(numbers) - 1; n >= 0; n-- {
		part, err := os.ReadFile(numbers[n])
		if err != nil {
			t.Fatal(err)
		}
		text = append(text, part...)
	}
	return entriesOf(text), len(numbers)
}

// logEnv has each query logged, the log rotated at 64 kB, and sent to url.
func logEnv(url string) map[string]string {
	return map[string]string{
		"NEO4J_QUERY_LOG": "enabled", "AGENT_LOG_GROUP": realGroup, "AGENT_LOG_SHAPE": "json", "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS": url,
		"NEO4J_dbms_logs_query_threshold": "0", "NEO4J_dbms_logs_query_rotation_size": "64k",
		"NEO4J_dbms_logs_query_rotation_keep__number": "500", "NEO4J_dbms_logs_query_parameter__logging__enabled": "true",
		"NEO4J_dbms_logs_query_time__logging__enabled": "true", "NEO4J_dbms_logs_query_allocation__logging__enabled": "true",
		"NEO4J_dbms_logs_query_page__logging__enabled": "true", "NEO4J_dbms_track__query__cpu__time": "true",
		"NEO4J_dbms_track__query__allocation": "true",
	}
}

// queryLogging is a real standalone Enterprise server that sends its query log to url.
func queryLogging(t *testing.T, url string) (*localcluster.Member, map[string]string, string) {
	t.Helper()
	volume := t.TempDir()
	env := logEnv(url)
	maps.Copy(env, map[string]string{
		"NEO4J_DATA_ROOT": volume, "AGENT_MEMBER_ID": "the-member",
		"AWS_REGION": localcluster.Region, "AWS_ACCESS_KEY_ID": localcluster.AccessKey, "AWS_SECRET_ACCESS_KEY": localcluster.SecretKey,
	})
	return generations[0].member(t, env), env, volume
}

// replaced is another task on the same volume: home and run directory are new.
func replaced(t *testing.T, m *localcluster.Member) {
	t.Helper()
	for _, dir := range []string{m.Home, m.RunDir} {
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
	}
	getReady(t, m)
}

// asks connects to the server under a name of its own.
func asks(t *testing.T, m *localcluster.Member) *asking {
	t.Helper()
	d, err := neo4j.NewDriverWithContext(m.BoltURI(), neo4j.BasicAuth("neo4j", localcluster.Password, ""), func(c *config.Config) { c.UserAgent = agentName })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close(t.Context()) })
	return &asking{t: t, d: d}
}
