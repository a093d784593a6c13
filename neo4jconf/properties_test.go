package neo4jconf

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// testdata/properties.json is what java.util.Properties.load of Java 17 reads from each file. (Two hundred thousand such
// files were compared while this was written.)
func TestFilesAreReadAsJavaReadsThem(t *testing.T) {
	var cases []struct {
		File     string // each character is a byte
		Settings map[string]string
		Refused  bool
	}
	readJSON(t, "properties.json", &cases)
	if len(cases) < 100 {
		t.Fatalf("only %d cases", len(cases))
	}
	for _, c := range cases {
		file := make([]byte, 0, len(c.File))
		for _, r := range c.File {
			file = append(file, byte(r))
		}
		lines, err := readProperties(file)
		if (err != nil) != c.Refused {
			t.Errorf("%q: error %v, refused by Java: %v", file, err, c.Refused)
			continue
		}
		if diff := cmp.Diff(c.Settings, asMap(lines)); diff != "" && !c.Refused {
			t.Errorf("%q (-Java +ours):\n%s", file, diff)
		}
	}
}

func asMap(lines []line) map[string]string {
	read := map[string]string{}
	for _, l := range lines {
		read[l.name], _ = unescape(l.raw)
	}
	return read
}

func TestAMistakeInTheFileIsNamedByItsLine(t *testing.T) {
	_, _, err := Render(Input{Dialect: dialect(t, 4, 4, Community), File: []byte("# one\na=1,\\\n  2\n\nb=\\users\n")})
	if err == nil || err.Error() != `cannot read neo4j.conf: line 5: \u is not followed by four hexadecimal digits` {
		t.Errorf("got %v", err)
	}
}

func FuzzWhatWasReadIsWrittenSoThatItReadsTheSame(f *testing.F) {
	for _, seed := range []string{shipped, "a=b", "a\\\n=b", "\\#a : b\\\\\\\n c", "=x", "a==", "é=\xe9\\u00e9", "a= \\ x"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		first, err := readProperties(file)
		if err != nil {
			return
		}
		var again bytes.Buffer
		for _, l := range first {
			again.WriteString(escapeName(l.name) + "=" + l.raw + "\n")
		}
		second, err := readProperties(again.Bytes())
		if err != nil || len(first) != len(second) {
			t.Fatalf("%q read as %v, rewritten %q read as %v, %v", file, first, again.String(), second, err)
		}
		for i := range first {
			if first[i].name != second[i].name || first[i].raw != second[i].raw {
				t.Fatalf("%q: %+v became %+v", file, first[i], second[i])
			}
		}
	})
}
