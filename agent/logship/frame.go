package logship

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// record is one entry of a log: a line, or a line that begins with a time and those after it that do not.
type record struct {
	text []byte // without the last end of line; valid until the next record is read
	size int64  // bytes in the file
	cut  int64  // bytes at the end that are not in text, since no event can hold them
}

// decideBytes is how much of a line tells whether it begins a record.
const decideBytes = 64

// framer makes records of what is read from one file. It holds one record, cut at eventBytes.
type framer struct {
	in      *bufio.Reader
	seen    int64  // bytes read in all
	part    []byte // a line's first bytes, too few yet to tell what it is
	rec     []byte // the open record
	size    int64
	spare   []byte
	kind    lineKind // how the last record of this file began that had a beginning
	goesOn  bool     // lines without a beginning belong to the open record
	midLine bool     // the open record ends within a line
	whole   bool     // the open record needs no other to follow
}

func newFramer(in io.Reader) *framer { return &framer{in: bufio.NewReaderSize(in, 64<<10)} }

// next is the next whole record, if the file has one by now.
func (f *framer) next() (record, bool, error) {
	for {
		if f.whole {
			return f.take(), true, nil
		}
		chunk, err := f.in.ReadSlice('\n')
		f.seen += int64(len(chunk))
		if err != nil && err != io.EOF && !errors.Is(err, bufio.ErrBufferFull) {
			return record{}, false, err
		}
		if r, ok := f.add(chunk, err == nil); ok {
			return r, true, nil
		}
		if err == io.EOF {
			return record{}, false, nil
		}
	}
}

// waits tells that a record is open that is whole if nothing more comes; unfinished, that its last line is not.
func (f *framer) waits() (open, unfinished bool) {
	return f.size > 0 || len(f.part) > 0, f.midLine || len(f.part) > 0
}

// rest is what is left when nothing more comes: call it until there is nothing.
func (f *framer) rest() (record, bool) {
	if part := f.part; len(part) > 0 {
		f.part = nil
		if r, ok := f.decided(part, true); ok {
			return r, true
		}
	}
	if f.size == 0 {
		return record{}, false
	}
	return f.take(), true
}

// add takes the next bytes of the file, which end a line or do not, and gives the record that they end.
func (f *framer) add(chunk []byte, ended bool) (record, bool) {
	if !f.midLine && (len(f.part) > 0 || !ended && len(chunk) < decideBytes) {
		f.part = append(f.part, chunk...)
		if !ended && len(f.part) < decideBytes {
			return record{}, false
		}
		chunk, f.part = f.part, nil
	}
	if len(chunk) == 0 {
		return record{}, false
	}
	return f.decided(chunk, ended)
}

// decided is add for bytes that are enough to tell what they are.
func (f *framer) decided(chunk []byte, ended bool) (ready record, ok bool) {
	if !f.midLine {
		kind := kindOf(chunk, f.kind)
		if f.size > 0 && (kind != noKind || !f.goesOn) {
			ready, ok = f.take(), true
		}
		if f.size == 0 {
			f.goesOn = kind == textKind || kind == noKind && f.kind == textKind
		}
		if kind != noKind {
			f.kind = kind
		}
	}
	f.rec = append(f.rec, chunk[:min(len(chunk), eventBytes-len(f.rec))]...)
	f.size += int64(len(chunk))
	f.midLine = !ended
	f.whole = ended && !f.goesOn
	return ready, ok
}

// take gives the open record away; its bytes stay where they are until the one after the next is begun.
func (f *framer) take() record {
	r := record{text: bytes.TrimRight(f.rec, "\r\n"), size: f.size, cut: f.size - int64(len(f.rec))}
	f.rec, f.spare = f.spare[:0], f.rec
	f.size, f.midLine, f.whole = 0, false, false
	return r
}

// lineKind is what a line begins with.
type lineKind int

const (
	noKind   lineKind = iota
	textKind          // a time: https://neo4j.com/docs/operations-manual/current/monitoring/logging/
	jsonKind          // an object, which is a record by itself
)

// jsonStart is how the layouts that come with Neo4j begin a line (QueryLogJsonLayout.json and its siblings).
var jsonStart = []byte(`{"time":"`)

// kindOf tells a line's kind in a file where the last was of kind before. Among text only Neo4j's own layouts count as
// JSON: a query may well go on in a line that begins with a brace.
func kindOf(line []byte, before lineKind) lineKind {
	switch {
	case timeLength(line) > 0:
		return textKind
	case bytes.HasPrefix(line, jsonStart), before != textKind && len(line) > 0 && line[0] == '{':
		return jsonKind
	}
	return noKind
}

// timeShape is a line's first bytes: 0 stands for a digit, the separators that layouts differ in for themselves.
const timeShape = "0000-00-00 00:00:00.000"

// timeLength is the length of the time that a line begins with, its zone included; 0 when it begins with none.
func timeLength(line []byte) int {
	if len(line) < len(timeShape)+2 {
		return 0
	}
	for i := range len(timeShape) {
		c, want := line[i], timeShape[i]
		digit := c >= '0' && c <= '9'
		if want == '0' && !digit || want != '0' && c != want && (want != ' ' || c != 'T') && (want != '.' || c != ',') {
			return 0
		}
	}
	zone := line[len(timeShape):]
	if zone[0] == 'Z' {
		return len(timeShape) + 1
	}
	if (zone[0] != '+' && zone[0] != '-') || len(zone) < 5 {
		return 0
	}
	for _, c := range zone[1:5] {
		if c < '0' || c > '9' {
			return 0
		}
	}
	return len(timeShape) + 5
}
