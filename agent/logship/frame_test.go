package logship

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

const at1, at2 = "2021-07-30 15:09:54.048+0000", "2021-07-30 15:09:55.048+0000"

// growing is a file that is read faster than it is written: each part ends in io.EOF once.
type growing struct{ parts []string }

func (g *growing) Read(to []byte) (int, error) {
	if len(g.parts) == 0 {
		return 0, io.EOF
	}
	if g.parts[0] == "" {
		g.parts = g.parts[1:]
		return 0, io.EOF
	}
	n := copy(to, g.parts[0])
	g.parts[0] = g.parts[0][n:]
	return n, nil
}

// framed are the records of a file written in parts, those at the end by rest.
func framed(t interface{ Fatal(...any) }, parts ...string) (texts []string) {
	in := &growing{append([]string(nil), parts...)}
	f := newFramer(in)
	var size int64
	keep := func(r record) {
		texts = append(texts, string(r.text))
		size += r.size
	}
	for {
		r, ok, err := f.next()
		if err != nil {
			t.Fatal(err)
		}
		if ok {
			keep(r)
		} else if len(in.parts) == 0 {
			break
		}
	}
	for r, ok := f.rest(); ok; r, ok = f.rest() {
		keep(r)
	}
	if want := int64(len(strings.Join(parts, ""))); size != want {
		t.Fatal("the records are of", size, "bytes, not of", want)
	}
	return texts
}

func TestRecordsAreWhatBelongsTogether(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"lines":                        {at1 + " a\n" + at2 + " b\n", []string{at1 + " a", at2 + " b"}},
		"a query over lines":           {at1 + " a\n\n  {b: 1}\n" + at2 + " b\n", []string{at1 + " a\n\n  {b: 1}", at2 + " b"}},
		"a stack trace":                {at1 + " a\njava.X\n\tat b\n" + at2 + " b\n", []string{at1 + " a\njava.X\n\tat b", at2 + " b"}},
		"JSON":                         {`{"time":"1"}` + "\n" + `{"time":"2"}` + "\n", []string{`{"time":"1"}`, `{"time":"2"}`}},
		"JSON of another layout":       {`{"@timestamp":"1"}` + "\n" + `{"a":2}` + "\n", []string{`{"@timestamp":"1"}`, `{"a":2}`}},
		"text, then JSON":              {at1 + " a\n" + `{"x": 1}` + "\n" + `{"time":"2"}` + "\nb\n", []string{at1 + " a\n" + `{"x": 1}`, `{"time":"2"}`, "b"}},
		"neither":                      {"a\nb\n\nc", []string{"a", "b", "", "c"}},
		"Windows line ends":            {at1 + " a\r\n" + at2 + " b\r\n", []string{at1 + " a", at2 + " b"}},
		"no end of the last line":      {at1 + " a\n" + at2 + " b", []string{at1 + " a", at2 + " b"}},
		"a time in a query's line":     {at1 + " a\n2021-07-30 is no time\n", []string{at1 + " a\n2021-07-30 is no time"}},
		"the end of an earlier record": {"\tat x\n" + at1 + " a\n", []string{"\tat x", at1 + " a"}},
		"nothing":                      {"", nil},
	} {
		t.Run(name, func(t *testing.T) {
			for size := 1; size <= len(c.text)+1; size++ {
				var parts []string
				for from := 0; from < len(c.text); from += size {
					parts = append(parts, c.text[from:min(len(c.text), from+size)])
				}
				if diff := cmp.Diff(c.want, framed(t, parts...)); diff != "" {
					t.Fatalf("in parts of %d: %s", size, diff)
				}
			}
		})
	}
}

func TestARecordLongerThanAnEventIsCutMarkedAndCounted(t *testing.T) {
	long := at1 + " " + strings.Repeat("é", 2<<20)
	for _, shape := range []Shape{Raw, JSON} {
		f := newFramer(strings.NewReader(long + "\nmore\n" + at2 + " b\n"))
		r, ok, err := f.next()
		if !ok || err != nil || r.size != int64(len(long)+6) || len(r.text) > eventBytes || r.cut == 0 {
			t.Fatal(ok, err, r.size, len(r.text))
		}
		count := Stats{}
		s := shaper{shape: shape, count: &count}
		message, _ := s.message(r)
		want := map[Shape]string{Raw: " [neo4j-agent: ", JSON: `"cutBytes":`}[shape]
		if tail := message[len(message)-60:]; len(message) > eventBytes || len(message) < eventBytes-200 || !bytes.Contains(tail, []byte(want)) || count.Cut != 1 || count.Invalid != 0 {
			t.Errorf("%s: %d bytes, ending %s, %+v", shape, len(message), tail, count)
		}
		if r, ok, _ := f.next(); ok {
			t.Errorf("%s came without its successor", r.text)
		}
		if r, _ := f.rest(); string(r.text) != at2+" b" {
			t.Errorf("then %q", r.text)
		}
	}
}

func TestWhatIsNoUTF8IsMendedAndCounted(t *testing.T) {
	count := Stats{}
	s := shaper{shape: Raw, count: &count}
	if got, _ := s.message(record{text: []byte(at1 + " a\xff\xfeb\xc3")}); string(got) != at1+" a\uFFFDb\uFFFD" || count.Invalid != 1 {
		t.Errorf("%q, %+v", got, count)
	}
}

func TestEachRecordIsFoundHoweverTheFileGrows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		line := rapid.StringMatching(`[ -~é]{0,200}`)
		var want []string
		text := ""
		for n := range rapid.IntRange(0, 20).Draw(t, "records") {
			r := fmt.Sprintf("2021-07-30 15:09:54.%03d+0000 %s", n, line.Draw(t, "first"))
			for range rapid.IntRange(0, 3).Draw(t, "more") {
				r += "\nx" + line.Draw(t, "line")
			}
			want = append(want, r)
			text += r + "\n"
		}
		var parts []string
		for len(text) > 0 {
			n := rapid.IntRange(1, len(text)).Draw(t, "part")
			parts, text = append(parts, text[:n]), text[n:]
		}
		if diff := cmp.Diff(want, framed(t, parts...)); diff != "" {
			t.Fatal(diff)
		}
	})
}

func FuzzNoByteOfAFileIsLeftOut(f *testing.F) {
	f.Add([]byte(at1+" a\nb\n"+at2+" c"), 3)
	f.Fuzz(func(t *testing.T, text []byte, size int) {
		var parts []string
		for from, step := 0, max(1, size%1000); from < len(text); from += step {
			parts = append(parts, string(text[from:min(len(text), from+step)]))
		}
		framed(t, parts...) // checks the sizes
	})
}
