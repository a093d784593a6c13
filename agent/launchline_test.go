package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"neo4j-agent/agent/settings"
	"neo4j-agent/neo4jconf"
)

// fakeLauncher stands for bin/neo4j of Neo4j 5.26.30: it notes that it ran, warns on stderr and prints the line that a real
// one prints, or fails with what the file says holds.
const fakeLauncher = `#!/bin/sh
echo "$@" >> "$NEO4J_HOME/ran"
echo "WARNING! You are using an unsupported Java runtime." >&2
if [ -f "$NEO4J_HOME/says" ]; then cat "$NEO4J_HOME/says"; exit 1; fi
echo "/opt/java/bin/java -cp $NEO4J_HOME/lib/* -Xmx524288k${JAVA_OPTS:+ $JAVA_OPTS} org.neo4j.server.CommunityEntryPoint --home-dir=$NEO4J_HOME --config-dir=$NEO4J_CONF${EXPAND:-} --console-mode"
`

// launching is a preparation that has come to the question how to launch.
type launching struct {
	*preparation
	t   *testing.T
	log *bytes.Buffer
}

func newLaunching(t *testing.T) *launching {
	t.Helper()
	home := t.TempDir()
	for path, text := range map[string]string{
		"bin/neo4j": fakeLauncher, "lib/neo4j-5.26.30.jar": "", "plugins/one.jar": "1", "conf/neo4j.conf": "a=b\n", "state/keep": "",
	} {
		write(t, filepath.Join(home, path), text)
	}
	l := &launching{t: t, log: &bytes.Buffer{}}
	dialect, err := neo4jconf.For(neo4jconf.Version{Major: 5, Minor: 26, Patch: 30}, neo4jconf.Community)
	if err != nil {
		t.Fatal(err)
	}
	intent, err := neo4jconf.Input{Dialect: dialect, HomeDir: home}.Intent()
	if err != nil {
		t.Fatal(err)
	}
	l.preparation = &preparation{
		settings: &settings.Settings{Home: home}, folders: layout{state: filepath.Join(home, "state")}, log: zerolog.New(l.log),
		neo4j:  neo4jHome{dialect: dialect, intent: intent, conf: filepath.Join(home, "conf/neo4j.conf")},
		launch: launch{Env: []string{"NEO4J_HOME=" + home, "NEO4J_CONF=" + filepath.Join(home, "conf")}},
	}
	return l
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
}

// find finds the line as a new prepare would, and tells how often the launcher has run by now.
func (l *launching) find() (argv []string, ran int) {
	l.t.Helper()
	if err := l.findLine(context.Background()); err != nil {
		l.t.Fatal(err)
	}
	text, _ := os.ReadFile(filepath.Join(l.settings.Home, "ran"))
	return l.launch.Argv, strings.Count(string(text), "\n")
}

func TestTheServerIsStartedWithoutItsLauncher(t *testing.T) {
	l := newLaunching(t)
	argv, _ := l.find()
	if argv[0] != "/opt/java/bin/java" || !slices.Contains(argv, "org.neo4j.server.CommunityEntryPoint") {
		t.Errorf("launched with %q", argv)
	}
	if !strings.Contains(l.log.String(), "unsupported Java runtime") {
		t.Errorf("the launcher's warning is lost: %s", l.log)
	}
	info, err := os.Stat(filepath.Join(l.folders.state, lineFile))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
}

func TestAStartThatChangesNothingCostsNoLauncher(t *testing.T) {
	l := newLaunching(t)
	first, _ := l.find()
	l.log.Reset()
	second, ran := l.find()
	if ran != 1 || !slices.Equal(first, second) {
		t.Errorf("the launcher ran %d times: %q, then %q", ran, first, second)
	}
	if !strings.Contains(l.log.String(), "unsupported Java runtime") {
		t.Error("the warning is told at the first start only")
	}
}

