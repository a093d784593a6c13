package neo4jconf

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// jvmArguments is what the neo4j.conf of testdata/dryrun.txt asked for: jvm.additional was
//
//	-XX:+UseG1GC
//	-Dwith.blank="c d" -Dwith.single='e f' -Dwith.dollar=a$b`c`;*
//	"-Dwhole.word=a b"
//	--add-opens=java.base/java.nio=ALL-UNNAMED
//	-Djava.net.preferIPv4Stack=true  -Dtwo=2
//
// and the heap 512m. The server of the launcher gets exactly these words (run: /proc/<pid>/cmdline).
var jvmArguments = []string{
	"-XX:+UseG1GC", `-Dwith.blank="c d"`, `-Dwith.single='e f'`, "-Dwith.dollar=a$b`c`;*", "-Dwhole.word=a b",
	"--add-opens=java.base/java.nio=ALL-UNNAMED", "-Djava.net.preferIPv4Stack=true", "-Dtwo=2",
	"-Dfile.encoding=UTF-8", "-Xms524288k", "-Xmx524288k",
}

func TestTheLineOfEachLauncherIsReadWordByWord(t *testing.T) {
	for _, sample := range samples(t, "testdata/dryrun.txt") {
		version, sample, _ := strings.Cut(sample, " ")
		kind, line, _ := strings.Cut(sample, " ")
		d := dialectOf(t, version)
		argv, notes, err := d.JavaLine([]string{"Picked up JAVA_TOOL_OPTIONS: -Da=b", line}, "/var/lib/neo4j/", "/var/lib/neo4j/conf", kind == "expand")
		if err != nil || len(notes) != 1 {
			t.Errorf("%s %s: %q, %v", version, kind, notes, err)
			continue
		}
		if argv[0] != "/opt/java/openjdk/bin/java" || !slices.Contains(argv, "/var/lib/neo4j/plugins/*:/var/lib/neo4j/conf/*:/var/lib/neo4j/lib/*") {
			t.Errorf("%s: %q", version, argv)
		}
		got := slices.Sorted(slices.Values(argv[3:slices.IndexFunc(argv, mainClass.MatchString)]))
		if diff := cmp.Diff(slices.Sorted(slices.Values(jvmArguments)), got); diff != "" {
			t.Errorf("%s: arguments of the JVM (-want +got):\n%s", version, diff)
		}
	}
}

func TestALineThatIsNotUnderstoodIsLeftToTheLauncher(t *testing.T) {
	const good = "/j/bin/java -cp /h/lib/* -Da=b org.neo4j.server.CommunityEntryPoint --home-dir=/h --config-dir=/h/conf --console-mode"
	d := dialectOf(t, "5.26.30")
	if _, _, err := d.JavaLine([]string{good}, "/h", "/h/conf", false); err != nil {
		t.Fatal(err)
	}
	for name, output := range map[string][]string{
		"nothing":                 nil,
		"no line":                 {"Configuration file validation failed."},
		"two lines":               {good, good},
		"cut off":                 {strings.TrimSuffix(good, "-mode")},
		"other home":              {strings.Replace(good, "--home-dir=/h ", "--home-dir=/x ", 1)},
		"more behind":             {good + " --verbose"},
		"expansion nobody wanted": {strings.Replace(good, "--console", "--expand-commands --console", 1)},
		"no java":                 {strings.Replace(good, "/j/bin/java", "java", 1)},
		"two blanks":              {strings.Replace(good, "-Da=b", "-Da=b ", 1)},
		"blank unquoted":          {strings.Replace(good, "-Da=b", "-Da=b c", 1)},
		"single quotes inside":    {strings.Replace(good, "-Da=b", "-Da='b'", 1)},
		"quotes without need":     {strings.Replace(good, "-Da=b", `"-Da=b"`, 1)},
		"quote without end":       {strings.Replace(good, "-Da=b", `"-Da=b c`, 1)},
		"no main class":           {strings.Replace(good, "org.neo4j.server.CommunityEntryPoint", "-Dx=y", 1)},
	} {
		if argv, _, err := d.JavaLine(output, "/h", "/h/conf", false); err == nil {
			t.Errorf("%s: read as %q", name, argv)
		}
	}
}

func TestOnlyGenerationsWithALauncherHaveADryRun(t *testing.T) {
	for version, want := range map[string]string{
		"3.5.0": "", "4.2.19": "",
		"4.3.23": "/h/bin/neo4j console --expand-commands --dry-run", "2026.8.1": "/h/bin/neo4j console --expand-commands --dry-run",
	} {
		if got := strings.Join(dialectOf(t, version).DryRun("/h", true), " "); got != want {
			t.Errorf("%s: %q, want %q", version, got, want)
		}
	}
	for version, want := range map[string]string{"4.1.13": "console", "4.2.19": "console --expand-commands"} {
		if got := strings.Join(dialectOf(t, version).Console("/h", true)[1:], " "); got != want {
			t.Errorf("%s: %q, want %q", version, got, want)
		}
	}
}

func TestWhatTheLauncherQuotesIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(rapid.StringMatching(`[!-~]([ -~]*[!-~])?`).Filter(quotable), 1, 8).Draw(t, "words")
		got, err := unquote(quoted(words))
		if diff := cmp.Diff(words, got); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", quoted(words), err, diff)
		}
	})
}

// quotable leaves out what the launcher changes or refuses: quotes of both kinds, and a pair around the whole.
func quotable(word string) bool {
	pair := len(word) > 2 && (word[0] == '\'' || word[0] == '"') && word[len(word)-1] == word[0]
	return !pair && quoteOf(word) != "none"
}

func quoted(words []string) string {
	var all []string
	for _, word := range words {
		all = append(all, quoteOf(word)+word+quoteOf(word))
	}
	return strings.Join(all, " ")
}

func FuzzALineIsReadAsWrittenOrNotAtAll(f *testing.F) {
	f.Add(`/j/bin/java -cp /h/lib/* '-Da="b c"' "-De='f'" "-Dg=h i" --add-opens java.base/x=ALL-UNNAMED org.neo4j.X --home-dir=/h --config-dir=/c --console-mode`)
	f.Add(`"`)
	f.Add(`' ' " "`)
	f.Fuzz(func(t *testing.T, line string) {
		words, err := unquote(line)
		if err == nil && quoted(words) != line {
			t.Errorf("%q is read as %q", line, words)
		}
		d := Dialect{Version: Version{Major: 5, Minor: 26}, Edition: Community}
		argv, _, err := d.JavaLine([]string{line}, "/h", "/c", false)
		if err == nil && (len(argv) < 6 || quoted(argv) != line) {
			t.Errorf("%q is read as %q", line, argv)
		}
	})
}

// dialectOf is a community dialect of any version.
func dialectOf(t *testing.T, version string) Dialect {
	t.Helper()
	v, _, err := Detect([]string{"neo4j-" + version + ".jar"})
	if err != nil {
		t.Fatal(err)
	}
	return Dialect{Version: v, Edition: Community}
}
