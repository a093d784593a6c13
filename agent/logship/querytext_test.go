package logship

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// shaped is what an entry becomes, the count of what was noticed being thrown away.
func shaped(t *testing.T, s shaper, text string) string {
	t.Helper()
	s.count, s.query = &Stats{}, true
	message, _ := s.message(record{text: []byte(text), size: int64(len(text))})
	return string(message)
}

// The entries are those of reference/neo4j-dialects.md §5: of the manual's pages monitoring/logging, the knowledge base
// and a real 3.5 cluster; tabs put back where a page shows spaces.
func TestEachGenerationsTextEntriesBecomeFields(t *testing.T) {
	const bolt35 = "bolt-session\tbolt\tneo4j\tneo4j-javascript/1.6.1\t\tclient/127.0.0.1:58189\tserver/127.0.0.1:7687>\tneo4j - "
	const wants35 = `"protocol":"bolt","driver":"neo4j-javascript/1.6.1","client":"127.0.0.1:58189","server":"127.0.0.1:7687","user":"neo4j",`
	for name, c := range map[string]struct{ entry, want string }{
		"3.5 with everything on": {
			"2017-11-23 12:44:56.973+0000 INFO  1550 ms: (planning: 20, cpu: 920, waiting: 10) - 13792 B - 15 page hits, 0 page faults - " + bolt35 + "match (n:Person {name:'Tom Hanks'})-[:ACTED_IN]->(n1:Movie) return n1.title; - {} - {}",
			`{"time":"2017-11-23 12:44:56.973+0000","level":"INFO","event":"success","elapsedMs":1550,"planning":20,"cpu":920,"waiting":10,"allocatedBytes":13792,"pageHits":15,"pageFaults":0,` + wants35 +
				`"query":"match (n:Person {name:'Tom Hanks'})-[:ACTED_IN]->(n1:Movie) return n1.title;","params":"{}","meta":"{}"}`},
		"3.5 without cpu and bytes": {
			"2018-10-29 21:17:29.222+0000 INFO  30 ms: (planning: 0, waiting: 0) - 9 page hits, 0 page faults - " + bolt35 + "match (m) return m - {} - {}",
			`{"time":"2018-10-29 21:17:29.222+0000","level":"INFO","event":"success","elapsedMs":30,"planning":0,"waiting":0,"pageHits":9,"pageFaults":0,` + wants35 + `"query":"match (m) return m","params":"{}","meta":"{}"}`},
		"3.5 as it comes": {
			"2026-11-23 07:12:47.897+0000 INFO  8 ms: bolt-session\tbolt\tneo4j\tGo Driver/5.28.4\t\tclient/127.0.0.1:44752\tserver/127.0.0.1:7681>\tneo4j - CALL dbms.components() - {} - {}",
			`{"time":"2026-11-23 07:12:47.897+0000","level":"INFO","event":"success","elapsedMs":8,"protocol":"bolt","driver":"Go Driver/5.28.4","client":"127.0.0.1:44752","server":"127.0.0.1:7681","user":"neo4j","query":"CALL dbms.components()","params":"{}","meta":"{}"}`},
		"3.5 with the runtime": {
			"2018-10-29 21:17:29.222+0000 INFO  30 ms: " + bolt35 + "RETURN $a - {a: 'x - {y}'} - runtime=slotted - {app: 'b'}",
			`{"time":"2018-10-29 21:17:29.222+0000","level":"INFO","event":"success","elapsedMs":30,` + wants35 + `"query":"RETURN $a","params":"{a: 'x - {y}'}","runtime":"slotted","meta":"{app: 'b'}"}`},
		"3.5 without parameters": {
			"2018-10-29 21:17:29.222+0000 INFO  30 ms: " + bolt35 + "RETURN 1 - {}",
			`{"time":"2018-10-29 21:17:29.222+0000","level":"INFO","event":"success","elapsedMs":30,` + wants35 + `"query":"RETURN 1","meta":"{}"}`},
		"3.5 over several lines": {
			"2018-10-29 21:17:29.222+0000 INFO  30 ms: " + bolt35 + "MATCH (n)\n  {not: 'a tail'} - {}\nRETURN n - {} - {}",
			`{"time":"2018-10-29 21:17:29.222+0000","level":"INFO","event":"success","elapsedMs":30,` + wants35 + `"query":"MATCH (n)\n  {not: 'a tail'} - {}\nRETURN n","params":"{}","meta":"{}"}`},
		"3.5 failed": {
			"2018-10-29 21:17:29.222+0000 ERROR 3 ms: " + bolt35 + "RETURN $x - {} - {} Expected parameter(s): x\norg.neo4j.graphdb.QueryExecutionException: Expected parameter(s): x\n\tat org.neo4j.kernel.Foo.bar(Foo.java:1)",
			`{"time":"2018-10-29 21:17:29.222+0000","level":"ERROR","event":"fail","elapsedMs":3,` + wants35 + `"query":"RETURN $x","params":"{}","meta":"{}","error":"Expected parameter(s): x","stacktrace":"org.neo4j.graphdb.QueryExecutionException: Expected parameter(s): x\n\tat org.neo4j.kernel.Foo.bar(Foo.java:1)"}`},
		"3.5 failed with a brace in a message of two lines": {
			"2018-10-29 21:17:29.222+0000 ERROR 3 ms: " + bolt35 + "RETUR {} - {a: 1} - {} Invalid input '{'\n\"RETUR {}\"\norg.neo4j.X: Invalid input\n\tat a.B.c(D.java:1)",
			`{"time":"2018-10-29 21:17:29.222+0000","level":"ERROR","event":"fail","elapsedMs":3,` + wants35 + `"query":"RETUR {}","params":"{a: 1}","meta":"{}","error":"Invalid input '{'\n\"RETUR {}\"","stacktrace":"org.neo4j.X: Invalid input\n\tat a.B.c(D.java:1)"}`},
		"3.5 over HTTP": {
			"2017-11-22 14:32:00.000+0000 INFO  3 ms: server-session\thttp\t127.0.0.1\t/db/data/cypher\tneo4j - CALL dbms.procedures() - {} - {}",
			`{"time":"2017-11-22 14:32:00.000+0000","level":"INFO","event":"success","elapsedMs":3,"protocol":"http","client":"127.0.0.1","user":"neo4j","query":"CALL dbms.procedures()","params":"{}","meta":"{}"}`},
		"3.5 embedded": {
			"2017-11-22 14:32:00.000+0000 INFO  3 ms: embedded-session\t\tneo4j - RETURN 1 - {} - {}",
			`{"time":"2017-11-22 14:32:00.000+0000","level":"INFO","event":"success","elapsedMs":3,"user":"neo4j","query":"RETURN 1","params":"{}","meta":"{}"}`},
		"4.x on a line of its own": {
			"2021-07-30 14:43:17.176+0000 INFO  id:225 - 2 ms: 136 B - bolt-session\tbolt\tneo4j-cypher-shell/v4.4.0\t\tclient/127.0.0.1:54026\tserver/127.0.0.1:7687>\tneo4j - neo4j -\nMATCH (n:Person) RETURN n  LIMIT 5; - {} - runtime=pipelined - {app: 'neo4j-cypher-shell_v.4.4.0', type: 'user-direct', user: 'jsmith'}",
			`{"time":"2021-07-30 14:43:17.176+0000","level":"INFO","event":"success","id":225,"elapsedMs":2,"allocatedBytes":136,"protocol":"bolt","driver":"neo4j-cypher-shell/v4.4.0","client":"127.0.0.1:54026","server":"127.0.0.1:7687","database":"neo4j","user":"neo4j","query":"MATCH (n:Person) RETURN n  LIMIT 5;","params":"{}","runtime":"pipelined","meta":"{app: 'neo4j-cypher-shell_v.4.4.0', type: 'user-direct', user: 'jsmith'}"}`},
		"4.x started": {
			"2021-07-30 14:51:39.457+0000 INFO  Query started: id:328 - 0 ms: 0 B - bolt-session\tbolt\tneo4j-browser/v4.4.0\t\tclient/127.0.0.1:53666\tserver/127.0.0.1:7687>\tneo4j - neo4j - MATCH (n:Person) RETURN n  LIMIT 5 - {} - runtime=null - {type: 'system', app: 'neo4j-browser_v4.4.0'}",
			`{"time":"2021-07-30 14:51:39.457+0000","level":"INFO","event":"start","id":328,"elapsedMs":0,"allocatedBytes":0,"protocol":"bolt","driver":"neo4j-browser/v4.4.0","client":"127.0.0.1:53666","server":"127.0.0.1:7687","database":"neo4j","user":"neo4j","query":"MATCH (n:Person) RETURN n  LIMIT 5","params":"{}","runtime":"null","meta":"{type: 'system', app: 'neo4j-browser_v4.4.0'}"}`},
		"4.x without parameters": {
			"2021-07-30 15:09:54.048+0000 INFO  id:95 - 1 ms: 72 B - bolt-session\tbolt\tneo4j-bloom/v1.7.0\t\tclient/127.0.0.1:54693\tserver/127.0.0.1:11003>\tmovies - jo - RETURN TRUE - runtime=pipelined - {app: 'neo4j-bloom_v1.7.0', type: 'system'}",
			`{"time":"2021-07-30 15:09:54.048+0000","level":"INFO","event":"success","id":95,"elapsedMs":1,"allocatedBytes":72,"protocol":"bolt","driver":"neo4j-bloom/v1.7.0","client":"127.0.0.1:54693","server":"127.0.0.1:11003","database":"movies","user":"jo","query":"RETURN TRUE","runtime":"pipelined","meta":"{app: 'neo4j-bloom_v1.7.0', type: 'system'}"}`},
		"4.x failed": {
			"2021-07-30 15:09:54.048+0200 ERROR id:95 - 1 ms: 72 B - bolt-session\tbolt\td\t\tclient/[::1]:54693\tserver/[::1]:7687>\tneo4j - neo4j - RETUR 1 - {} - runtime=null - {type: 'user-direct'} - Invalid input 'RETUR'",
			`{"time":"2021-07-30 15:09:54.048+0200","level":"ERROR","event":"fail","id":95,"elapsedMs":1,"allocatedBytes":72,"protocol":"bolt","driver":"d","client":"[::1]:54693","server":"[::1]:7687","database":"neo4j","user":"neo4j","query":"RETUR 1","params":"{}","runtime":"null","meta":"{type: 'user-direct'}","error":"Invalid input 'RETUR'"}`},
		"5.x, with times of 4.4's cpu and without a database": {
			"2023-03-01 15:09:54.048+0000 INFO  id:95 - 1 ms: (planning: 0, cpu: 1, waiting: 0) - 72 B - 0 page hits, 0 page faults - bolt-session\tbolt\td\t\tclient/1.1.1.1:1\tserver/1.1.1.1:7687>\t<none> - neo4j - SHOW DATABASES - {} - runtime=system - {}",
			`{"time":"2023-03-01 15:09:54.048+0000","level":"INFO","event":"success","id":95,"elapsedMs":1,"planning":0,"cpu":1,"waiting":0,"allocatedBytes":72,"pageHits":0,"pageFaults":0,"protocol":"bolt","driver":"d","client":"1.1.1.1:1","server":"1.1.1.1:7687","database":"<none>","user":"neo4j","query":"SHOW DATABASES","params":"{}","runtime":"system","meta":"{}"}`},
		"2026": {
			"2026-06-22 13:45:54.597+0000 INFO  id:34 - transaction id:6 - 195 ms: (planning: 185, waiting: 0) - 328 B - 68 page hits, 0 page faults - bolt-session\tbolt\tneo4j-javascript/6.0.1\t\tclient/127.0.0.1:53864\tserver/127.0.0.1:7687>\tneo4j - neo4j - MATCH (n:Person {name:'Tom Hanks'}) RETURN n - {} - runtime=pipelined - {\"app\": \"query\", \"type\": \"user-direct\"}",
			`{"time":"2026-06-22 13:45:54.597+0000","level":"INFO","event":"success","id":34,"transaction":6,"elapsedMs":195,"planning":185,"waiting":0,"allocatedBytes":328,"pageHits":68,"pageFaults":0,"protocol":"bolt","driver":"neo4j-javascript/6.0.1","client":"127.0.0.1:53864","server":"127.0.0.1:7687","database":"neo4j","user":"neo4j","query":"MATCH (n:Person {name:'Tom Hanks'}) RETURN n","params":"{}","runtime":"pipelined","meta":"{\"app\": \"query\", \"type\": \"user-direct\"}"}`},
		"2026 pinned by others, a space for a tab": {
			"2026-06-22 13:45:54.597+0000 INFO  id:7187 - transaction id:5344 - 42 ms: (planning: 0, waiting: 0) - 100 B - 5 page hits, 0 page faults - bolt-session\tbolt\tdriver\t\tclient\tserver> neo4j - neo4j - MATCH (n) RETURN n - {branch: 'main'} - runtime=pipelined - {}",
			`{"time":"2026-06-22 13:45:54.597+0000","level":"INFO","event":"success","id":7187,"transaction":5344,"elapsedMs":42,"planning":0,"waiting":0,"allocatedBytes":100,"pageHits":5,"pageFaults":0,"protocol":"bolt","database":"neo4j","user":"neo4j","query":"MATCH (n) RETURN n","params":"{branch: 'main'}","runtime":"pipelined","meta":"{}"}`},
		"2026 started": {
			"2026-06-22 13:45:54.597+0000 INFO  id:7187 - transaction id:5344 - Query started: MATCH (n) RETURN n",
			`{"time":"2026-06-22 13:45:54.597+0000","level":"INFO","event":"start","id":7187,"transaction":5344,"query":"MATCH (n) RETURN n"}`},
		"a value with an apostrophe, which Neo4j does not escape": {
			"2018-10-29 21:17:29.222+0000 INFO  30 ms: " + bolt35 + "RETURN $a - {a: 'O'Brien'} - {}",
			`{"time":"2018-10-29 21:17:29.222+0000","level":"INFO","event":"success","elapsedMs":30,` + wants35 + `"query":"RETURN $a","params":"{a: 'O'Brien'}","meta":"{}"}`},
		"an anonymous user": {
			"2018-10-29 21:17:29.222+0000 INFO  0 ms: bolt-session\tbolt\tnull\tneo4j-java/dev\t\tclient/1.2.3.4:5\tserver/1.2.3.4:7687>\t - MATCH (n) RETURN n - {} - {}",
			`{"time":"2018-10-29 21:17:29.222+0000","level":"INFO","event":"success","elapsedMs":0,"protocol":"bolt","driver":"neo4j-java/dev","client":"1.2.3.4:5","server":"1.2.3.4:7687","query":"MATCH (n) RETURN n","params":"{}","meta":"{}"}`},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, shaped(t, shaper{shape: JSON}, c.entry)); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(c.entry, shaped(t, shaper{shape: Raw}, c.entry)); diff != "" {
				t.Error("raw is not as Neo4j wrote it:", diff)
			}
		})
	}
}

