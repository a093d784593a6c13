package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"neo4j-agent/agent/restore"
	"neo4j-agent/agent/settings"
	"neo4j-agent/agent/snapshot"
	"neo4j-agent/neo4jconf"
)

// restoringWith is a restore onto a volume of a version.
func restoringWith(t *testing.T, version string, edition neo4jconf.Edition) *restoring {
	t.Helper()
	v, err := neo4jconf.ParseVersion(version)
	if err != nil {
		t.Fatal(err)
	}
	dialect, err := neo4jconf.For(v, edition)
	if err != nil {
		t.Fatal(err)
	}
	intent, err := neo4jconf.Input{Dialect: dialect, HomeDir: "/neo4j", DataRoot: t.TempDir()}.Intent()
	if err != nil {
		t.Fatal(err)
	}
	p := &preparation{settings: &settings.Settings{Home: "/neo4j", Discovery: settings.DiscoveryNone}, neo4j: neo4jHome{dialect: dialect, intent: intent}}
	return &restoring{preparation: p, snapshot: "latest"}
}

func TestASnapshotThatThisNeo4jCannotHaveIsRefusedByName(t *testing.T) {
	const enterprise, community = neo4jconf.Enterprise, neo4jconf.Community
	store := func(name string) restore.Staged {
		return restore.Staged{Database: name, Form: snapshot.Store, Path: "/s/" + name}
	}
	dump := func(name string) restore.Staged {
		return restore.Staged{Database: name, Form: snapshot.Dump, Path: "/s/" + name + ".dump"}
	}
	taken := func(s restore.Staged, version string) restore.Staged { s.Neo4j = version; return s }
	for name, test := range map[string]struct {
		version string
		edition neo4jconf.Edition
		staged  []restore.Staged
		says    string // "" where it is taken
	}{
		"a store in 3.5":                    {"3.5.0", enterprise, []restore.Staged{store("graph.db")}, ""},
		"a store of another name in 3.5":    {"3.5.0", enterprise, []restore.Staged{store("nightly")}, ""},
		"two stores in 3.5":                 {"3.5.0", enterprise, []restore.Staged{store("graph.db"), store("other")}, "this Neo4j has one"},
		"several databases in 4.4":          {"4.4.48", enterprise, []restore.Staged{store("neo4j"), store("other"), store("system")}, ""},
		"a store in Community":              {"4.4.48", community, []restore.Staged{store("neo4j")}, "it needs Enterprise"},
		"a dump in Community":               {"5.26.30", community, []restore.Staged{dump("neo4j"), dump("system")}, ""},
		"a dump of another in Community":    {"5.26.30", community, []restore.Staged{dump("movies")}, "1 databases beside neo4j"},
		"a store of 4.4 in 5":               {"5.26.30", enterprise, []restore.Staged{taken(store("neo4j"), "4.4.48")}, "its own backups are in another form"},
		"a backup of a newer version":       {"4.4.48", enterprise, []restore.Staged{taken(store("neo4j"), "5.26.0")}, "which is older"},
		"a backup of the same, newer patch": {"4.4.1", enterprise, []restore.Staged{taken(store("neo4j"), "4.4.48")}, ""},
	} {
		err := restoringWith(t, test.version, test.edition).accept(test.staged)
		switch {
		case test.says == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case test.says != "" && (err == nil || !strings.Contains(err.Error(), test.says)):
			t.Errorf("%s: %v, want %q", name, err, test.says)
		}
	}
}

