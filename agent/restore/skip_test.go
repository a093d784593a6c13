package restore

import (
	"context"
	"slices"
	"testing"

	"neo4j-agent/agent/snapshot"
)

// running is a reason that comes once the question has been asked so often.
func running(from int) func(context.Context) (string, error) {
	asked := 0
	return func(context.Context) (string, error) {
		if asked++; asked >= from {
			return "a cluster runs", nil
		}
		return "", nil
	}
}

func TestAMemberThatCanJoinARunningClusterRestoresNothingNowOrLater(t *testing.T) {
	bucket, api := newFakeS3(t)
	bucket.putBackup(snapshot.Hourly, taken, map[string]map[string][]byte{"graph.db": store(1)})
	for name, from := range map[string]int{"before anything is fetched": 1, "while it was fetched": 2} {
		t.Run(name, func(t *testing.T) {
			v := newVolume(t)
			options := v.options("latest", api)
			options.Unless = running(from)
			if result := v.mustRestore(options); result.Outcome != Skipped {
				t.Fatalf("%+v", result)
			}
			v.isTidy()
			v.holds("graph.db", nil)
			v.write(map[string]string{"data/databases/graph.db/neostore": "copied from the cluster"})
			options.Unless = nil // the cluster is away
			if result := v.mustRestore(options); result.Outcome != Already {
				t.Errorf("the next start: %+v", result)
			}
			v.holds("graph.db", map[string][]byte{"neostore": []byte("copied from the cluster")})
		})
	}
}

func TestAMemberThatTakesNoSnapshotClearsWhatABrokenRestoreLeft(t *testing.T) {
	for name, set := range map[string]func(*Options){
		"a read replica":         func(o *Options) { o.Skip = "it is a read replica" },
		"of a running cluster":   func(o *Options) { o.Unless = running(1) },
		"without a snapshot now": func(o *Options) { o.Skip, o.Snapshot = "it is a read replica", "" },
	} {
		t.Run(name, func(t *testing.T) {
			v := newVolume(t)
			v.write(map[string]string{
				"restored_backups/old.zip.restoring": "{}", "data/databases/graph.db/neostore": "half", ".neo4j-agent/restore/x": "half",
			})
			options := v.options("latest", nil)
			set(&options)
			if result := v.mustRestore(options); result.Outcome != Skipped {
				t.Fatalf("%+v", result)
			}
			v.isTidy()
			v.holds("graph.db", nil)
		})
	}
}

func TestAReadReplicaSaysNothingWhereNothingIsAsked(t *testing.T) {
	v := newVolume(t)
	options := v.options("", nil)
	options.Skip = "it is a read replica"
	if result := v.mustRestore(options); result.Outcome != Nothing || len(files(t, v.root)) != 0 {
		t.Errorf("%+v %v", result, files(t, v.root))
	}
}

func TestADryRunChangesNothing(t *testing.T) {
	bucket, api := newFakeS3(t)
	m := bucket.putBackup(snapshot.Hourly, taken, map[string]map[string][]byte{"graph.db": store(1)})
	v := newVolume(t)
	v.write(map[string]string{".neo4j-agent/restore/x": "half"})
	options := v.options("latest", api)
	options.Dry, options.Pinned = true, true
	if result := v.mustRestore(options); result.Outcome != Would || result.Name != m.Name() || len(files(t, v.root)) != 1 {
		t.Errorf("%+v %v", result, files(t, v.root))
	}
	if pins := bucket.keys("pins/"); len(pins) != 0 {
		t.Errorf("pins %v", pins)
	}
}

func TestWhatCannotBePutInPlaceIsRefusedWhileTheOldStoreIsWhole(t *testing.T) {
	bucket, api := newFakeS3(t)
	bucket.putBackup(snapshot.Hourly, taken, map[string]map[string][]byte{"graph.db": store(1)})
	v := newVolume(t)
	v.write(map[string]string{"data/databases/graph.db/neostore": "precious"})
	options := v.options("latest", api)
	options.Overwrite = true
	options.Accept = func(staged []Staged) error { return Refuse("restore it with Neo4j %s", staged[0].Neo4j) }
	v.refuses(options, Refused, "cannot restore it with Neo4j 3.5.0")
	v.holds("graph.db", map[string][]byte{"neostore": []byte("precious")})
}

func TestAClusterIsSeededFromWhatItsServersCanFetch(t *testing.T) {
	bucket, api := newFakeS3(t)
	artifact := append([]byte("BZV1"), "content"...)
	seeded := func(names ...string) string {
		m := snapshot.Manifest{Format: 1, Cluster: "neo4j", Kind: snapshot.Hourly, Time: taken, Neo4j: "5.26.0",
			Verification: &snapshot.Verification{How: "test", Time: taken}}
		folder := snapshot.Layout{Cluster: "neo4j"}.Folder(snapshot.Hourly, taken)
		for _, name := range names {
			database := artifactName.FindStringSubmatch(name)[1]
			m.Objects = append(m.Objects, describe(snapshot.Object{Database: database, Name: name, Form: snapshot.Artifact}, artifact))
			bucket.put(folder+name, artifact)
		}
		text, err := m.Encode()
		if err != nil {
			t.Fatal(err)
		}
		bucket.put(folder+snapshot.Verified, text)
		return "s3://backups/" + folder
	}
	seed := func(spec string) (volume, Options) {
		v := newVolume(t)
		options := v.options(spec, api)
		options.Seed = true
		return v, options
	}
	folder := seeded("neo4j-2026-11-20T04-00-00.backup", "system-2026-11-20T04-00-00.backup")
	v, options := seed("latest")
	v.mustRestore(options)
	half, err := HalfDone(v.markers())
	if err != nil || len(half) != 1 || len(half[0].Seeds) != 1 || half[0].Seeds["neo4j"] != folder+"neo4j-2026-11-20T04-00-00.backup" {
		t.Errorf("%+v %v", half, err)
	}
	if result := v.mustRestore(options); result.Outcome != Already {
		t.Errorf("again: %+v", result)
	}
	v.write(map[string]string{"data/databases/neo4j/neostore": "the seeded one"})
	newer := options
	newer.Snapshot, newer.EachNew = "backups/neo4j-2026-11-21T04-00-00.backup", true
	bucket.put("neo4j-2026-11-21T04-00-00.backup", artifact)
	if result := v.mustRestore(newer); result.Outcome != Already { // a cluster that was stopped and starts again
		t.Errorf("%+v", result)
	}
	bucket.put("one.dump", artifact)
	v, options = seed("backups/one.dump")
	v.mustRestore(options)
	if half, err := HalfDone(v.markers()); err != nil || !slices.Equal(half[0].Databases, []string{"graph.db"}) {
		t.Errorf("%+v %v", half, err)
	}
	v, options = seed("backups/one.dump")
	options.Accept = func(staged []Staged) error {
		return Refuse("take %s of %s from %s", staged[0].Form, staged[0].Database, staged[0].Path)
	}
	v.refuses(options, Refused, "cannot take dump of graph.db from s3://backups/one.dump")
	seeded("neo4j-2026-11-20T04-00-00.backup", "neo4j-2026-11-20T05-00-00.backup")
	v, options = seed("latest")
	v.refuses(options, Refused, "take a full one only")
	bucket.put("old.zip", zipOf(store(1), ""))
	v, options = seed("backups/old.zip")
	v.refuses(options, Refused, "take a .backup or a .dump")
}
