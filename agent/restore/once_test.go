package restore

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"neo4j-agent/agent/snapshot"
)

func TestWithoutASnapshotNothingIsDone(t *testing.T) {
	v := newVolume(t)
	if result := v.mustRestore(v.options("", nil)); result.Outcome != Nothing || len(files(t, v.root)) != 0 {
		t.Errorf("%+v %v", result, files(t, v.root))
	}
}

func TestAVolumeIsRestoredOnce(t *testing.T) {
	bucket, api := newFakeS3(t)
	bucket.putBackup(snapshot.Hourly, taken, map[string]map[string][]byte{"graph.db": store(1)})
	v := newVolume(t)
	v.mustRestore(v.options("latest", api))
	bucket.putBackup(snapshot.Hourly, taken.Add(time.Hour), map[string]map[string][]byte{"graph.db": store(2)})
	before := bucket.requests
	for _, spec := range []string{"latest", "latest/hourly", "backups/hourly/neo4j/2026-11-20T05-00-00Z"} {
		if result := v.mustRestore(v.options(spec, api)); result.Outcome != Already {
			t.Errorf("%s: %+v", spec, result)
		}
	}
	v.holds("graph.db", store(1))
	if bucket.requests != before {
		t.Error("S3 was asked although nothing was to be done")
	}
}

func TestEachNewBackupIsRestoredWhenTheUserSaysSo(t *testing.T) {
	bucket, api := newFakeS3(t)
	bucket.putBackup(snapshot.Hourly, taken, map[string]map[string][]byte{"graph.db": store(1)})
	v := newVolume(t)
	options := v.options("latest", api)
	options.EachNew = true
	v.mustRestore(options)
	if result := v.mustRestore(options); result.Outcome != Already {
		t.Errorf("the same backup again: %+v", result)
	}
	bucket.putBackup(snapshot.Hourly, taken.Add(time.Hour), map[string]map[string][]byte{"graph.db": store(2)})
	v.mustRestore(options)
	v.holds("graph.db", store(2))
	if len(v.markerFiles()) != 2 {
		t.Errorf("markers %v", v.markerFiles())
	}
}

func TestAnEmptyMarkerOfTheSystemReplacedCounts(t *testing.T) {
	for _, marker := range []string{"latest.done", "neo4j-backup-1.zip.done"} {
		v := newVolume(t)
		v.write(map[string]string{"restored_backups/" + marker: "", "data/databases/graph.db/neostore": "in use"})
		if result := v.mustRestore(v.options("backups/neo4j-backup-1.zip", nil)); result.Outcome != Already {
			t.Errorf("%s: %+v", marker, result)
		}
	}
}

func TestAnOldMarkerStandsForItsFileAlsoWhereEachNewOneIsRestored(t *testing.T) {
	bucket, api := newFakeS3(t)
	bucket.put("hourly/neo4j-backup-1700000000.zip", zipOf(store(1), "neo4j-backup/"))
	bucket.put("hourly/neo4j-backup-1700003600.zip", zipOf(store(2), "neo4j-backup/"))
	v := newVolume(t)
	v.write(map[string]string{"restored_backups/neo4j-backup-1700000000.zip.done": "", "data/databases/graph.db/neostore": "old"})
	options := v.options("backups/hourly/neo4j-backup-1700000000.zip", api)
	options.EachNew = true
	if result := v.mustRestore(options); result.Outcome != Already {
		t.Errorf("%+v", result)
	}
	options.Snapshot = "latest"
	if result := v.mustRestore(options); result.Outcome != Restored || result.Name != "neo4j-backup-1700003600.zip" {
		t.Errorf("%+v", result)
	}
	v.holds("graph.db", store(2))
	if result := v.mustRestore(options); result.Outcome != Already {
		t.Errorf("%+v", result)
	}
}