func TestAServerHasToFinishARestoreWhoseDatabasesItDoesNotKnow(t *testing.T) {
	staged := func(names ...string) (all []restore.Staged) {
		for _, name := range names {
			all = append(all, restore.Staged{Database: name})
		}
		return all
	}
	for name, test := range map[string]struct {
		version string
		staged  []restore.Staged
		want    bool
	}{
		"3.5 has one database":             {"3.5.0", staged("graph.db"), false},
		"the default one is found":         {"4.4.48", staged("neo4j"), false},
		"another one is not":               {"4.4.48", staged("neo4j", "people"), true},
		"unless system says so":            {"4.4.48", staged("neo4j", "people", "system"), false},
		"and so since 5":                   {"5.26.30", staged("people"), true},
		"where the restore left no script": {"2026.08.1", staged("neo4j"), false},
	} {
		if got := restoringWith(t, test.version, neo4jconf.Enterprise).needsServer(test.staged); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestAnUpgradeTakesOneStoreOfAnOlderGeneration(t *testing.T) {
	store := restore.Staged{Database: "graph.db", Form: snapshot.Store, Path: "/s/graph.db"}
	for says, test := range map[string]struct {
		version string
		bucket  string
		staged  []restore.Staged
	}{
		"":                                {"4.4.48", "backups", []restore.Staged{store}},
		"AWS_BACKUP_BUCKET is not set":    {"4.4.48", "", []restore.Staged{store}},
		"the store of one database":       {"4.4.48", "backups", []restore.Staged{{Database: "neo4j", Form: snapshot.Dump}}},
		"copying a store by its path is ": {"5.26.30", "backups", []restore.Staged{store}},
		"copy a store with Neo4j 3.5.0":   {"3.5.0", "backups", []restore.Staged{store}},
	} {
		w := restoringWith(t, test.version, neo4jconf.Enterprise)
		w.settings.BackupBucket = test.bucket
		if err := w.acceptUpgrade(test.staged); says == "" && err != nil || says != "" && (err == nil || !strings.Contains(err.Error(), says)) {
			t.Errorf("%v, want %q", err, says)
		}
	}
}

func TestWhatKeptTheToolFromItsWorkIsToldFromABadSnapshot(t *testing.T) {
	failed := neo4jconf.Outcome{Verdict: neo4jconf.Failed, Text: "it failed"}
	trace := append([]string{"java.io.IOException: No space left on device"}, make([]string, 50)...)
	for name, test := range map[string]struct {
		err   error
		kind  restore.Kind
		known bool
	}{
		"it refuses the dump":                {&adminError{failed, []string{"Not a valid Neo4j archive"}}, restore.Corrupt, true},
		"the disk is full":                   {&adminError{failed, trace}, restore.NoSpace, true},
		"a quota":                            {&adminError{failed, []string{"write: Disk quota exceeded"}}, restore.NoSpace, true},
		"the disk is broken":                 {&adminError{failed, []string{"Input/output error"}}, restore.DiskError, true},
		"no permission":                      {&adminError{failed, []string{"java.nio.file.AccessDeniedException: /x"}}, restore.Denied, true},
		"Java has too little memory":         {&adminError{failed, []string{"java.lang.OutOfMemoryError: Java heap space"}}, restore.Corrupt, false},
		"it does not understand":             {&adminError{neo4jconf.Outcome{Verdict: neo4jconf.Misused}, nil}, 0, false},
		"it was killed, or told to stop":     {context.Canceled, 0, false},
		"a cause that is wrapped once again": {fmt.Errorf("database neo4j: %w", &adminError{failed, []string{"bad"}}), restore.Corrupt, true},
	} {
		if kind, known := blame(test.err); kind != test.kind || known != test.known {
			t.Errorf("%s: %v %v", name, kind, known)
		}
	}
}

func TestAToolThatSaysThatAllIsWellAndMakesNoStoreIsNotBelieved(t *testing.T) {
	w := restoringWith(t, "4.4.48", neo4jconf.Community)
	w.prepared.DataDir = t.TempDir()
	if err := os.MkdirAll(w.elsewhere().Store("neo4j"), 0o750); err != nil {
		t.Fatal(err)
	}
	if moves, err := w.built("neo4j"); err == nil || !strings.Contains(err.Error(), "holds nothing") {
		t.Errorf("%v %v", moves, err)
	}
	logs := w.elsewhere().Stores([]string{"neo4j"})[1]
	for _, file := range []string{filepath.Join(w.elsewhere().Store("neo4j"), "neostore"), filepath.Join(w.elsewhere().MetadataScript("neo4j")), filepath.Join(logs, "log")} {
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o750), os.WriteFile(file, nil, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	moves, err := w.built("neo4j") // whose script goes with its folder
	if err != nil || len(moves) != 2 || moves[0].To != w.config().Store("neo4j") || moves[1].From != logs {
		t.Errorf("%v %v", moves, err)
	}
}

func TestAPointInTimeIsRefusedWhereNothingLeavesAnythingOut(t *testing.T) {
	artifact := restore.Staged{Database: "neo4j", Form: snapshot.Artifact, Path: "/s/neo4j.backup"}
	for name, test := range map[string]struct {
		accept func(*restoring) error
		says   string // "" where it is taken
	}{
		"a server alone": {func(w *restoring) error { return w.accept([]restore.Staged{artifact}) }, ""},
		"a cluster that is seeded": {func(w *restoring) error {
			w.settings.Discovery = settings.DiscoveryStatic
			return w.accept([]restore.Staged{artifact})
		}, "a new cluster fetches it as it is"},
		"an upgrade": {func(w *restoring) error {
			return w.acceptUpgrade([]restore.Staged{{Database: "graph.db", Form: snapshot.Store, Path: "/s/graph.db"}})
		}, "holds one state only"},
	} {
		w := restoringWith(t, "5.26.30", neo4jconf.Enterprise)
		w.until = "2026-11-20 04:00:00"
		if err := test.accept(w); test.says == "" && err != nil || test.says != "" && (err == nil || !strings.Contains(err.Error(), test.says)) {
			t.Errorf("%s: %v, want %q", name, err, test.says)
		}
	}
}

func TestAClusterThatIsSeededTakesWhatTheRestoreFindsForIt(t *testing.T) {
	for name, form := range map[string]snapshot.Form{"neo4j-2026-11-20T04-00-00.backup": snapshot.Artifact, "neo4j.dump": snapshot.Dump} {
		w := restoringWith(t, "5.26.30", neo4jconf.Enterprise)
		w.settings.Discovery = settings.DiscoveryStatic
		seed := restore.Staged{Database: "neo4j", Form: form, Path: "s3://backups/" + name, Neo4j: "5.26.30"}
		if err := w.accept([]restore.Staged{seed}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
