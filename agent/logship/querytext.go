package logship

import "bytes"

// parseText reads an entry of the query log's text form:
//
//	time LEVEL [Query started: ][id:n - ][transaction id:n - ]n ms: [(planning: n[, cpu: n], waiting: n) - ][n B - ]
//	[n page hits, n page faults - ]connection⇥[database - ]user - query[ - {params}][ - runtime=x][ - {meta}][ message][⏎stack trace]
//
// 3.x has neither ids nor database; 4.x puts "Query started: " first, 2026 puts it last in place of the milliseconds and
// all that follows them. Sources: ConfiguredQueryLogger and FormattedLogger in the jars of 3.5; the manual's page
// monitoring/logging of each branch. It tells whether the text is such an entry. The fields point into text.
func parseText(text []byte) (q query, ok bool) {
	n := timeLength(text)
	if n == 0 {
		return q, false
	}
	s := &scan{rest: text[n:]}
	q.time, q.event = text[:n], "success"
	s.skip()
	if q.level = s.level(); bytes.Equal(q.level, []byte("ERROR")) {
		q.event = "fail"
	}
	s.skip()
	if s.take("Query started: ") {
		q.event = "start"
	}
	q.id = s.between("id:", " - ")
	q.transaction = s.between("transaction id:", " - ")
	if q.transaction != nil && s.take("Query started: ") {
		q.event, q.text = "start", s.rest
		return q, true
	}
	if q.elapsed = s.number(" ms: "); q.elapsed == nil {
		return q, false
	}
	s.metrics(&q)
	if !s.connection(&q) {
		return q, false
	}
	q.tail(s.rest)
	return q, true
}

// scan eats text from the left. What is not there is left alone.
type scan struct{ rest []byte }

func (s *scan) skip() { s.rest = bytes.TrimLeft(s.rest, " ") }

func (s *scan) take(prefix string) bool {
	after, ok := bytes.CutPrefix(s.rest, []byte(prefix))
	s.rest = after
	return ok
}

// level takes a level; the longest is SEVERE.
func (s *scan) level() []byte {
	const most = 8
	n := bytes.IndexByte(s.rest[:min(most, len(s.rest))], ' ')
	if n < 0 {
		return nil
	}
	word := s.rest[:n]
	s.rest = s.rest[n:]
	return word
}

// number takes digits that end follows.
func (s *scan) number(end string) []byte {
	n := 0
	for n < len(s.rest) && s.rest[n] >= '0' && s.rest[n] <= '9' {
		n++
	}
	if n == 0 || !bytes.HasPrefix(s.rest[n:], []byte(end)) {
		return nil
	}
	digits := s.rest[:n]
	s.rest = s.rest[n+len(end):]
	return digits
}

// between takes a number with its prefix and what follows it.
func (s *scan) between(prefix, end string) []byte {
	before := s.rest
	if s.take(prefix) {
		if digits := s.number(end); digits != nil {
			return digits
		}
	}
	s.rest = before
	return nil
}

func (s *scan) metrics(q *query) {
	before := s.rest
	if s.take("(planning: ") {
		if q.planning = s.number(", cpu: "); q.planning != nil {
			q.cpu = s.number(", waiting: ")
		} else {
			q.planning = s.number(", waiting: ")
		}
		if q.waiting = s.number(") - "); q.waiting == nil {
			q.planning, q.cpu, s.rest = nil, nil, before
		}
	}
	q.allocated = s.number(" B - ")
	before = s.rest
	if q.hits = s.number(" page hits, "); q.hits != nil {
		if q.faults = s.number(" page faults - "); q.faults == nil {
			q.hits, s.rest = nil, before
		}
	}
}

var (
	dash    = []byte(" - ")
	tab     = []byte("\t")
	toEnd   = []byte("server/")
	boltIs  = []byte("bolt-session")
	oldBolt = 7 // fields of a Bolt connection in 3.x: session, bolt, principal, agent, nothing, client, server
)

// connection takes the connection, database and user. In 3.x there is no database; such an entry has no id, and its
// Bolt connection names the principal. A connection ends at the last tab before the first " - ", Bolt's own at ">".
func (s *scan) connection(q *query) bool {
	end := bytes.Index(s.rest, dash)
	if end < 0 {
		return false
	}
	if bytes.HasPrefix(s.rest, boltIs) {
		server := max(0, bytes.Index(s.rest, toEnd))
		closes := bytes.IndexByte(s.rest[server:], '>')
		if closes < 0 {
			return false
		}
		end = server + closes
	} else if end = bytes.LastIndexByte(s.rest[:end], '\t'); end < 0 {
		return false
	}
	isBolt := bytes.HasPrefix(s.rest, boltIs)
	fields := q.connected(s.rest[:end])
	if s.rest = s.rest[end+1:]; !s.take("\t") && isBolt {
		s.skip() // as pages show it
	}
	if q.id != nil || q.transaction != nil || isBolt && fields < oldBolt {
		q.database = s.name()
	}
	q.user = s.name()
	return q.user != nil
}

// name takes what is before the next " -" that a space or the end of a line follows: a query may begin on its own line.
func (s *scan) name() []byte {
	for at := 0; ; {
		next := bytes.Index(s.rest[at:], dash[:2])
		if next < 0 || at+next+2 >= len(s.rest) {
			return nil
		}
		at += next + 2
		if c := s.rest[at]; c == ' ' || c == '\n' {
			name := s.rest[:at-2]
			s.rest = s.rest[at+1:]
			return name
		}
	}
}

// connected reads the fields of a connection and tells how many there are; ECS and proxies do not change their order.
func (q *query) connected(source []byte) int {
	var before, last []byte // the two fields before
	for n := 0; ; n++ {
		field, rest, more := bytes.Cut(source, tab)
		if after, ok := bytes.CutPrefix(field, []byte("client/")); ok {
			q.client, q.driver = after, before
		}
		if after, ok := bytes.CutPrefix(field, toEnd); ok {
			q.server = bytes.TrimSuffix(after, []byte(">"))
		}
		switch n {
		case 1:
			q.protocol = field
		case 2:
			if q.protocol != nil && bytes.Equal(before, []byte("server-session")) {
				q.client = field
			}
		}
		if !more {
			return n + 1
		}
		source, before, last = rest, last, field
	}
}
