package logship

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
	"unicode/utf8"
)

// Shape is how a record becomes an event.
type Shape string

// The values of Shape.
const (
	Raw  Shape = "raw"  // as Neo4j wrote it
	JSON Shape = "json" // one object with a field for each thing it says; raw when it does not read like one of Neo4j's
)

// shaper makes the message of a record. Not for concurrent use.
type shaper struct {
	shape          Shape
	query          bool // the log is the query log
	dropParameters bool
	slow           *slowQueries // nil when no metrics are asked for
	count          *Stats
	redact         redactor
	last           int64  // time of the record before, for those that tell none
	elapsed        []byte // of the finished query that the record tells of
	out            []byte
}

// message is a record's message, valid until the next, and its time. It is empty for a record of blank lines.
func (s *shaper) message(r record) ([]byte, int64) {
	s.elapsed = nil
	if r.cut > 0 { // a character that the cut divided goes with the rest
		s.count.Cut++
		kept := head(r.text, len(r.text)-1)
		r.cut += int64(len(r.text) - len(kept))
		r.text = kept
	}
	text := s.readable(r.text)
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, 0
	}
	at := s.timeOf(text)
	if s.redact.hinted(text) {
		text = s.withoutSecrets(text)
	}
	cut := r.cut
	if s.query && (s.shape == JSON || s.dropParameters || s.slow != nil) {
		text = s.queryEntry(text, &cut)
	} else if s.shape == JSON && text[0] != '{' {
		text = s.plainEntry(text, &cut)
	}
	return s.within(text, cut), at
}

// readable makes the text UTF-8: the service takes nothing else.
func (s *shaper) readable(text []byte) []byte {
	if utf8.Valid(text) {
		return text
	}
	s.count.Invalid++
	return bytes.ToValidUTF8(text, []byte("\uFFFD"))
}

// head is a text's first n bytes at most, of whole characters.
func head(text []byte, n int) []byte {
	if n >= len(text) {
		return text
	}
	for n = max(n, 0); n > 0 && !utf8.RuneStart(text[n]); n-- {
	}
	return text[:n]
}

// timeOf is when Neo4j wrote a record, in milliseconds. One that does not say is as old as the one before. A time further
// in the future than the service takes, from a clock that was wrong, becomes now: the message still tells it.
func (s *shaper) timeOf(text []byte) int64 {
	text = bytes.TrimPrefix(text, jsonStart)
	now := time.Now()
	if n := timeLength(text); n > 0 {
		if at, ok := parseTime(text[:n]); ok && at.Unix() > 0 { // the service knows no time before 1970
			s.last = at.UnixMilli()
		}
	}
	if s.last == 0 || s.last > now.Add(tooNew-time.Minute).UnixMilli() {
		if s.last != 0 {
			s.count.Retimed++
		}
		return now.UnixMilli()
	}
	return s.last
}

// parseTime reads a time of which timeLength has said that digits are where they belong.
func parseTime(text []byte) (at time.Time, ok bool) {
	number := func(from, to int) (n int) {
		for _, c := range text[from:to] {
			n = n*10 + int(c-'0')
		}
		return n
	}
	month, day := number(5, 7), number(8, 10)
	if month < 1 || month > 12 || day < 1 || day > 31 {
		return at, false
	}
	zone := 0 // minutes
	if text[len(timeShape)] != 'Z' {
		zone = number(24, 26)*60 + number(26, 28)
		if text[len(timeShape)] == '-' {
			zone = -zone
		}
	}
	return time.Date(number(0, 4), time.Month(month), day, number(11, 13), number(14, 16)-zone, number(17, 19), number(20, 23)*1e6, time.UTC), true
}

func (s *shaper) withoutSecrets(text []byte) []byte {
	var masked bool
	if text[0] == '{' {
		text, masked = inJSON(text)
	} else {
		text, masked = statement(text)
	}
	if masked {
		s.count.Masked++
	}
	return text
}

