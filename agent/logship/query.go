package logship

import "strconv"

// query is one entry of the query log, whichever generation wrote it, and in text or JSON. A number that the entry does
// not tell is nil. The names in JSON are those that CloudWatch Logs Insights sorts by.
type query struct {
	time, level      []byte
	event            string // start, success, fail; of transactions also what Neo4j calls it
	id, transaction  []byte // of the connection and the transaction
	elapsed          []byte // ms, as the three after it
	planning         []byte
	cpu, waiting     []byte
	allocated        []byte // bytes
	hits, faults     []byte // of the page cache
	protocol, driver []byte
	client, server   []byte
	database, user   []byte
	text, params     []byte
	message          []byte // of an entry of another log
	runtime, meta    []byte
	failure          []byte // the message
	stack            []byte
	cut              int64  // bytes that were too many
	more             []pair // fields of JSON that have no name here
	tailBytes        int    // of the text, from where the query ends
}

// pair is a field whose name and value are JSON already.
type pair struct {
	name  string
	value []byte
}

// appendJSON writes the entry as one object.
func (q *query) appendJSON(to []byte) []byte {
	w := object{to: append(to, '{')}
	w.text("time", q.time)
	w.text("level", q.level)
	w.text("event", []byte(q.event))
	for _, n := range []struct {
		name  string
		value []byte
	}{{"id", q.id}, {"transaction", q.transaction}, {"elapsedMs", q.elapsed}, {"planning", q.planning}, {"cpu", q.cpu}, {"waiting", q.waiting},
		{"allocatedBytes", q.allocated}, {"pageHits", q.hits}, {"pageFaults", q.faults}} {
		w.number(n.name, n.value)
	}
	for _, s := range []struct {
		name  string
		value []byte
	}{{"protocol", q.protocol}, {"driver", q.driver}, {"client", q.client}, {"server", q.server}, {"database", q.database}, {"user", q.user},
		{"query", q.text}, {"message", q.message}, {"params", q.params}, {"runtime", q.runtime}, {"meta", q.meta}, {"error", q.failure}, {"stacktrace", q.stack}} {
		w.text(s.name, s.value)
	}
	for _, p := range q.more {
		w.raw(p.name, p.value)
	}
	if q.cut > 0 {
		w.number("cutBytes", strconv.AppendInt(nil, q.cut, 10))
	}
	return append(w.to, '}')
}

// object writes fields; those without a value are left out. Names are ours, or escaped.
type object struct{ to []byte }

func (o *object) name(name string) {
	if o.to[len(o.to)-1] != '{' {
		o.to = append(o.to, ',')
	}
	o.to = append(o.to, '"')
	o.to = append(o.to, name...)
	o.to = append(o.to, '"', ':')
}

func (o *object) text(name string, value []byte) {
	if len(value) > 0 {
		o.name(name)
		o.to = appendString(o.to, value)
	}
}

func (o *object) number(name string, value []byte) {
	for _, c := range value {
		if c < '0' || c > '9' {
			o.text(name, value)
			return
		}
	}
	if len(value) == 1 || len(value) > 1 && value[0] != '0' {
		o.raw(name, value)
	}
}

func (o *object) raw(name string, value []byte) {
	o.name(name)
	o.to = append(o.to, value...)
}

// escaped is a field's name as JSON writes it, without the quotes.
func escaped(name string) string {
	quoted := appendString(nil, []byte(name))
	return string(quoted[1 : len(quoted)-1])
}

// special are the bytes that a JSON string cannot hold as they are.
var special = func() (all [256]bool) {
	for c := range ' ' {
		all[c] = true
	}
	all['"'], all['\\'] = true, true
	return all
}()

// appendString writes UTF-8 as a JSON string. The service counts bytes, so nothing is escaped that need not be.
func appendString(to, text []byte) []byte {
	const hex = "0123456789abcdef"
	to = append(to, '"')
	from := 0
	for i, c := range text {
		if !special[c] {
			continue
		}
		to = append(to, text[from:i]...)
		from = i + 1
		switch c {
		case '"', '\\':
			to = append(to, '\\', c)
		case '\n':
			to = append(to, '\\', 'n')
		case '\r':
			to = append(to, '\\', 'r')
		case '\t':
			to = append(to, '\\', 't')
		default:
			to = append(to, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	return append(append(to, text[from:]...), '"')
}
