package integration

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"neo4j-agent/agent/logship/fakelogs"
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
	starts := entry.FindAllIndex(text, -1)
	for i, at := range starts {
		end := len(text)
		if i+1 < len(starts) {
			end = starts[i+1][0]
		}
		all = append(all, strings.TrimRight(string(text[at[0]:end]), "\n"))
	}
	return all, len(numbers)
}

// queryLogging is a real standalone Enterprise server that logs each query, rotates its log at 64 kB, and sends it to url.
func queryLogging(t *testing.T, url string) (*localcluster.Member, map[string]string, string) {
	t.Helper()
	volume := t.TempDir()
	env := map[string]string{
		"NEO4J_DATA_ROOT": volume, "NEO4J_QUERY_LOG": "enabled", "AGENT_MEMBER_ID": "the-member",
		"AGENT_LOG_GROUP": realGroup, "AGENT_LOG_SHAPE": "json", "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS": url,
		"AWS_REGION": localcluster.Region, "AWS_ACCESS_KEY_ID": localcluster.AccessKey, "AWS_SECRET_ACCESS_KEY": localcluster.SecretKey,
		"NEO4J_dbms_logs_query_threshold": "0", "NEO4J_dbms_logs_query_rotation_size": "64k",
		"NEO4J_dbms_logs_query_rotation_keep__number": "500", "NEO4J_dbms_logs_query_parameter__logging__enabled": "true",
		"NEO4J_dbms_logs_query_time__logging__enabled": "true", "NEO4J_dbms_logs_query_allocation__logging__enabled": "true",
		"NEO4J_dbms_logs_query_page__logging__enabled": "true", "NEO4J_dbms_track__query__cpu__time": "true",
		"NEO4J_dbms_track__query__allocation": "true",
	}
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
	d, err := neo4j.NewDriverWithContext(m.BoltURI(), neo4j.BasicAuth("neo4j", localcluster.Password, ""), func(c *neo4j.Config) { c.UserAgent = agentName })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close(t.Context()) })
	return &asking{t: t, d: d}
}

// TestTheQueryLogOfARealServerArrivesOnceAndWithTheRightFields lets a real server log and rotate under load while serve
// is killed, stops it cleanly and goes on with another task on the same volume.
func TestTheQueryLogOfARealServerArrivesOnceAndWithTheRightFields(t *testing.T) {
	service := fakelogs.New()
	web := httptest.NewServer(service)
	defer web.Close()
	m, _, volume := queryLogging(t, web.URL)
	getReady(t, m)
	a := asks(t, m)
	a.special()
	a.load(200_000)
	kills := times(1, 10)
	for range kills {
		if _, err := m.KillServe(); err != nil {
			t.Fatal(err)
		}
		a.load(150_000)
		eventually(t, "serve to be back", time.Minute, func() (bool, string) { _, err := m.Serve(); return err == nil, fmt.Sprint(err) })
	}
	a.long()
	a.load(50_000)
	countsInMetrics(t, m)
	leave(t, m)
	all, files := logged(t, volume)
	again := arrivedInOrder(t, service, all, kills)
	t.Logf("%d entries in %d files, %d statements of ours, %d kills of serve: none lost, %d again", len(all), files, len(a.all), kills, again)
	if files < 5 {
		t.Errorf("the log was rotated %d times only", files-1)
	}
	before := len(service.Puts(realGroup, realStream))
	replaced(t, m)
	b := asks(t, m)
	b.all = a.all
	b.load(100_000)
	leave(t, m)
	all, _ = logged(t, volume)
	if more := arrivedInOrder(t, service, all, kills); more != again {
		t.Errorf("after a clean stop the new task sent %d events again", more-again)
	}
	if len(service.Puts(realGroup, realStream)) == before {
		t.Error("the new task sent nothing")
	}
	fieldsAreRight(t, service, b.all, strings.TrimPrefix(m.BoltURI(), "bolt://"))
	if broken := service.Broken(); len(broken) > 0 {
		t.Errorf("limits broken: %q", broken)
	}
}

// countsInMetrics waits until /metrics tells that events went out and that nothing is left behind.
func countsInMetrics(t *testing.T, m *localcluster.Member) {
	t.Helper()
	eventually(t, "/metrics to tell that all is sent", time.Minute, func() (bool, string) {
		code, body, err := m.Get(t.Context(), "/metrics")
		sent := regexp.MustCompile(`(?m)^neo4j_agent_log_events_total\{log="query"\} [1-9]`).Match(body)
		behind := regexp.MustCompile(`(?m)^neo4j_agent_log_bytes_behind\{log="query"\} 0$`).Match(body)
		return err == nil && code == 200 && sent && behind && bytes.Contains(body, []byte(`neo4j_agent_phase{phase="ready"} 1`)), string(body)
	})
}