// queryEntry shapes an entry of the query log.
func (s *shaper) queryEntry(text []byte, cut *int64) []byte {
	isJSON := text[0] == '{'
	parse := parseText
	if isJSON {
		parse = parseJSON
	}
	q, ok := parse(text)
	if !ok {
		s.count.Unparsed++
		if s.dropParameters {
			return fmt.Appendf(nil, "[neo4j-agent: %d bytes left out, which do not read like an entry of the query log: they may hold parameters]", len(text))
		}
		return text
	}
	if q.event != "start" {
		s.elapsed = q.elapsed
	}
	if s.dropParameters {
		text = q.withoutParameters(text, isJSON)
	}
	if s.shape == Raw {
		return text
	}
	return s.asJSON(&q, text, cut)
}

// plainEntry shapes a line of another log: time, level and the rest.
func (s *shaper) plainEntry(text []byte, cut *int64) []byte {
	n := timeLength(text)
	if n == 0 {
		return text
	}
	scan := scan{rest: text[n:]}
	scan.skip()
	q := query{time: text[:n], level: scan.level()}
	scan.skip()
	q.message = scan.rest
	return s.asJSON(&q, text, cut)
}

// asJSON is the entry as an object that tells itself what was cut; its text when no object of it fits in an event.
func (s *shaper) asJSON(q *query, text []byte, cut *int64) []byte {
	q.cut = *cut
	if !q.fit(&s.out) {
		return text
	}
	if *cut == 0 && q.cut > 0 {
		s.count.Cut++
	}
	*cut = 0
	return s.out
}

// within marks a message that was cut, and cuts one that became too long for an event.
func (s *shaper) within(text []byte, cut int64) []byte {
	if cut == 0 && len(text) <= eventBytes {
		return text
	}
	if cut == 0 {
		s.count.Cut++
	}
	const most = 80 // bytes of the sentence
	kept := head(text, eventBytes-most)
	return fmt.Appendf(append([]byte(nil), kept...), " [neo4j-agent: %d bytes cut]", cut+int64(len(text)-len(kept)))
}

// fit writes the entry as JSON, no longer than an event: its longest fields give way. It tells whether that was enough.
func (q *query) fit(to *[]byte) bool {
	for {
		*to = q.appendJSON((*to)[:0])
		over := len(*to) - eventBytes
		if over <= 0 {
			return true
		}
		over += len(`,"cutBytes":`) + 20 // digits
		longest := &q.text
		for _, field := range []*[]byte{&q.message, &q.params, &q.failure, &q.stack, &q.meta} {
			if len(*field) > len(*longest) {
				longest = field
			}
		}
		switch kept := head(*longest, len(*longest)-over); {
		case len(kept) > 0 || len(q.more) == 0 && len(*longest) > 0:
			q.cut += int64(len(*longest) - len(kept))
			*longest = kept
		case len(q.more) > 0:
			q.cut += int64(len(q.more[len(q.more)-1].value))
			q.more = q.more[:len(q.more)-1]
		default:
			return false
		}
	}
}

// withoutParameters takes the parameters from the entry and from its text. Where a text's tail was not understood,
// everything goes from the first place where parameters may begin.
func (q *query) withoutParameters(text []byte, isJSON bool) []byte {
	if isJSON {
		changed, _ := dropIn(text, func(name string, value json.RawMessage) json.RawMessage {
			if name == "queryParameters" {
				return nil
			}
			return value
		})
		q.params = nil
		return changed
	}
	if q.params != nil {
		begin := len(text) - q.tailBytes + len(dash)
		text = append(append(append([]byte(nil), text[:begin]...), "{}"...), text[begin+len(q.params):]...)
	} else if at := bytes.Index(q.text, mapIs); at >= 0 && q.meta == nil {
		text = append(append([]byte(nil), text[:len(text)-len(q.text)+at]...), " - {}"...)
		q.text = q.text[:at]
	}
	q.params = nil
	return text
}
