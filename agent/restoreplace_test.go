package main

import (
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
	p := &preparation{settings: &settings.Settings{Home: "/neo4j"}, neo4j: neo4jHome{dialect: dialect, intent: intent}}
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