func TestWhatDoesNotReadLikeAnEntryGoesRaw(t *testing.T) {
	for _, text := range []string{
		"\tat org.neo4j.Foo.bar(Foo.java:1)",
		"2018-10-29 21:17:29.222+0000 INFO  a sentence about nothing",
		"2018-10-29 21:17:29.222+0000 INFO  12 ms: no connection here",
		"2018-10-29 21:17:29.222+0000 INFO  12 ms: bolt-session\tbolt\tneo4j",
		"2018-10-29 21:17:29.222+0000 INFO  id: - 12 ms: x - y",
		`{"no":"time"}`,
		`{"time":"2018-10-29 21:17:29.222+0000","cut`,
	} {
		if got := shaped(t, shaper{shape: JSON}, text); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
}

func TestParametersAreDroppedOnRequest(t *testing.T) {
	const head = "2021-07-30 15:09:54.048+0000 INFO  id:95 - 1 ms: 72 B - bolt-session\tbolt\td\t\tclient/1.1.1.1:1\tserver/1.1.1.1:2>\tneo4j - neo4j - "
	for name, c := range map[string]struct{ text, want string }{
		"as they are":               {head + "RETURN $a - {a: 'secret'} - runtime=x - {t: 'u'}", head + "RETURN $a - {} - runtime=x - {t: 'u'}"},
		"with an apostrophe":        {head + "RETURN $a - {a: 'O'secret'} - runtime=x - {t: 'u'}", head + "RETURN $a - {} - runtime=x - {t: 'u'}"},
		"over lines":                {head + "RETURN $a - {a: 'x\n - {secret} - {'} - runtime=x - {t: 'u'}", head + "RETURN $a - {} - runtime=x - {t: 'u'}"},
		"in no entry":               {"secret'} - runtime=x - {}", "[neo4j-agent: 25 bytes left out, which do not read like an entry of the query log: they may hold parameters]"},
		"of JSON":                   {`{"time":"2021-07-30 15:09:54.048+0000","query":"RETURN $a","queryParameters":"{a: 'secret'}","runtime":"x"}`, `{"time":"2021-07-30 15:09:54.048+0000","query":"RETURN $a","runtime":"x"}`},
		"of a statement that fails": {strings.Replace(head, "INFO ", "ERROR", 1) + "RETURN $a - {a: 'secret'} - runtime=null - {} - no", strings.Replace(head, "INFO ", "ERROR", 1) + "RETURN $a - {} - runtime=null - {} - no"},
	} {
		if got := shaped(t, shaper{shape: Raw, dropParameters: true}, c.text); got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, c.want)
		}
		if got := shaped(t, shaper{shape: JSON, dropParameters: true}, c.text); strings.Contains(got, "secret") {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func FuzzAnEntryIsParsedWithoutLosingItsQuery(f *testing.F) {
	f.Add("RETURN 1", "{}", "{}")
	f.Add("MATCH (n) - {a - {", "{a: 'x'}", "{b: \"}\"}")
	f.Fuzz(func(t *testing.T, text, params, meta string) {
		head := "2018-10-29 21:17:29.222+0000 INFO  30 ms: bolt-session\tbolt\tp\td\t\tclient/c\tserver/s>\tneo4j - "
		q, ok := parseText([]byte(head + text + " - " + params + " - " + meta))
		if !ok {
			t.Fatal("an entry was not recognised")
		}
		if !strings.HasPrefix(text+" - "+params+" - "+meta, string(q.text)) {
			t.Fatalf("query %q", q.text)
		}
	})
}

func FuzzNothingBreaksTheShaper(f *testing.F) {
	f.Add([]byte("2018-10-29 21:17:29.222+0000 INFO  30 ms: x\ty - RETURN 1 - {} - {}"), true, true)
	f.Add([]byte(`{"time":"2018-10-29 21:17:29.222+0000","query":"CREATE USER a SET PASSWORD 'x'","errorInfo":{"a":[1]}}`), true, false)
	f.Fuzz(func(t *testing.T, text []byte, asJSON, drop bool) {
		s := shaper{shape: Raw, query: true, dropParameters: drop, count: &Stats{}, slow: &slowQueries{}}
		if asJSON {
			s.shape = JSON
		}
		if message, _ := s.message(record{text: text, size: int64(len(text))}); len(message) > eventBytes {
			t.Fatalf("%d bytes", len(message))
		}
	})
}