// arrivedInOrder wants each entry that Neo4j wrote in the stream, known by its time and by the number of its statement, in
// the order of the log where nothing was sent twice. It gives how many arrived again, at most a batch for each kill.
func arrivedInOrder(t *testing.T, service *fakelogs.Server, all []string, kills int) int {
	t.Helper()
	var events []string
	largest := 0
	for _, put := range service.Puts(realGroup, realStream) {
		largest = max(largest, len(put))
		for _, e := range put {
			events = append(events, e.Message)
		}
	}
	want := identities(all)
	got := identities(events)
	seen := map[string]bool{}
	var once []string
	for _, id := range got {
		if !seen[id] {
			seen[id] = true
			once = append(once, id)
		}
	}
	if !slices.Equal(want, once) {
		for i := range want {
			if i >= len(once) || want[i] != once[i] {
				t.Errorf("entry %d of %d (%d arrived): logged %.100s, arrived %.100v", i, len(want), len(once), want[i], once[min(i, len(once)):min(i+1, len(once))])
				break
			}
		}
	}
	again := len(got) - len(once)
	if again > kills*largest {
		t.Errorf("%d events arrived again after %d kills, and the largest batch has %d", again, kills, largest)
	}
	return again
}

var numbered = regexp.MustCompile(`the (\d+)\. \*/`)

// identities tell entries apart: time and, where it is one of ours, the number of the statement.
func identities(entries []string) []string {
	return mapped(entries, func(text string) string {
		at := strings.Index(text, "20")
		return text[at:at+len("2006-01-02 15:04:05.000")] + " " + strings.Join(numbered.FindStringSubmatch(text), " ")
	})
}

func mapped[A, B any](all []A, do func(A) B) []B {
	result := make([]B, len(all))
	for i, one := range all {
		result[i] = do(one)
	}
	return result
}

// fieldsAreRight compares the JSON events with what the driver knows.
func fieldsAreRight(t *testing.T, service *fakelogs.Server, all []statement, server string) {
	t.Helper()
	byNumber := map[int]map[string]any{}
	for _, e := range service.Events(realGroup, realStream) {
		if strings.Contains(e.Message, newSecret) {
			t.Errorf("a password left: %.300s", e.Message)
		}
		var fields map[string]any
		if err := json.Unmarshal([]byte(e.Message), &fields); err != nil {
			t.Errorf("not JSON: %.200s", e.Message)
			continue
		}
		text, _ := fields["query"].(string)
		if found := numbered.FindStringSubmatch(text); found != nil {
			n, _ := strconv.Atoi(found[1])
			byNumber[n] = fields
		}
	}
	for _, q := range all {
		fields := byNumber[q.number]
		if fields == nil {
			t.Errorf("statement %d is not there: %.100s", q.number, q.text)
			continue
		}
		q.compare(t, fields, server)
	}
}

// compare holds one event against the driver's record.
func (q statement) compare(t *testing.T, fields map[string]any, server string) {
	t.Helper()
	want := map[string]any{"event": "success", "level": "INFO", "user": "neo4j", "driver": agentName, "protocol": "bolt", "server": server, "query": q.text}
	if q.params != "" {
		want["params"] = q.params
	}
	switch {
	case q.failure != "":
		want["event"], want["level"] = "fail", "ERROR"
		if text, _ := fields["error"].(string); text == "" || !strings.Contains(q.failure, text) {
			t.Errorf("statement %d: its error is %q, and the driver was told %q", q.number, text, q.failure)
		}
	case strings.Contains(q.text, "createUser") || strings.Contains(q.text, "changeUserPassword"):
		delete(want, "query") // and all that follows is cut
	case len(q.text) > 1_000_000:
		delete(want, "query")
		if text, _ := fields["query"].(string); !strings.HasPrefix(q.text, text) || len(text) < 1_000_000 || fields["cutBytes"] == nil {
			t.Errorf("statement %d has %d bytes of %d, cutBytes %v", q.number, len(text), len(q.text), fields["cutBytes"])
		}
	}
	for name, value := range want {
		if fields[name] != value {
			t.Errorf("statement %d: %s is %.300q, want %.300q", q.number, name, fmt.Sprint(fields[name]), fmt.Sprint(value))
		}
	}
	for _, name := range []string{"elapsedMs", "planning", "cpu", "waiting", "pageHits", "pageFaults"} {
		if _, ok := fields[name].(float64); !ok {
			t.Errorf("statement %d: %s is %v, no number", q.number, name, fields[name])
		}
	}
	if elapsed, _ := fields["elapsedMs"].(float64); elapsed > float64(q.took.Milliseconds()+1) {
		t.Errorf("statement %d took %v ms, and the driver waited %s", q.number, elapsed, q.took)
	}
	if client, _ := fields["client"].(string); !strings.HasPrefix(client, "127.") {
		t.Errorf("statement %d came from %q", q.number, client)
	}
}

