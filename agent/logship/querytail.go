package logship

import (
	"bytes"
	"slices"
)

// Beginnings of what follows a query. The query itself may hold them too.
var (
	mapIs     = []byte(" - {")
	runtimeIs = []byte(" - runtime=")
)

// tailTries bounds the work on a text made to look like many tails: so many from the left, as many from the right.
const tailTries = 32

// tail divides the rest of an entry into query, parameters, runtime, annotations and error. The leftmost place is taken
// from which the rest reads like a tail; what does not read so belongs to the query.
func (q *query) tail(text []byte) {
	var room [2 * tailTries]int
	places := tailPlaces(text, room[:0])
	for _, strict := range []bool{true, false} {
		for _, at := range places {
			t := tail{rest: text[at:]}
			if t.read() && (len(t.rest) == 0 || !strict && q.event == "fail" && (t.rest[0] == ' ' || t.rest[0] == '\n')) {
				q.params, q.runtime, q.meta = t.params, t.runtime, t.meta
				if open := bytes.Index(text[:at], mapIs); q.params == nil && open >= 0 && text[at-1] == '}' {
					q.params, at = text[open+len(dash):at], open // an apostrophe in a value, which Neo4j does not escape
				}
				q.text, q.tailBytes = text[:at], len(text)-at
				q.failed(t.rest)
				return
			}
		}
	}
	q.text = text
}

// failed divides what follows the annotations: the message, and from the next line on the stack trace.
func (q *query) failed(text []byte) {
	text = bytes.TrimPrefix(text, dash)
	message, stack, _ := bytes.Cut(text, []byte("\n"))
	if at := bytes.Index(text, []byte("\n\tat ")); at >= 0 { // a message of several lines; the trace repeats it with its class
		if head := bytes.LastIndexByte(text[:at], '\n'); head >= 0 {
			message, stack = text[:head], text[head+1:]
		}
	}
	q.failure, q.stack = bytes.TrimSpace(message), stack
}

// tailPlaces are where a tail may begin, from left to right; they go into all, which is empty and has room for them.
func tailPlaces(text []byte, all []int) []int {
	for at := 0; len(all) < tailTries; {
		next := nextPlace(text[at:])
		if next < 0 {
			return all
		}
		all = append(all, at+next)
		at += next + 1
	}
	for end := len(text); len(all) < 2*tailTries; {
		last := max(bytes.LastIndex(text[:end], mapIs), bytes.LastIndex(text[:end], runtimeIs))
		if last <= all[tailTries-1] {
			break
		}
		all = append(all, last)
		end = last
	}
	slices.Sort(all)
	return all
}

func nextPlace(text []byte) int {
	a, b := bytes.Index(text, mapIs), bytes.Index(text, runtimeIs)
	if a < 0 || b >= 0 && b < a {
		return b
	}
	return a
}

// tail is what follows a query: [ - {params}][ - runtime=word] - {annotations}; 3.5 with parameters off has the last alone.
type tail struct{ rest, params, runtime, meta []byte }

func (t *tail) read() bool {
	first := t.mapping()
	if after, ok := bytes.CutPrefix(t.rest, runtimeIs); ok {
		n := bytes.IndexAny(after, " \n")
		if n < 0 {
			return false
		}
		t.params, t.runtime, t.rest = first, after[:n], after[n:]
		t.meta = t.mapping()
		return t.meta != nil
	}
	if t.meta = t.mapping(); t.meta == nil {
		t.meta = first
		return first != nil
	}
	t.params = first
	return true
}

// mapping takes " - {…}" up to the brace that closes it; braces in strings do not count.
func (t *tail) mapping() []byte {
	if !bytes.HasPrefix(t.rest, mapIs) {
		return nil
	}
	text := t.rest[len(dash):]
	depth, quote := 0, byte(0)
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quote != 0 && c == '\\':
			i++
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case c == '{':
			depth++
		case c == '}':
			if depth--; depth == 0 {
				t.rest = text[i+1:]
				return text[:i+1]
			}
		}
	}
	return nil
}
