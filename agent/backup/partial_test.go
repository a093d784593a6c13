package backup

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"neo4j-agent/agent/snapshot"
)

func TestAPartialBackupNeverPassesForOneOfAllDatabases(t *testing.T) {
	f, client := newFakeS3(t)
	o := options(t, client, &fakeTool{})
	o.Partial, o.Missing, o.Stopped = true, []string{"system"}, []string{"old"}
	partial := mustRun(t, o)
	if partial.Kind != snapshot.Hourly || !partial.Partial || !partial.newest.IsZero() {
		t.Errorf("%+v", partial)
	}
	m := manifestIn(t, f, partial, snapshot.Partial)
	if !m.Partial || m.Verification == nil || !cmp.Equal(m.Missing, o.Missing) || !cmp.Equal(m.Stopped, o.Stopped) {
		t.Errorf("%+v", m)
	}
	want := []string{"manifest.partial.json", "neo4j.tar.zst"}
	if diff := cmp.Diff(want, under(f.keys(), strings.TrimPrefix(partial.Backup, "s3://bucket/"))); diff != "" {
		t.Error(diff)
	}
	metrics, err := partial.Metrics()
	var line map[string]any
	if err != nil || json.Unmarshal(metrics, &line) != nil || line["BackupAge"] != nil {
		t.Errorf("%v: %s", err, metrics)
	}
	o.Partial, o.Missing = false, nil
	if whole := mustRun(t, o); whole.Kind != snapshot.Daily {
		t.Errorf("the partial one took the place of the day: %+v", whole)
	}
}

func TestTheListSaysWhichBackupsArePartial(t *testing.T) {
	_, client := newFakeS3(t)
	o := options(t, client, &fakeTool{})
	mustRun(t, o)
	o.Partial, o.Missing = true, []string{"system"}
	mustRun(t, o)
	entries, err := Inventory(t.Context(), client, "bucket", o.Layout)
	if err != nil || len(entries) != 2 {
		t.Fatalf("%v, %+v", err, entries)
	}
	if e := entries[0]; e.State != IsPartial || !cmp.Equal(e.Missing, o.Missing) || e.Verified == "" || entries[1].State != IsVerified {
		t.Errorf("%+v", entries)
	}
}