// TestMotoHoldsExactlyWhatARealServerLogged sends the log as Neo4j wrote it to moto, behind a check of every limit that
// moto does not know, and reads it back.
func TestMotoHoldsExactlyWhatARealServerLogged(t *testing.T) {
	moto, err := installed(t).StartMoto(t.Context(), t.TempDir(), 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(moto.Stop)
	check := strictBefore(t, moto.Endpoint)
	m, env, volume := queryLogging(t, check.url)
	env["AGENT_LOG_SHAPE"] = "raw"
	getReady(t, m)
	a := asks(t, m)
	a.special()
	a.load(150_000)
	a.long()
	leave(t, m)
	replaced(t, m)
	b := asks(t, m)
	b.load(50_000)
	leave(t, m)
	if broken := check.service.Broken(); len(broken) > 0 {
		t.Errorf("limits broken: %q", broken)
	}
	all, files := logged(t, volume)
	got := inMoto(t, moto.Endpoint)
	if len(got) != len(all) {
		t.Errorf("%d entries were logged and moto holds %d", len(all), len(got))
	}
	for i := range min(len(got), len(all)) {
		if got[i] != all[i] && !excused(got[i], all[i]) {
			t.Fatalf("entry %d is %.300q, and Neo4j wrote %.300q", i, got[i], all[i])
		}
	}
	t.Logf("%d entries in %d files are in moto as Neo4j wrote them", len(got), files)
}

// excused: the agent cuts what is longer than an event, and a statement where its password begins.
func excused(got, logged string) bool {
	const most = 1<<20 - 26
	if kept, mark, ok := strings.Cut(got, " [neo4j-agent: "); ok {
		return len(logged) > most && len(kept) > most-100 && strings.HasPrefix(logged, kept) && mark == fmt.Sprintf("%d bytes cut]", len(logged)+1-len(kept))
	}
	kept, ok := strings.CutSuffix(got, "******")
	return ok && strings.HasPrefix(logged, kept) && (strings.HasSuffix(kept, "createUser(") || strings.HasSuffix(kept, "Password("))
}

// strictly is a CloudWatch Logs that refuses what AWS refuses, before moto, which takes anything.
type strictly struct {
	url     string
	service *fakelogs.Server
}

func strictBefore(t *testing.T, endpoint string) strictly {
	t.Helper()
	behind, err := url.Parse(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	s, forward, one := strictly{service: fakelogs.New()}, httputil.NewSingleHostReverseProxy(behind), sync.Mutex{}
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		one.Lock()
		defer one.Unlock()
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		again := func() *http.Request {
			r.Body = io.NopCloser(bytes.NewReader(body))
			return r
		}
		strict := httptest.NewRecorder()
		if s.service.ServeHTTP(strict, again()); strict.Code == http.StatusOK || strings.Contains(strict.Body.String(), "ResourceNotFoundException") {
			forward.ServeHTTP(w, again())
			return
		}
		w.Header().Set("Content-Type", strict.Header().Get("Content-Type"))
		w.WriteHeader(strict.Code)
		_, _ = w.Write(strict.Body.Bytes())
	}))
	t.Cleanup(web.Close)
	s.url = web.URL
	return s
}

// inMoto reads a stream from its beginning to its end.
func inMoto(t *testing.T, endpoint string) []string {
	t.Helper()
	client := cloudwatchlogs.New(cloudwatchlogs.Options{Region: localcluster.Region, BaseEndpoint: &endpoint,
		Credentials: credentials.NewStaticCredentialsProvider(localcluster.AccessKey, localcluster.SecretKey, "")})
	var all []string
	in := &cloudwatchlogs.GetLogEventsInput{LogGroupName: aws.String(realGroup), LogStreamName: aws.String(realStream), StartFromHead: aws.Bool(true), Limit: aws.Int32(1000)}
	for {
		out, err := client.GetLogEvents(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range out.Events {
			all = append(all, aws.ToString(e.Message))
		}
		if len(out.Events) == 0 {
			return all
		}
		in.NextToken = out.NextForwardToken
	}
}
