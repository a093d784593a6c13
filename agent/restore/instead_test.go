package restore

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"neo4j-agent/agent/snapshot"
)

func TestAKillRightBeforeTheMarkerLeavesTheOtherDatabases(t *testing.T) {
	bucket, api := newFakeS3(t)
	bucket.putBackup(snapshot.Hourly, taken, map[string]map[string][]byte{"people": store(1)})
	v := newVolume(t)
	v.write(map[string]string{"data/databases/graph.db/neostore": "whole"})
	options := v.options("latest", api)
	options.Overwrite = true
	v.mustRestore(options)
	done := filepath.Join(v.markers(), v.markerFiles()[0])
	if err := os.Rename(done, strings.TrimSuffix(done, doneSuffix)+restoringSuffix); err != nil { // as it was a moment before
		t.Fatal(err)
	}
	v.mustRestore(v.options("latest", api))
	v.holds("people", store(1))
	v.holds("graph.db", map[string][]byte{"neostore": []byte("whole")})
}

func TestARestoreBrokenOffIsNotReplacedByAnOlderOneNorOverWhatItDidNotTouch(t *testing.T) {
	bucket, api := newFakeS3(t)
	bucket.put("seed.zip", zipOf(store(1), "neo4j-backup/"))
	bucket.putBackup(snapshot.Hourly, taken, map[string]map[string][]byte{"graph.db": store(2), "people": store(3)})
	for name, c := range map[string]struct{ asked, want string }{
		"one that was restored before":         {"backups/seed.zip", "is older: it was restored before"},
		"one with a database that is not half": {"latest", "did not touch"},
	} {
		t.Run(name, func(t *testing.T) {
			v := newVolume(t)
			v.write(map[string]string{
				"restored_backups/seed.zip.done":       "",
				"restored_backups/later.zip.restoring": `{"asked":"backups/later.zip","store":["` + filepath.Join(v.databases(), "graph.db") + `"]}`,
				"data/databases/graph.db/neostore":     "half",
				"data/databases/people/neostore":       "whole",
			})
			v.refuses(v.options(c.asked, api), Refused, c.want)
			v.holds("people", map[string][]byte{"neostore": []byte("whole")})
			options := v.options(c.asked, api)
			options.Overwrite = true
			v.mustRestore(options)
		})
	}
}

func TestASnapshotThatAMemberLeftAloneIsNotRestoredLater(t *testing.T) {
	bucket, api := newFakeS3(t)
	bucket.put("a.zip", zipOf(store(1), "neo4j-backup/"))
	bucket.putBackup(snapshot.Hourly, taken, map[string]map[string][]byte{"graph.db": store(1)})
	for _, asked := range []string{"backups/a.zip", "latest"} {
		v := newVolume(t)
		options := v.options(asked, api)
		options.EachNew = true
		options.Unless = func(context.Context) (string, error) { return "a cluster runs", nil }
		if result := v.mustRestore(options); result.Outcome != Skipped {
			t.Errorf("%+v", result)
		}
		v.write(map[string]string{"data/databases/graph.db/neostore": "of the cluster, newer"})
		options.Unless = nil // all members start anew
		if result := v.mustRestore(options); result.Outcome != Already {
			t.Errorf("%s: %+v", asked, result)
		}
	}
}

func TestAMemberThatWasStoppedBeforeItCopiedTheStoreRestores(t *testing.T) {
	bucket, api := newFakeS3(t)
	bucket.put("a.zip", zipOf(store(1), "neo4j-backup/"))
	v := newVolume(t)
	options := v.options("backups/a.zip", api)
	options.Unless = func(context.Context) (string, error) { return "a cluster runs", nil }
	v.mustRestore(options)
	options.Unless = nil // which is gone
	v.mustRestore(options)
	v.holds("graph.db", store(1))
}

func TestMembersAgreeAnewWhenTheirBackupIsGone(t *testing.T) {
	bucket, api := newFakeS3(t)
	bucket.putBackup(snapshot.Hourly, taken.Add(time.Hour), map[string]map[string][]byte{"graph.db": store(2)})
	bucket.putPin(7, "neo4j", time.Now().Add(pinLife/4)) // on one that is not there
	for range 2 {
		v := newVolume(t)
		v.mustRestore(v.pinned(api))
		v.holds("graph.db", store(2))
	}
	if pins := bucket.keys("pins/"); len(pins) != 2 {
		t.Errorf("pins %v", pins)
	}
}

func TestAClusterThatHasDataIsNotSeeded(t *testing.T) {
	bucket, api := newFakeS3(t)
	bucket.put("neo4j-2026-11-20T04-00-00.backup", []byte("BZV1"))
	v := newVolume(t)
	v.write(map[string]string{"data/databases/neo4j/neostore": "whole"})
	options := v.options("backups/neo4j-2026-11-20T04-00-00.backup", api)
	options.Seed, options.Overwrite = true, true
	v.refuses(options, Refused, "a cluster is seeded when it is new")
}

func TestARecordNamesTheDatabaseAsItIsCalledHere(t *testing.T) {
	bucket, api := newFakeS3(t)
	bucket.putBackup(snapshot.Hourly, taken, map[string]map[string][]byte{"graph.db": store(1)})
	v := newVolume(t)
	options := v.options("latest", api)
	options.Target = func(Staged) string { return "neo4j" }
	build := options.Build
	options.Build = func(ctx context.Context, staged []Staged) ([]Move, error) {
		staged[0].Database = "neo4j"
		return build(ctx, staged)
	}
	options.Unbind = func(context.Context) error {
		v.write(map[string]string{"data/databases/neo4j/neostore": "half"})
		return context.Canceled
	}
	if _, err := v.restore(options); err == nil {
		t.Fatal("it was not broken off")
	}
	options.Unbind = nil
	if result := v.mustRestore(options); result.Databases[0] != "neo4j" {
		t.Errorf("%+v", result)
	}
	v.holds("neo4j", store(1))
}
