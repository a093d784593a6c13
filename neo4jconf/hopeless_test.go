package neo4jconf

import (
	"os"
	"strings"
	"testing"
)

// testdata/hopeless.txt: what real servers (or, marked so, their code and scripts) say when no restart helps.
func TestTextsThatNoRestartCuresAreKnown(t *testing.T) {
	for _, sample := range samples(t, "testdata/hopeless.txt") {
		reason, ok := Hopeless([]string{"2026-11-23 13:18:08.510+0000 INFO  Starting...", sample, "INFO  Stopped."})
		if !ok || len(reason) > longestReason+100 {
			t.Errorf("%v %q for %q", ok, reason, sample)
		}
	}
}

// testdata/curable.txt: what they say when a restart may help, and while all is well.
func TestTextsThatARestartMayCureAreNotHopeless(t *testing.T) {
	for _, sample := range samples(t, "testdata/curable.txt") {
		if reason, ok := Hopeless([]string{sample}); ok {
			t.Errorf("%q for %q", reason, sample)
		}
	}
	if _, ok := Hopeless(nil); ok {
		t.Error("silence is hopeless")
	}
}

func TestOnlyWhatIsSaidBeforeTheServerStartedCounts(t *testing.T) {
	const bad, starting, started = "InvalidSettingException: Bad value 'x' for setting 'y'", "INFO  Starting...", "INFO  Started."
	tests := map[string]struct {
		lines []string
		want  bool
	}{
		"before the first line":           {[]string{bad}, true},
		"while starting":                  {[]string{starting, bad}, true},
		"of a start that succeeded":       {[]string{starting, bad, started}, false},
		"while running":                   {[]string{starting, started, bad}, false},
		"in the start after":              {[]string{starting, started, starting, bad}, true},
		"in the start before, cured now":  {[]string{starting, bad, starting}, false},
		"in the start before and running": {[]string{starting, bad, starting, started}, false},
	}
	for name, test := range tests {
		if reason, ok := Hopeless(test.lines); ok != test.want {
			t.Errorf("%s: %q", name, reason)
		}
	}
}

func TestEverySymptomHasASampleAndASource(t *testing.T) {
	all := strings.Join(samples(t, "testdata/hopeless.txt"), "\n")
	for _, s := range hopeless() {
		if !s.text.MatchString(all) || s.source == "" {
			t.Errorf("%v has no sample or no source", s.text)
		}
	}
}

func samples(t *testing.T, path string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimRight(line, "\n"); line != "" && !strings.HasPrefix(line, "# ") {
			found = append(found, line)
		}
	}
	return found
}

func TestAServerThatOnlySpokeOfItsJavaNeverCameToRun(t *testing.T) {
	java := "2026-11-23 14:05:16.329+0000 WARN [o.n.k.i.JvmChecker] You are using an unsupported version of the Java runtime."
	for _, c := range []struct {
		lines []string
		want  bool
	}{
		{nil, true},
		{[]string{java}, true},
		{[]string{`{"time":"2026-11-24 15:15:10.568+0000","level":"WARN","category":"o.n.k.i.JvmChecker","message":"The initial heap memory has not been configured."}`}, true},
		{[]string{java, "2026-11-23 14:05:17.000+0000 INFO [o.n.k.i.DatabaseHealth] Database health set to OK"}, false},
	} {
		if got := Speechless(c.lines); got != c.want {
			t.Errorf("Speechless(%q) = %v, want %v", c.lines, got, c.want)
		}
	}
}

func TestOnlyExitCodesOfConfigurationAndLicenseAreHopeless(t *testing.T) {
	for code, want := range map[int]bool{0: false, 1: false, 2: false, 3: true, 4: true, 137: false} {
		if reason, ok := HopelessExit(code); ok != want || ok && reason == "" {
			t.Errorf("%d: %q, %v", code, reason, ok)
		}
	}
}
