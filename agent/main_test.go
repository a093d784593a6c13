package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	notify "os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"neo4j-agent/agent/peers"
	"neo4j-agent/agent/settings"
	"neo4j-agent/supervisor"
)

func TestEachCommandOfTheGrammarIsOursAndNothingElse(t *testing.T) {
	var commands []string
	for _, c := range grammar(nil).Commands() {
		commands = append(append(commands, c.Name()), c.Aliases...)
	}
	slices.Sort(commands)
	ours := slices.Sorted(slices.Values(names))
	if !slices.Equal(commands, ours) {
		t.Errorf("the grammar has %v, passed through is what is not in %v", commands, ours)
	}
}

func TestACommandLineThatIsNotUnderstoodNamesWhatIsWrong(t *testing.T) {
	for line, want := range map[string]string{
		"restore":                  "takes one <source>, and 0 were given",
		"restore latest other":     "takes one <source>, and 2 were given",
		"restore --nothing latest": "unknown flag: --nothing",
		"backup now":               "now",
		"backup --verify=never":    `invalid argument "never" for "--verify" flag: it must be check or restore`,
		"backup --wait=5":          "--wait",
		"prepare --secrets-fd=x":   "--secrets-fd",
		"--nothing":                "unknown flag: --nothing",
	} {
		var ran error
		root := grammar(&ran)
		root.SetArgs(strings.Fields(line))
		if err := root.Execute(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", line, err, want)
		}
	}
}

func TestFlagsReachTheirCommand(t *testing.T) {
	for line, want := range map[string]string{
		"--database=a,b --database c --full --wait 10m --from this_instance --verify restore": "&{[a b c] true 10m0s this_instance restore}",
		"": "&{[] false 0s  check}",
	} {
		c := &backupCommand{}
		f := pflag.NewFlagSet("backup", pflag.ContinueOnError)
		c.flags(f)
		if err := f.Parse(strings.Fields(line)); err != nil || fmt.Sprint(c) != want {
			t.Errorf("%q gives %v (%v), want %s", line, c, err, want)
		}
	}
}

func TestEachWayNotToFindMembersHasItsExitCode(t *testing.T) {
	for want, err := range map[int]error{
		exitTryAgain:   &peers.NotEnoughError{Need: 3, Source: "Cloud Map", Waited: time.Minute},
		exitConfig:     &peers.WrongServiceError{Doing: "list", Reason: "ServiceNotFound"},
		exitPermission: fmt.Errorf("while waiting: %w", &peers.PermissionError{Doing: "list", Reason: "AccessDenied"}),
	} {
		var coded *exitError
		if got := memberErrors(err); !errors.As(got, &coded) || coded.code != want {
			t.Errorf("%v gives %v, want exit code %d", err, got, want)
		}
	}
}

func TestADataRootHasTheFoldersOfTheSystemReplaced(t *testing.T) {
	root := filepath.Join(t.TempDir(), "volume")
	l := layoutOf(&settings.Settings{DataRoot: root, Home: "/var/lib/neo4j", RunDir: "/run/neo4j-agent"})
	if err := l.create(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"data/dbms", "data/databases", "data/transactions", "logs", "metrics", ".neo4j-agent"} {
		if !exists(filepath.Join(root, name)) {
			t.Errorf("%s is missing", name)
		}
	}
	if left := l.missing(); len(left) != 0 {
		t.Errorf("still missing: %v", left)
	}
}

func TestAVolumeRemembersItsMemberAndThatItWasInACluster(t *testing.T) {
	v := volume(t.TempDir())
	if id, err := v.identify("task-1"); err != nil || id != "task-1" {
		t.Fatalf("identify gives %q (%v)", id, err)
	}
	if id, err := v.identify("task-2"); err != nil || id != "task-1" {
		t.Errorf("a replaced task is called %q (%v), want task-1 as the volume says", id, err)
	}
	if v.wasFormed() {
		t.Error("a new volume was in a cluster")
	}
	if err := v.noteFormed("movies"); err != nil || !v.wasFormed() {
		t.Errorf("the volume does not remember its cluster (%v)", err)
	}
	if id, err := volume(t.TempDir()).identify(""); err != nil || id == "" {
		t.Errorf("a member without any name is called %q (%v)", id, err)
	}
}