func TestARestoreOfEachNewBackupThatIsBrokenOffBeginsAgain(t *testing.T) {
	bucket, api := newFakeS3(t)
	bucket.putBackup(snapshot.Hourly, taken, map[string]map[string][]byte{"graph.db": store(1)})
	v := newVolume(t)
	options := v.options("latest", api)
	options.EachNew = true
	v.mustRestore(options)
	bucket.putBackup(snapshot.Hourly, taken.Add(time.Hour), map[string]map[string][]byte{"graph.db": store(2)})
	broken := options
	broken.Unbind = func(context.Context) error { return errBoom }
	if _, err := v.restore(broken); err == nil {
		t.Fatal("no error")
	}
	options.EachNew = false // also when the word is taken back: the old store is gone
	v.mustRestore(options)
	v.holds("graph.db", store(2))
	if want := []string{"neo4j-hourly-2026-11-20T04-00-00Z.done", "neo4j-hourly-2026-11-20T05-00-00Z.done"}; !slices.Equal(v.markerFiles(), want) {
		t.Errorf("markers %v", v.markerFiles())
	}
}

func TestAStoreOfUnknownOriginIsNotTouchedWithoutAnExplicitWord(t *testing.T) {
	bucket, api := newFakeS3(t)
	bucket.put("a.zip", zipOf(store(1), "neo4j-backup/"))
	for _, eachNew := range []bool{false, true} {
		v := newVolume(t)
		v.write(map[string]string{"data/databases/graph.db/neostore": "precious", "data/databases/store_lock": ""})
		options := v.options("backups/a.zip", api)
		options.EachNew = eachNew
		v.refuses(options, Refused, "to keep it, unset SNAPSHOT_PATH or create "+filepath.Join(v.markers(), "a.zip.done"))
		v.holds("graph.db", map[string][]byte{"neostore": []byte("precious")})
		options.Overwrite = true
		v.mustRestore(options)
		v.holds("graph.db", store(1))
		v.mustRestore(options) // the word holds for the same snapshot again
	}
}

func TestLocksAndEmptyFoldersAreNoStore(t *testing.T) {
	bucket, api := newFakeS3(t)
	bucket.put("a.zip", zipOf(store(1), "neo4j-backup/"))
	v := newVolume(t)
	v.write(map[string]string{"data/databases/store_lock": ""})
	if err := os.MkdirAll(filepath.Join(v.databases(), "graph.db"), 0o755); err != nil {
		t.Fatal(err)
	}
	v.mustRestore(v.options("backups/a.zip", api))
	v.holds("graph.db", store(1))
}

func TestOverwritingOneDatabaseLeavesTheOthers(t *testing.T) {
	bucket, api := newFakeS3(t)
	bucket.putBackup(snapshot.Hourly, taken, map[string]map[string][]byte{"people": store(1)})
	v := newVolume(t)
	v.write(map[string]string{"data/databases/people/neostore.old": "x", "data/databases/neo4j/neostore": "other"})
	options := v.options("latest", api)
	options.Overwrite = true
	v.mustRestore(options)
	v.holds("people", store(1))
	v.holds("neo4j", map[string][]byte{"neostore": []byte("other")})
}

func TestARestoreBrokenOffIsNotForgottenWhenTheSettingIs(t *testing.T) {
	v := newVolume(t)
	v.write(map[string]string{"restored_backups/a.zip.restoring": `{"name":"a.zip"}`})
	v.refuses(v.options("", nil), Refused, "the restore of a.zip was broken off")
}

func TestARestoreBrokenOffGoesOnWithTheSnapshotItHadBegun(t *testing.T) {
	bucket, api := newFakeS3(t)
	bucket.putBackup(snapshot.Hourly, taken, map[string]map[string][]byte{"graph.db": store(1)})
	v := newVolume(t)
	options := v.options("latest", api)
	options.Unbind = func(context.Context) error { return errBoom }
	if _, err := v.restore(options); err == nil {
		t.Fatal("no error")
	}
	if want := []string{"neo4j-hourly-2026-11-20T04-00-00Z.restoring"}; !slices.Equal(v.markerFiles(), want) {
		t.Fatalf("markers %v", v.markerFiles())
	}
	bucket.putBackup(snapshot.Hourly, taken.Add(time.Hour), map[string]map[string][]byte{"graph.db": store(2)})
	v.mustRestore(v.options("latest", api))
	v.holds("graph.db", store(1))
}

func TestARestoreBrokenOffMayBeReplacedByAnother(t *testing.T) {
	bucket, api := newFakeS3(t)
	bucket.putBackup(snapshot.Hourly, taken, map[string]map[string][]byte{"people": store(1)})
	for _, record := range []string{"", `{"store":["%s"]}`} {
		v := newVolume(t)
		v.write(map[string]string{
			"restored_backups/gone.zip.restoring": strings.ReplaceAll(record, "%s", filepath.Join(v.databases(), "graph.db")),
			"data/databases/graph.db/neostore":    "half",
		})
		v.mustRestore(v.options("latest", api))
		v.holds("people", store(1))
		v.holds("graph.db", nil)
	}
}

