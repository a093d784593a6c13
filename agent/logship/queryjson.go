package logship

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"

	"github.com/tidwall/gjson"
)

// parseJSON reads an entry of the query log's JSON form, of 4.3 and later: the fields of QueryLogJsonLayout.json and of
// the manual's page monitoring/logging. It tells whether the text is such an entry.
func parseJSON(text []byte) (q query, ok bool) {
	if !gjson.ValidBytes(text) || text[0] != '{' {
		return q, false
	}
	var name, info, authenticated []byte
	gjson.ParseBytes(text).ForEach(func(key, field gjson.Result) bool {
		value := content(text, field)
		switch to := q.named(key.Str); {
		case field.Type == gjson.Null:
		case to != nil:
			*to = value
		case key.Str == "event":
			q.event = string(value)
		case key.Str == "source":
			q.connected(value)
		case key.Str == "username": // deprecated, the same as executingUser but for impersonation
			name = value
		case key.Str == "authenticatedUser":
			authenticated = raw(text, field)
		default:
			if key.Str == "errorInfo" {
				info = []byte(field.Get("statusDescription").Str)
			}
			q.more = append(q.more, pair{escaped(key.Str), raw(text, field)})
		}
		return true
	})
	if len(q.user) == 0 {
		q.user = name
	}
	if authenticated != nil && !bytes.Equal(plain(authenticated), q.user) {
		q.more = append(q.more, pair{"authenticatedUser", authenticated})
	}
	if len(q.failure) == 0 { // errorInfo, which 5.25 brought, replaces failureReason
		q.failure = info
	}
	slices.SortFunc(q.more, func(a, b pair) int { return cmp.Compare(a.name, b.name) })
	return q, q.time != nil
}

// named is where the value of a field goes whose meaning does not depend on others, nil for others.
func (q *query) named(field string) *[]byte {
	switch field {
	case "time":
		return &q.time
	case "level":
		return &q.level
	case "id":
		return &q.id
	case "transactionId":
		return &q.transaction
	case "elapsedTimeMs":
		return &q.elapsed
	case "planning":
		return &q.planning
	case "cpu":
		return &q.cpu
	case "waiting":
		return &q.waiting
	case "allocatedBytes":
		return &q.allocated
	case "pageHits":
		return &q.hits
	case "pageFaults":
		return &q.faults
	case "database":
		return &q.database
	case "executingUser":
		return &q.user
	case "query":
		return &q.text
	case "queryParameters":
		return &q.params
	case "runtime":
		return &q.runtime
	case "annotationData":
		return &q.meta
	case "failureReason":
		return &q.failure
	case "stacktrace":
		return &q.stack
	}
	return nil
}

// raw is a value as the text has it.
func raw(text []byte, value gjson.Result) []byte {
	return text[value.Index : value.Index+len(value.Raw)]
}

// content is what plain gives of a value, out of the text where nothing is escaped.
func content(text []byte, value gjson.Result) []byte {
	switch {
	case value.Type != gjson.String:
		return raw(text, value)
	case len(value.Str) == len(value.Raw)-2: // an escape is longer than what it stands for
		return text[value.Index+1 : value.Index+len(value.Raw)-1]
	}
	return []byte(value.Str)
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
