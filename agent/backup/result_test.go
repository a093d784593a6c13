package backup

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"neo4j-agent/agent/snapshot"
)

var update = flag.Bool("update", false, "write the golden files")

// golden holds text against a file of testdata.
func golden(t *testing.T, name string, text []byte) {
	t.Helper()
	path := "testdata/" + name
	if *update {
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(text)); diff != "" {
		t.Error(diff)
	}
}

var four = time.Date(2026, 11, 20, 4, 0, 0, 0, time.UTC)

func TestTheLastLinesSayHowTheRunEnded(t *testing.T) {
	done := Result{
		Outcome: Done, Cluster: "prod", Backup: "s3://bucket/daily/prod/2026-11-20T04-00-00Z/", Kind: snapshot.Daily, Time: four,
		Neo4j: "4.4.48", Type: "full", Why: "the backup folder is empty", Databases: []string{"neo4j"}, Sources: []string{"replica:6362"},
		Bytes: 1234567, Verified: "consistency check", Seconds: 61.5, newest: four, ended: four.Add(61500 * time.Millisecond),
	}
	failed := Result{Cluster: "prod", Databases: []string{"neo4j"}, newest: four.Add(-time.Hour)}
	failed.end(time.Now(), errors.New("cannot upload"))
	failed.Seconds, failed.ended = 3, four.Add(3*time.Second)
	never := failed
	never.newest = time.Time{}
	var text []byte
	for _, r := range []Result{done, failed, never} {
		line, err := r.JSON()
		metrics, metricsErr := r.Metrics()
		if err := errors.Join(err, metricsErr); err != nil {
			t.Fatal(err)
		}
		text = append(append(append(append(text, line...), '\n'), metrics...), '\n')
	}
	golden(t, "last-lines.txt", text)
}

func TestARunThatLeftSaysNothingAboutSuccess(t *testing.T) {
	var r Result
	r.end(time.Now(), &BusyError{Where: "the lock"})
	if line, err := r.Metrics(); r.Outcome != Busy || line != nil || err != nil {
		t.Errorf("%s: %s, %v", r.Outcome, line, err)
	}
}

func TestTheListIsForPeopleAndForPrograms(t *testing.T) {
	entries := []Entry{
		{Time: four, Kind: snapshot.Hourly, State: Unfinished, Bytes: 999, Backup: "s3://bucket/hourly/prod/2026-11-20T04-00-00Z/"},
		{Time: four.Add(-time.Hour), Kind: snapshot.Daily, State: IsVerified, Bytes: 1_234_567_890, Type: "differential", Neo4j: "5.26.30",
			Databases: []string{"neo4j", "system"}, Verified: "consistency check", Backup: "s3://bucket/daily/prod/2026-11-20T03-00-00Z/"},
	}
	var text bytes.Buffer
	if err := errors.Join(WriteTable(&text, entries), WriteJSON(&text, entries)); err != nil {
		t.Fatal(err)
	}
	golden(t, "list.txt", text.Bytes())
}

func TestTheListTellsWhatABackupIsWorth(t *testing.T) {
	f, client := newFakeS3(t)
	o := options(t, client, &fakeTool{})
	mustRun(t, o)
	hourly := "pre/hourly/prod/2020-01-01T00-00-0"
	f.put(hourly+"0Z/neo4j.tar.zst", []byte("half"), "")
	f.put(hourly+"1Z/neo4j.tar.zst", []byte("whole"), "")
	f.put(hourly+"1Z/"+snapshot.Verified, []byte("{}"), "")
	f.put(hourly+"2Z/neo4j.tar.zst", []byte("whole"), "")
	f.put(hourly+"2Z/"+snapshot.Verified, []byte(`{"format":2}`), "")
	f.put("daily/neo4j-backup-1500000000.zip", []byte("old"), "")
	entries, err := Inventory(t.Context(), client, "bucket", o.Layout)
	if err != nil {
		t.Fatal(err)
	}
	var got []State
	for _, e := range entries {
		got = append(got, e.State)
	}
	if diff := cmp.Diff([]State{IsVerified, Unreadable, Unreadable, Unfinished, IsVerified}, got); diff != "" {
		t.Errorf("%s\n%+v", diff, entries)
	}
}
