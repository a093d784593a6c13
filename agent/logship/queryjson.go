package logship

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
)

// parseJSON reads an entry of the query log's JSON form, of 4.3 and later: the fields of QueryLogJsonLayout.json and of
// the manual's page monitoring/logging. It tells whether the text is such an entry.
func parseJSON(text []byte) (q query, ok bool) {
	var fields map[string]json.RawMessage
	if json.Unmarshal(text, &fields) != nil || fields["time"] == nil {
		return q, false
	}
	take := func(name string) []byte {
		value := fields[name]
		delete(fields, name)
		return plain(value)
	}
	q.time, q.level = take("time"), take("level")
	q.event = string(take("event"))
	q.id, q.transaction = take("id"), take("transactionId")
	q.elapsed, q.planning, q.cpu, q.waiting = take("elapsedTimeMs"), take("planning"), take("cpu"), take("waiting")
	q.allocated, q.hits, q.faults = take("allocatedBytes"), take("pageHits"), take("pageFaults")
	if source := take("source"); source != nil {
		q.connected(source)
	}
	q.database = take("database")
	q.user = take("executingUser")
	if name := take("username"); len(q.user) == 0 { // deprecated, the same but for impersonation
		q.user = name
	}
	q.text, q.params, q.runtime, q.meta = take("query"), take("queryParameters"), take("runtime"), take("annotationData")
	q.failure, q.stack = take("failureReason"), take("stacktrace")
	if same := fields["authenticatedUser"]; same != nil && bytes.Equal(plain(same), q.user) {
		delete(fields, "authenticatedUser")
	}
	q.rest(fields)
	return q, true
}

// rest keeps the fields that have no name of their own here. Of errorInfo, which 5.25 brought and which replaces
// failureReason, the sentence is the error too.
func (q *query) rest(fields map[string]json.RawMessage) {
	if info := fields["errorInfo"]; info != nil && len(q.failure) == 0 {
		var said struct{ StatusDescription string }
		if json.Unmarshal(info, &said) == nil {
			q.failure = []byte(said.StatusDescription)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if string(fields[name]) != "null" {
			q.more = append(q.more, pair{escaped(name), fields[name]})
		}
	}
}

// plain is a string's content, or a value as it is written; nil for none.
func plain(value json.RawMessage) []byte {
	if len(value) == 0 || string(value) == "null" {
		return nil
	}
	if value[0] != '"' {
		return value
	}
	if inner := value[1 : len(value)-1]; bytes.IndexByte(inner, '\\') < 0 {
		return inner
	}
	var text string
	if json.Unmarshal(value, &text) != nil {
		return nil
	}
	return []byte(text)
}

// dropIn leaves fields out of a JSON object that goes as it is otherwise, in the order it has.
func dropIn(text []byte, change func(name string, value json.RawMessage) json.RawMessage) ([]byte, bool) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	if begin, err := decoder.Token(); err != nil || begin != json.Delim('{') {
		return nil, false
	}
	w := object{to: []byte{'{'}}
	for decoder.More() {
		name, err := decoder.Token()
		var value json.RawMessage
		if err != nil || decoder.Decode(&value) != nil {
			return nil, false
		}
		key, _ := name.(string)
		if value = change(key, value); value != nil {
			w.raw(escaped(key), value)
		}
	}
	return append(w.to, '}'), true
}
