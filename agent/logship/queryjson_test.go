package logship

import (
	"bytes"
	"encoding/json"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// json50 is a real entry of 5.0 (knowledge base, parsing-json-formatted-query-logs.adoc), on one line as the file has it.
const json50 = `{"time":"2022-10-23 00:09:37.772+0000","level":"INFO","event":"success","type":"query","elapsedTimeMs":2,"planning":0,"cpu":2,"waiting":0,"allocatedBytes":176,"pageHits":4,"pageFaults":0,"source":"bolt-session\tbolt\tneo4j-browser/v5.0.0\t\tclient/127.0.0.1:49863\tserver/127.0.0.1:11004>","database":"neo4j","username":"neo4j","executingUser":"neo4j","authenticatedUser":"neo4j","query":"MATCH (tom {name: \"Tom Hanks\"}) RETURN tom","queryParameters":"{}","runtime":"pipelined","annotationData":"{type: 'user-direct', app: 'neo4j-browser_v5.0.0'}"}`

func TestJSONEntriesGetTheSameFieldsAsText(t *testing.T) {
	for name, c := range map[string]struct{ entry, want string }{
		"5.0, real": {json50,
			`{"time":"2022-10-23 00:09:37.772+0000","level":"INFO","event":"success","elapsedMs":2,"planning":0,"cpu":2,"waiting":0,"allocatedBytes":176,"pageHits":4,"pageFaults":0,"protocol":"bolt","driver":"neo4j-browser/v5.0.0","client":"127.0.0.1:49863","server":"127.0.0.1:11004","database":"neo4j","user":"neo4j","query":"MATCH (tom {name: \"Tom Hanks\"}) RETURN tom","params":"{}","runtime":"pipelined","meta":"{type: 'user-direct', app: 'neo4j-browser_v5.0.0'}","type":"query"}`},
		"4.3, failed": {
			`{"time":"2021-07-30 15:09:54.048+0000","level":"ERROR","event":"fail","type":"query","id":"12","elapsedTimeMs":7,"database":"<none>","username":"neo4j","query":"RETUR 1","failureReason":"Invalid input","stacktrace":"a.B\n\tat c.D"}`,
			`{"time":"2021-07-30 15:09:54.048+0000","level":"ERROR","event":"fail","id":12,"elapsedMs":7,"database":"<none>","user":"neo4j","query":"RETUR 1","error":"Invalid input","stacktrace":"a.B\n\tat c.D","type":"query"}`},
		"5.25 and later, failed, by another's rights": {
			`{"time":"2026-07-30 15:09:54.048+0000","level":"ERROR","event":"fail","type":"query","id":"12","transactionId":"99","elapsedTimeMs":7,"executingUser":"jo","authenticatedUser":"neo4j","query":"RETUR 1","annotationData":{"app":"x"},"errorInfo":{"GQLSTATUS":"42001","statusDescription":"error: syntax error","position":{"line":1}},"queryLang":"CYPHER_25","queryPlan":null}`,
			`{"time":"2026-07-30 15:09:54.048+0000","level":"ERROR","event":"fail","id":12,"transaction":99,"elapsedMs":7,"user":"jo","query":"RETUR 1","meta":"{\"app\":\"x\"}","error":"error: syntax error","authenticatedUser":"neo4j","errorInfo":{"GQLSTATUS":"42001","statusDescription":"error: syntax error","position":{"line":1}},"queryLang":"CYPHER_25","type":"query"}`},
		"5.x, started, with flat annotations and a plan": {
			`{"time":"2026-07-30 15:09:54.048+0000","level":"INFO","event":"start","type":"query","id":"12","source":"bolt-session\tbolt\td\t\tclient/c:1\tserver/s:2>","query":"RETURN 1","annotationData.app":"x","queryPlan":"{}","executionPlanCacheKeyHash":"ab"}`,
			`{"time":"2026-07-30 15:09:54.048+0000","level":"INFO","event":"start","id":12,"protocol":"bolt","driver":"d","client":"c:1","server":"s:2","query":"RETURN 1","annotationData.app":"x","executionPlanCacheKeyHash":"ab","queryPlan":"{}","type":"query"}`},
		"a transaction": {
			`{"time":"2026-07-30 15:09:54.048+0000","level":"INFO","event":"commit","type":"transaction","transactionId":"99","database":"neo4j","elapsedTimeMs":7}`,
			`{"time":"2026-07-30 15:09:54.048+0000","level":"INFO","event":"commit","transaction":99,"elapsedMs":7,"database":"neo4j","type":"transaction"}`},
	} {
		t.Run(name, func(t *testing.T) {
			got := shaped(t, shaper{shape: JSON}, c.entry)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			if !json.Valid([]byte(got)) {
				t.Error("not JSON")
			}
			if got := shaped(t, shaper{shape: Raw}, c.entry); got != c.entry {
				t.Errorf("raw is not as Neo4j wrote it: %s", got)
			}
		})
	}
}

func TestOtherLogsAreTimeLevelAndMessage(t *testing.T) {
	for text, want := range map[string]string{
		"2026-11-24 10:00:00.123+0000 WARN  [o.n.k.Foo] gone\n\tat a.B":                                         `{"time":"2026-11-24 10:00:00.123+0000","level":"WARN","message":"[o.n.k.Foo] gone\n\tat a.B"}`,
		`{"time":"2026-11-24 10:00:00.123+0000","level":"INFO","category":"o.n","message":"x","extra":{"a":1}}`: `{"time":"2026-11-24 10:00:00.123+0000","level":"INFO","category":"o.n","message":"x","extra":{"a":1}}`,
		"no time": "no time",
	} {
		s := shaper{shape: JSON, count: &Stats{}}
		if got, _ := s.message(record{text: []byte(text)}); string(got) != want {
			t.Errorf("%q became %s", text, got)
		}
	}
}

func TestTimesAreReadInEachZone(t *testing.T) {
	s := shaper{shape: Raw, count: &Stats{}}
	for text, want := range map[string]int64{
		"2022-10-23 00:09:37.772+0000 x":             1666483777772,
		"2022-10-23 02:09:37.772+0200 x":             1666483777772,
		"2022-10-23T00:09:37,772Z x":                 1666483777772,
		`{"time":"2022-10-23 00:09:37.772+0000"}`:    1666483777772,
		"no time, so that of the record before":      1666483777772,
		"2022-13-23 00:09:37.772+0000 no such month": 1666483777772,
	} {
		s.last = 1666483777772
		if _, at := s.message(record{text: []byte(text)}); at != want {
			t.Errorf("%q is at %d", text, at)
		}
	}
}

// FuzzJSONIsReadAsTheStandardLibraryReadsIt compares the fields. Halves of surrogate pairs, which each reads as it likes,
// and nesting that the standard library refuses, are left out.
func FuzzJSONIsReadAsTheStandardLibraryReadsIt(f *testing.F) {
	f.Add([]byte(json50))
	f.Add([]byte(`{"time":"t","query":"a\u0041\n\"","database":"x\/y","query":"again","id":1.50e3,"level":[1,{"a":"]"}],"stacktrace":true}`))
	f.Add([]byte(`{ "time" : "t" , "\u0071uery" : "q" , "runtime":"é\u00e9😀","cpu":-0,"waiting":null}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var want map[string]json.RawMessage
		bad := json.Unmarshal(text, &want) != nil || want["time"] == nil || string(want["time"]) == "null"
		if len(text) == 0 || text[0] != '{' || !utf8.Valid(text) || bytes.Contains(bytes.ToLower(text), []byte(`\ud`)) || bytes.Count(text, []byte{'['})+bytes.Count(text, []byte{'{'}) > 9_000 {
			return
		}
		got, ok := parseJSON(text)
		if ok == bad {
			t.Fatalf("%s: read %t, and the standard library reads it %t", text, ok, !bad)
		}
		for name, value := range want {
			if to := got.named(name); ok && to != nil && name != "executingUser" && name != "failureReason" && string(*to) != string(plain(value)) {
				t.Errorf("%s of %s is %q, want %q", name, text, *to, plain(value))
			}
		}
	})
}
