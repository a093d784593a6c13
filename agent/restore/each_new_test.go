package restore

import (
	"context"
	"errors"
	"testing"
	"time"

	"neo4j-agent/agent/snapshot"
)

func TestAReplacedSeedIsNotSownAnyMore(t *testing.T) {
	bucket, api := newFakeS3(t)
	bucket.put("neo4j-2026-11-20T04-00-00.backup", []byte("BZV1"))
	bucket.put("neo4j-2026-11-21T04-00-00.backup", []byte("BZV1"))
	for name, set := range map[string]func(*Options){
		"by hand": func(o *Options) { o.Now, o.Overwrite = true, true }, "each-new": func(o *Options) { o.EachNew = true },
	} {
		v := newVolume(t)
		options := v.options("backups/neo4j-2026-11-20T04-00-00.backup", api)
		options.Seed = true
		v.mustRestore(options)
		options.Snapshot = "backups/neo4j-2026-11-21T04-00-00.backup" // the server has not been started yet
		set(&options)
		wanted := v.mustRestore(options)
		half, err := HalfDone(v.markers())
		if err != nil || len(half) != 1 || half[0].Name != wanted.Name {
			t.Errorf("%s: serve will seed %+v %v, want %s only", name, half, err, wanted.Name)
		}
	}
}

func TestCoresThatStartTogetherAllKeepOrAllReplaceTheirStores(t *testing.T) {
	bucket, api := newFakeS3(t)
	bucket.putBackup(snapshot.Hourly, taken, map[string]map[string][]byte{"graph.db": store(1)})
	a, b := newVolume(t), newVolume(t)
	start := func(v volume, unless func(context.Context) (string, error)) Result {
		options := v.eachNew(api)
		options.Unless = unless
		return v.mustRestore(options)
	}
	start(a, nil)
	start(b, nil)
	bucket.forgetPins()
	bucket.putBackup(snapshot.Hourly, taken.Add(24*time.Hour), map[string]map[string][]byte{"graph.db": store(2)})
	start(a, running(1)) // a alone is restarted, the others run on
	first, second := start(a, nil), start(b, nil)
	if first.Outcome != second.Outcome {
		t.Errorf("the whole cluster starts anew: a %v, b %v (%d keeps its store, %d replaces it)", first.Outcome, second.Outcome, Already, Restored)
	}
}

func TestAMemberThatJoinsAfterABrokenRestoreIsUnbound(t *testing.T) {
	bucket, api := newFakeS3(t)
	bucket.putBackup(snapshot.Hourly, taken, map[string]map[string][]byte{"graph.db": store(1)})
	v := newVolume(t)
	v.write(map[string]string{"data/databases/graph.db/neostore": "old", "data/cluster-state/id": "of the old cluster"})
	options := v.options("latest", api)
	options.Overwrite = true
	options.Unbind = func(context.Context) error { return errBoom } // or a kill
	if _, err := v.restore(options); !errors.Is(err, errBoom) {
		t.Fatal(err)
	}
	unbound := 0
	options.Unbind = func(context.Context) error { unbound++; return nil }
	options.Overwrite, options.Unless = false, running(1) // the others were restored and have formed a new cluster
	if result := v.mustRestore(options); result.Outcome != Skipped || unbound != 1 {
		t.Errorf("%+v, unbound %d times", result, unbound)
	}
}

func TestAMemberThatWasStoppedBeforeItCopiedTheStoreRestoresAlsoWhereEachNewOneIs(t *testing.T) {
	bucket, api := newFakeS3(t)
	bucket.putBackup(snapshot.Hourly, taken, map[string]map[string][]byte{"graph.db": store(1)})
	v := newVolume(t)
	options := v.options("latest", api)
	options.EachNew = true
	options.Unless = running(1)
	v.mustRestore(options)
	options.Unless = nil // which is gone, before anything was copied
	if result := v.mustRestore(options); result.Outcome != Restored {
		t.Errorf("%+v: it starts with an empty store", result)
	}
	v.holds("graph.db", store(1))
}
