package integration

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"neo4j-agent/agent/logship/fakelogs"
	"neo4j-agent/integration/localcluster"
)

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
	again := arrivedInOrder(t, service, realStream, all, kills)
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
	if more := arrivedInOrder(t, service, realStream, all, kills); more != again {
		t.Errorf("after a clean stop the new task sent %d events again", more-again)
	}
	if len(service.Puts(realGroup, realStream)) == before {
		t.Error("the new task sent nothing")
	}
	fieldsAreRight(t, service, realStream, b.all, strings.TrimPrefix(m.BoltURI(), "bolt://"))
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

// arrivedInOrder wants each entry that Neo4j wrote in the stream, in the order of the log where nothing was sent twice. It
// gives how many arrived again, at most a batch for each kill.
func arrivedInOrder(t *testing.T, service *fakelogs.Server, stream string, all []string, kills int) int {
	t.Helper()
	var events []string
	largest := 0
	for _, put := range service.Puts(realGroup, stream) {
		largest = max(largest, len(put))
		for _, e := range put {
			events = append(events, e.Message)
		}
	}
	again, wrong := compareOrder(all, events)
	if wrong != "" {
		t.Error(wrong)
	}
	if again > kills*largest {
		t.Errorf("%d events arrived again after %d kills, and the largest batch has %d", again, kills, largest)
	}
	return again
}

// compareOrder says what is missing or out of order in what arrived, and how much of it had arrived before. Two entries
// may be of the same millisecond, so what was sent again is told by its whole text. Entries of two connections may be in
// the log a millisecond the wrong way round, which the sender puts right: only those of ours, one after the other, have to
// arrive as they are there.
func compareOrder(logged, arrived []string) (again int, wrong string) {
	once := firstOfEach(arrived)
	again = len(arrived) - len(once)
	want, got := identities(firstOfEach(logged)), identities(once)
	if wrong := firstDifference(slices.DeleteFunc(slices.Clone(want), notNumbered), slices.DeleteFunc(slices.Clone(got), notNumbered)); wrong != "" {
		return again, "of the statements of ours: " + wrong
	}
	slices.Sort(want) // begins with the time
	slices.Sort(got)
	return again, firstDifference(want, got)
}

func firstDifference(want, got []string) string {
	for i := range max(len(want), len(got)) {
		if i >= len(want) || i >= len(got) || want[i] != got[i] {
			return fmt.Sprintf("entry %d (%d logged, %d arrived): logged %q, arrived %q", i, len(want), len(got), want[min(i, len(want)):min(i+3, len(want))], got[min(i, len(got)):min(i+3, len(got))])
		}
	}
	return ""
}

func notNumbered(identity string) bool { return strings.HasSuffix(identity, " ") }

func firstOfEach(all []string) (once []string) {
	seen := map[string]bool{}
	for _, text := range all {
		if !seen[text] {
			seen[text] = true
			once = append(once, text)
		}
	}
	return once
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
func fieldsAreRight(t *testing.T, service *fakelogs.Server, stream string, all []statement, server string) {
	t.Helper()
	byNumber := map[int]map[string]any{}
	for _, e := range service.Events(realGroup, stream) {
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
	const after = 20 // milliseconds: a statement may end in the server a little after its last message
	if elapsed, _ := fields["elapsedMs"].(float64); elapsed > float64(q.took.Milliseconds()+after) {
		t.Errorf("statement %d took %v ms, and the driver waited %s", q.number, elapsed, q.took)
	}
	if client, _ := fields["client"].(string); !strings.HasPrefix(client, "127.") {
		t.Errorf("statement %d came from %q", q.number, client)
	}
}