func TestAMemberIsCalledByItsVolumeThenTheUserThenItsTaskThenItsHost(t *testing.T) {
	task := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v4/x/task" {
			http.NotFound(w, r)
			return
		}
		_, _ = fmt.Fprint(w, `{"TaskARN":"arn:aws:ecs:us-west-2:111122223333:task/default/158d1c8083dd49d6b527399fd6414f5c"}`)
	}))
	defer task.Close()
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	for want, c := range map[string]struct{ kept, given, metadata string }{
		"kept":                             {"kept", "given", task.URL + "/v4/x"},
		"given":                            {"", "given", task.URL + "/v4/x"},
		"158d1c8083dd49d6b527399fd6414f5c": {"", "", task.URL + "/v4/x"},
		host:                               {"", "", ""},
	} {
		v := volume(t.TempDir())
		if c.kept != "" {
			if _, err := v.identify(c.kept); err != nil {
				t.Fatal(err)
			}
		}
		for _, dry := range []bool{true, false} {
			p := &preparation{settings: &settings.Settings{MemberID: c.given, ECSMetadataURI: c.metadata}, dry: dry}
			if id, err := p.identify(t.Context(), v); id != want || err != nil {
				t.Errorf("%+v: called %q (%v), want %q", c, id, err, want)
			}
			if known, _ := v.identity(); dry && known != c.kept {
				t.Errorf("%+v: a dry run wrote %q onto the volume", c, known)
			}
		}
	}
}

func TestOnlyLinesSinceTheStartCount(t *testing.T) {
	path := filepath.Join(t.TempDir(), "debug.log")
	write := func(text string) {
		file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err == nil {
			_, err = file.WriteString(text)
		}
		if err != nil {
			t.Fatal(err)
		}
		_ = file.Close()
	}
	write("old\n")
	size := sizeOf(path)
	if got := linesSince(path, size); got != nil {
		t.Errorf("got %q of an untouched log", got)
	}
	write("new 1\nnew 2\n")
	if got := linesSince(path, size); !slices.Equal(got, []string{"new 1", "new 2"}) {
		t.Errorf("got %q", got)
	}
	write(strings.Repeat("x", tailBytes) + "\nlast\n")
	if got := linesSince(path, size); !slices.Equal(got, []string{"last"}) {
		t.Errorf("got %d lines of a long log, want the whole last one", len(got))
	}
	if err := os.WriteFile(path, []byte("rotated\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := linesSince(path, size+100); !slices.Equal(got, []string{"rotated"}) {
		t.Errorf("got %q of a log that was replaced", got)
	}
}

func TestWhatCannotBeCuredIsTold(t *testing.T) {
	path := filepath.Join(t.TempDir(), "debug.log")
	s := &starter{}
	s.last.Store(&attempt{debugLog: path})
	for _, c := range []struct {
		name, log string
		exit      supervisor.Exit
		hopeless  bool
	}{
		{"nothing logged", "", supervisor.Exit{Code: 1}, true},
		{"nothing logged and killed", "", supervisor.Exit{Signal: 9}, false},
		{"the exit code of a bad configuration", "INFO x\n", supervisor.Exit{Code: 3}, true},
		{"another exit code", "", supervisor.Exit{Code: 2}, false},
		{"a line that is known", "Unknown store version 'vX'\n", supervisor.Exit{Code: 1}, true},
		{"an ordinary life", "INFO started\n", supervisor.Exit{Code: 1}, false},
	} {
		if err := os.WriteFile(path, []byte(c.log), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := s.hopeless(c.exit); (got != "") != c.hopeless {
			t.Errorf("%s: the reason is %q, want one: %v", c.name, got, c.hopeless)
		}
	}
}

func TestWhatPrepareSaysArrivesWhole(t *testing.T) {
	file, err := newMemoryFile("launch")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	if _, err := readLaunch(file); err == nil {
		t.Error("silence is taken for a launch")
	}
	for _, argv := range [][]string{{"a", "very", "long", "command"}, {"short"}} {
		if err := (launch{Argv: argv}).writeTo(file); err != nil {
			t.Fatal(err)
		}
		if got, err := readLaunch(file); err != nil || !slices.Equal(got.Argv, argv) {
			t.Errorf("got %v (%v), want %v", got.Argv, err, argv)
		}
	}
}

func TestWorkThatASignalEndedHasItsExitCode(t *testing.T) {
	for signal, want := range map[syscall.Signal]int{syscall.SIGINT: 130, syscall.SIGTERM: 143} {
		ctx, stop := notify.NotifyContext(t.Context(), signal)
		if err := syscall.Kill(os.Getpid(), signal); err != nil {
			t.Fatal(err)
		}
		<-ctx.Done()
		if err := interrupted(ctx, ctx.Err()); codeOf(err) != want {
			t.Errorf("%v: exit code %d, want %d", signal, codeOf(err), want)
		}
		stop()
	}
}