func TestTheLauncherIsAskedAgainWhenSomethingChanged(t *testing.T) {
	changes := map[string]func(l *launching){
		"neo4j.conf": func(l *launching) { write(l.t, l.neo4j.conf, "a=c\n") },
		"apoc.conf":  func(l *launching) { write(l.t, filepath.Join(l.settings.Home, "conf/apoc.conf"), "a=c\n") },
		"a plugin":   func(l *launching) { write(l.t, filepath.Join(l.settings.Home, "plugins/two.jar"), "2") },
		"a jar's time": func(l *launching) {
			if err := os.Chtimes(filepath.Join(l.settings.Home, "lib/neo4j-5.26.30.jar"), time.Time{}, time.Unix(1, 0)); err != nil {
				l.t.Fatal(err)
			}
		},
		"JAVA_HOME":     func(l *launching) { l.launch.Env = append(l.launch.Env, "JAVA_HOME=/elsewhere") },
		"JAVA_OPTS":     func(l *launching) { l.launch.Env = append(l.launch.Env, "JAVA_OPTS=-Da=b") },
		"HEAP_SIZE":     func(l *launching) { l.launch.Env = append(l.launch.Env, "HEAP_SIZE=1g") },
		"a torn file":   func(l *launching) { write(l.t, filepath.Join(l.folders.state, lineFile), "{") },
		"no line in it": func(l *launching) { write(l.t, filepath.Join(l.folders.state, lineFile), "{}") },
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			l := newLaunching(t)
			l.find()
			change(l)
			if _, ran := l.find(); ran != 2 {
				t.Errorf("the launcher ran %d times", ran)
			}
			if _, ran := l.find(); ran != 2 {
				t.Error("the new line is not kept")
			}
		})
	}
}

func TestCommandsInTheConfigurationAreRunAtEachStart(t *testing.T) {
	l := newLaunching(t)
	l.settings.ExtendedConf = true
	l.launch.Env = append(l.launch.Env, "EXPAND= --expand-commands")
	l.find()
	if argv, ran := l.find(); ran != 2 || !slices.Contains(argv, "--expand-commands") {
		t.Errorf("the launcher ran %d times: %q", ran, argv)
	}
}

func TestALineThatIsNotUnderstoodIsLeftToTheLauncherWithAWarning(t *testing.T) {
	l := newLaunching(t)
	l.launch.Env = append(l.launch.Env, `JAVA_OPTS=-Da="b c"`)
	argv, _ := l.find()
	if want := []string{filepath.Join(l.settings.Home, "bin/neo4j"), "console"}; !slices.Equal(argv, want) {
		t.Errorf("launched with %q, want %q", argv, want)
	}
	if strings.Count(l.log.String(), "second JVM") != 1 {
		t.Errorf("log: %s", l.log)
	}
}

func TestALauncherThatFailsIsLeftToItselfUnlessItIsHopeless(t *testing.T) {
	l := newLaunching(t)
	write(t, filepath.Join(l.settings.Home, "says"), "No space left on device\n")
	if argv, _ := l.find(); argv[0] != filepath.Join(l.settings.Home, "bin/neo4j") {
		t.Errorf("launched with %q", argv)
	}
	write(t, filepath.Join(l.settings.Home, "says"), "Error: Unrecognized setting. No declared setting with name: server.nonsense.\n")
	err := l.findLine(context.Background())
	if codeOf(err) != exitConfig || !strings.Contains(err.Error(), "server.nonsense") {
		t.Errorf("%v (%d)", err, codeOf(err))
	}
}

func TestAGenerationWithoutLauncherIsLaunchedByItsScript(t *testing.T) {
	l := newLaunching(t)
	var err error
	if l.neo4j.dialect, err = neo4jconf.For(neo4jconf.Version{Major: 4, Minor: 2, Patch: 19}, neo4jconf.Community); err != nil {
		t.Fatal(err)
	}
	if argv, ran := l.find(); ran != 0 || argv[1] != "console" || len(argv) != 2 {
		t.Errorf("%q after %d dry runs", argv, ran)
	}
}
