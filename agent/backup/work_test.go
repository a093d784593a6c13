package backup

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"neo4j-agent/agent/snapshot"
)

func TestADifferentialBackupNeedsALastOneThatCanBeTrusted(t *testing.T) {
	good := state{Condition: taken, Neo4j: "4.4.48"}
	for want, c := range map[string]struct {
		last  state
		asked bool
	}{
		"":                                        {last: good},
		"a full one was asked for":                {last: good, asked: true},
		"the backup folder is empty":              {last: state{}},
		"the last one was not finished":           {last: state{Condition: taking, Neo4j: "4.4.48"}},
		"the last one did not pass its check":     {last: state{Condition: inconsistent, Neo4j: "4.4.48"}},
		"the state of the last one is not known":  {last: state{Condition: "newer", Neo4j: "4.4.48"}},
		"the last one was taken with Neo4j 4.3.1": {last: state{Condition: taken, Neo4j: "4.3.1"}},
		"the last full one has 23 after it":       {last: state{Condition: taken, Neo4j: "4.4.48", artifacts: 24}},
	} {
		if got := fullBecause(c.last, c.asked, "4.4.48"); got != want {
			t.Errorf("want %q, got %q", want, got)
		}
	}
}

func TestWhatAKilledRunLeftCountsAsUnfinished(t *testing.T) {
	for name, spoil := range map[string]func(d database) error{
		"the files without the state": func(d database) error { return os.Remove(d.stateFile) },
		"the state without the files": func(d database) error { return os.RemoveAll(d.files) },
		"half a state":                func(d database) error { return os.WriteFile(d.stateFile, []byte(`{"cond`), 0o600) },
		"a state of taking":           func(d database) error { return d.note(state{Condition: taking, Neo4j: "4.4.48"}) },
	} {
		w, err := openWorkspace(t.TempDir(), "prod")
		if err != nil {
			t.Fatal(err)
		}
		d := w.database("neo4j")
		for _, err := range []error{d.empty(), os.WriteFile(filepath.Join(d.files, "a.backup"), nil, 0o600), d.note(state{Condition: taken, Neo4j: "4.4.48"})} {
			if err != nil {
				t.Fatal(err)
			}
		}
		if why := fullBecause(d.state(), false, "4.4.48"); why != "" {
			t.Fatalf("before: %s", why)
		}
		if err := spoil(d); err != nil {
			t.Fatal(err)
		}
		if why := fullBecause(d.state(), false, "4.4.48"); why != "the last one was not finished" {
			t.Errorf("%s: %q", name, why)
		}
	}
}

func TestTwoBackupsNeverShareAFolder(t *testing.T) {
	now := time.Date(2026, 11, 20, 23, 59, 59, 5, time.UTC)
	second := now.Truncate(time.Second)
	known := []snapshot.Backup{{Time: second}, {Time: second.Add(time.Second), Kind: snapshot.Daily, Verified: true}}
	at, kind := place(known, now)
	if want := second.Add(2 * time.Second); !at.Equal(want) || kind != snapshot.Hourly {
		t.Errorf("want %v, got %v %s", want, at, kind)
	}
	earlier := []snapshot.Backup{
		{Kind: snapshot.Daily, Time: second.Add(-time.Hour)},                                // not verified
		{Kind: snapshot.Hourly, Time: second.Add(-2 * time.Hour), Verified: true},           // not daily
		{Kind: snapshot.Daily, Time: second.Add(-3 * time.Hour), Verified: true, Old: true}, // of the system replaced
		{Kind: snapshot.Daily, Time: second.Add(-24 * time.Hour), Verified: true},           // yesterday
	}
	if at, kind := place(earlier, now); !at.Equal(second) || kind != snapshot.Daily {
		t.Errorf("got %v %s", at, kind)
	}
}

func TestAFolderKeepsItsName(t *testing.T) {
	dir := t.TempDir()
	var names []string
	for range 2 {
		w, err := openWorkspace(dir, "prod")
		if err != nil {
			t.Fatal(err)
		}
		name, err := w.name()
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	if diff := cmp.Diff(names[0], names[1]); diff != "" {
		t.Error(diff)
	}
}
