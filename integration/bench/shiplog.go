package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"neo4j-agent/agent/logship/fakelogs"
)

// Neo4j's own rotation (dbms.logs.query.rotation.size of the manual's settings reference), and how far the writer may be
// ahead of what has arrived, so that any amount fits on the disk.
const (
	rotationBytes = 20 << 20
	aheadBytes    = 100 << 20
)

// queries are what an application asks, each with its number at %d, and what 3.5's query log has behind it.
var queries = []string{
	"MATCH (n:Person {id: $id})-[:ACTED_IN]->(m:Movie)<-[:DIRECTED]-(d:Person) RETURN m.title, d.name /* id: %d */ - {id: 4711} - {}",
	"MERGE (u:User {name: $name})\n  ON CREATE SET u.since = timestamp(), u.note = \"a 'quoted' word\"\nWITH u\n" +
		"MATCH (g:Group) WHERE g.name IN $groups\nMERGE (u)-[:MEMBER_OF]->(g)\nRETURN u /* id: %d */ - {name: 'Zoë Müller', groups: ['admins', 'editors']} - {app: 'shop'}",
	"UNWIND $rows AS row MATCH (p:Product {sku: row.sku}) SET p.stock = p.stock - row.count RETURN count(p) /* id: %d */ - {rows: [" +
		strings.Repeat("{sku: 'A-100-200', count: 2}, ", 20) + "{sku: 'B', count: 1}]} - {}",
}

// form writes one entry of the query log as a generation of Neo4j does.
type form func(to []byte, n int64) []byte

// text35 is the text of 3.5.
func text35(to []byte, n int64) []byte {
	to = time.Now().UTC().AppendFormat(to, "2006-01-02 15:04:05.000-0700")
	to = fmt.Appendf(to, " INFO  %d ms: (planning: 3, cpu: 11, waiting: 0) - 13792 B - 215 page hits, 2 page faults - "+
		"bolt-session\tbolt\tneo4j\tneo4j-java/4.1.1\t\tclient/10.0.3.17:58189\tserver/10.0.1.4:7687>\tneo4j - ", n%3000)
	return append(fmt.Appendf(to, queries[n%int64(len(queries))], n), '\n')
}

// json5 is the JSON of 5 and later.
func json5(to []byte, n int64) []byte {
	query, parameters, _ := strings.Cut(fmt.Sprintf(queries[n%int64(len(queries))], n), "*/ - ")
	parameters, annotation, _ := strings.Cut(parameters, " - ")
	quote := func(text string) []byte { quoted, _ := json.Marshal(text); return quoted }
	to = time.Now().UTC().AppendFormat(append(to, `{"time":"`...), "2006-01-02 15:04:05.000-0700")
	to = fmt.Appendf(to, `","level":"INFO","event":"success","type":"query","elapsedTimeMs":%d,"planning":3,"cpu":11,"waiting":0,`+
		`"allocatedBytes":13792,"pageHits":215,"pageFaults":2,"source":"bolt-session\tbolt\tneo4j-java/5.28.4\t\tclient/10.0.3.17:58189\tserver/10.0.1.4:7687>",`+
		`"database":"neo4j","username":"neo4j","executingUser":"neo4j","authenticatedUser":"neo4j",`, n%3000)
	return fmt.Appendf(to, `"query":%s,"queryParameters":%s,"runtime":"pipelined","annotationData":%s}`+"\n", quote(query+"*/"), quote(parameters), quote(annotation))
}

// queryLog writes a query log over its rotations, and knows what of it has arrived.
type queryLog struct {
	path             string
	form             form
	text             []byte
	entries, written int64 // so far; bytes
	arrived          atomic.Int64
	wrong            atomic.Pointer[string] // the first entry that was not the one that was next
}

// burst writes entries of so many bytes at least, and rotates where it is time.
func (q *queryLog) burst(size int) error {
	q.text = q.text[:0]
	for len(q.text) < size {
		q.text = q.form(q.text, q.entries)
		q.entries++
	}
	file, err := os.OpenFile(q.path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	n, err := file.Write(q.text)
	q.written += int64(n)
	if info, stat := file.Stat(); err == nil && stat == nil && info.Size() > rotationBytes {
		return q.rotate()
	}
	return err
}

// rotate shifts the files as Neo4j does, and keeps ten.
func (q *queryLog) rotate() error {
	name := func(n int) string { return q.path + "." + strconv.Itoa(n) }
	for n := 9; n >= 1; n-- {
		if err := os.Rename(name(n), name(n+1)); err != nil && !os.IsNotExist(err) {
			return err
		}
	}
	return os.Rename(q.path, name(1))
}

// write writes so many bytes, never further ahead than aheadBytes of what arrives, and waits until all of it has.
func (q *queryLog) write(bytes int64, bytesOf func() int64) error {
	for end := q.written + bytes; q.written < end; {
		if q.written-bytesOf() > aheadBytes {
			<-time.After(10 * time.Millisecond)
			continue
		}
		if err := q.burst(int(min(1<<20, end-q.written))); err != nil {
			return err
		}
	}
	return q.arrive()
}

// arrive waits for the last entry.
func (q *queryLog) arrive() error {
	err := await("the log to arrive", func() bool { return q.arrived.Load() >= q.entries || q.wrong.Load() != nil })
	if wrong := q.wrong.Load(); wrong != nil {
		return fmt.Errorf("entry %d was next, and this came: %s", q.arrived.Load(), *wrong)
	}
	return err
}

// accept wants each entry once and in order.
func (q *queryLog) accept(_, _ string, events []fakelogs.Event) {
	for _, e := range events {
		_, after, _ := strings.Cut(e.Message, "/* id: ")
		digits, _, _ := strings.Cut(after, " ")
		if n, err := strconv.ParseInt(digits, 10, 64); err != nil || n != q.arrived.Load() {
			q.wrong.CompareAndSwap(nil, &e.Message)
			return
		}
		q.arrived.Add(1)
	}
}

func newQueryLog(dir string, as form) (*queryLog, error) {
	q := &queryLog{path: filepath.Join(dir, "query.log"), form: as}
	return q, os.MkdirAll(dir, 0o755)
}