func TestARestoreByHandTakesPlaceNowButNotOverData(t *testing.T) {
	bucket, api := newFakeS3(t)
	bucket.put("a.zip", zipOf(store(1), "neo4j-backup/"))
	bucket.put("b.zip", zipOf(store(2), "neo4j-backup/"))
	v := newVolume(t)
	options := v.options("backups/a.zip", api)
	options.Now = true
	v.mustRestore(options)
	options.Snapshot = "backups/b.zip"
	v.refuses(options, Refused, "to replace it, say --overwrite")
	v.holds("graph.db", store(1))
	options.Overwrite = true
	v.mustRestore(options)
	v.holds("graph.db", store(2))
	if err := os.RemoveAll(v.databases()); err != nil {
		t.Fatal(err)
	}
	options.Overwrite = false // nothing is there, whatever the markers say
	v.mustRestore(options)
	v.holds("graph.db", store(2))
}

func TestTheSecondHalfIsRememberedUntilItIsDone(t *testing.T) {
	bucket, api := newFakeS3(t)
	m := bucket.putBackup(snapshot.Hourly, taken, map[string]map[string][]byte{"people": store(1), "neo4j": store(2)})
	v := newVolume(t)
	options := v.options("latest", api)
	options.SecondHalf = func([]Staged) bool { return true }
	v.mustRestore(options)
	half, err := HalfDone(v.markers())
	if err != nil || len(half) != 1 || half[0].Name != m.Name() || !slices.Equal(half[0].Databases, []string{"neo4j", "people"}) {
		t.Errorf("%v %v", half, err)
	}
	if result := v.mustRestore(options); result.Outcome != Already {
		t.Errorf("restored again before the second half was done: %+v", result)
	}
	for range 2 {
		if err := Finish(v.markers(), m.Name()); err != nil {
			t.Fatal(err)
		}
	}
	if half, err := HalfDone(v.markers()); err != nil || len(half) != 0 {
		t.Errorf("%v %v", half, err)
	}
}

var errBoom = errors.New("boom")

func TestWhatCannotBeMadeAStoreLeavesTheOldOneWhole(t *testing.T) {
	bucket, api := newFakeS3(t)
	bucket.put("a.dump", zstdOf([]byte("a dump as far as one can see")))
	v := newVolume(t)
	v.write(map[string]string{"data/databases/graph.db/neostore": "old", "restored_backups/before.done": ""})
	options := v.options("backups/a.dump", api)
	options.Overwrite = true
	options.Build = func(context.Context, []Staged) ([]Move, error) {
		return nil, Fail(Corrupt, "load a.dump: the tool refuses it")
	}
	v.refuses(options, Corrupt, "the tool refuses it")
	v.holds("graph.db", map[string][]byte{"neostore": []byte("old")})
	if want := []string{"before.done"}; !slices.Equal(v.markerFiles(), want) {
		t.Errorf("markers %v", v.markerFiles())
	}
	v.isTidy()
}

func TestWhatWasThereBeforeASeedIsNotedOnce(t *testing.T) {
	bucket, api := newFakeS3(t)
	bucket.put("neo4j-2026-11-20T04-00-00.backup", []byte("BZV1"))
	v := newVolume(t)
	options := v.options("backups/neo4j-2026-11-20T04-00-00.backup", api)
	options.Seed = true
	name := v.mustRestore(options).Name
	for _, id := range []string{"first", "second"} {
		if err := NoteBefore(v.markers(), name, "neo4j", id); err != nil {
			t.Fatal(err)
		}
	}
	half, err := HalfDone(v.markers())
	if err != nil || len(half) != 1 || half[0].Before["neo4j"] != "first" || half[0].Marker != filepath.Join(v.markers(), v.markerFiles()[0]) {
		t.Errorf("%+v %v", half, err)
	}
	if err := os.WriteFile(half[0].Marker, nil, 0o600); err != nil { // the word to keep what is there
		t.Fatal(err)
	}
	if half, err := HalfDone(v.markers()); err != nil || len(half) != 0 {
		t.Errorf("%+v %v", half, err)
	}
}
