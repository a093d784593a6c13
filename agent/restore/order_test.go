package restore

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"neo4j-agent/agent/snapshot"
)

// recorder is a disk that writes down what is done to it, and that dies at an operation when it is told to: from then
// on nothing reaches it, as if the process had been killed or the power had gone.
type recorder struct {
	osDisk
	root string
	done []string
	die  int // after so many operations, 0 for never
}

var errDead = errors.New("dead")

func (d *recorder) note(operation string, paths ...string) error {
	if d.die > 0 && len(d.done) >= d.die {
		return errDead
	}
	for i, path := range paths {
		paths[i], _ = filepath.Rel(d.root, path)
	}
	d.done = append(d.done, operation+" "+strings.Join(paths, " "))
	return nil
}

func (d *recorder) create(path string) (file, error) {
	if err := d.note("create", path); err != nil {
		return nil, err
	}
	f, err := d.osDisk.create(path)
	return recorded{f, d, path}, err
}

func (d *recorder) mkdirAll(path string) error {
	return firstOf(d.note("mkdir", path), func() error { return d.osDisk.mkdirAll(path) })
}
func (d *recorder) rename(from, to string) error {
	return firstOf(d.note("rename", from, to), func() error { return d.osDisk.rename(from, to) })
}
func (d *recorder) removeAll(path string) error {
	return firstOf(d.note("remove", path), func() error { return d.osDisk.removeAll(path) })
}
func (d *recorder) syncDir(path string) error {
	return firstOf(d.note("sync", path+"/."), func() error { return d.osDisk.syncDir(path) })
}
func (d *recorder) syncFile(path string) error {
	return firstOf(d.note("sync", path), func() error { return d.osDisk.syncFile(path) })
}

func firstOf(err error, then func() error) error {
	if err != nil {
		return err
	}
	return then()
}

type recorded struct {
	file
	disk *recorder
	path string
}

func (f recorded) Write(p []byte) (int, error) {
	if err := f.disk.note("write", f.path); err != nil {
		return 0, err
	}
	return f.file.Write(p)
}

func (f recorded) Sync() error { return firstOf(f.disk.note("sync", f.path), f.file.Sync) }

// restoreOn restores with that disk. What the caller's Unbind does is an operation too.
func (v volume) restoreOn(d *recorder, options Options) error {
	options.Unbind = func(context.Context) error { return d.note("unbind") }
	_, err := inTest(options, d).run(v.t.Context())
	return err
}

var smallest = map[string][]byte{"neostore": []byte("new"), "schema/1": []byte("index")}

// overOld is a volume that holds an older restore, and a bucket with a newer one.
func overOld(t *testing.T) (volume, Options) {
	bucket, api := newFakeS3(t)
	bucket.put("new.tar.zst", zstdOf(tarOf(smallest, "")))
	v := newVolume(t)
	v.write(map[string]string{"data/databases/graph.db/neostore": "old", "restored_backups/old.zip.done": ""})
	options := v.options("backups/new.tar.zst", api)
	options.EachNew = true
	return v, options
}

func TestNothingIsDestroyedBeforeTheRecordIsOnTheDiskAndNothingIsMarkedBeforeTheStoreIs(t *testing.T) {
	v, options := overOld(t)
	d := &recorder{root: v.root}
	if err := v.restoreOn(d, options); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"mkdir .neo4j-agent/restore", "mkdir .neo4j-agent/restore/archive",
		"create .neo4j-agent/restore/archive/neostore", "write .neo4j-agent/restore/archive/neostore",
		"mkdir .neo4j-agent/restore/archive/schema",
		"create .neo4j-agent/restore/archive/schema/1", "write .neo4j-agent/restore/archive/schema/1",
		"sync .neo4j-agent/restore", "sync .neo4j-agent/restore/archive", "sync .neo4j-agent/restore/archive/neostore",
		"sync .neo4j-agent/restore/archive/schema", "sync .neo4j-agent/restore/archive/schema/1", "sync .neo4j-agent",
		// the record, down to the entry of its folder
		"mkdir restored_backups", "sync .",
		"remove restored_backups/.new.tar.zst.restoring.new", "create restored_backups/.new.tar.zst.restoring.new",
		"write restored_backups/.new.tar.zst.restoring.new", "sync restored_backups/.new.tar.zst.restoring.new",
		"rename restored_backups/.new.tar.zst.restoring.new restored_backups/new.tar.zst.restoring", "sync restored_backups",
		"unbind ",
		// only now the old store
		"remove data/databases/graph.db", "sync data/databases",
		"mkdir data/databases", "rename .neo4j-agent/restore/archive data/databases/graph.db",
		// all of the new one
		"sync data/databases/graph.db", "sync data/databases/graph.db/neostore",
		"sync data/databases/graph.db/schema", "sync data/databases/graph.db/schema/1", "sync data/databases", "sync data", "sync .",
		// only now the marker
		"remove restored_backups/.new.tar.zst.restoring.new", "create restored_backups/.new.tar.zst.restoring.new",
		"write restored_backups/.new.tar.zst.restoring.new", "sync restored_backups/.new.tar.zst.restoring.new",
		"rename restored_backups/.new.tar.zst.restoring.new restored_backups/new.tar.zst.restoring", "sync restored_backups",
		"rename restored_backups/new.tar.zst.restoring restored_backups/new.tar.zst.done", "sync restored_backups",
		"remove .neo4j-agent/restore", "sync .neo4j-agent",
	}
	if diff := cmp.Diff(want, d.done); diff != "" {
		t.Error(diff)
	}
}

func TestKilledBetweenAnyTwoOperationsTheOldStoreIsWholeOrRecordedAsHalfDone(t *testing.T) {
	for die := 1; ; die++ {
		v, options := overOld(t)
		err := v.restoreOn(&recorder{root: v.root, die: die}, options)
		v.isWholeOrRecorded(die, map[string][]byte{"neostore": []byte("old")}, smallest)
		v.mustRestore(options)
		v.isTidy()
		v.holds("graph.db", smallest)
		if err == nil {
			if die < 20 {
				t.Errorf("it never died: %d operations", die)
			}
			return
		}
		if !strings.Contains(err.Error(), "dead") {
			t.Fatal(err)
		}
	}
}

// isWholeOrRecorded checks what must hold at every instant.
func (v volume) isWholeOrRecorded(moment int, old, fresh map[string][]byte) {
	v.t.Helper()
	known, err := readMarkers(v.markers())
	if err != nil {
		v.t.Fatal(err)
	}
	if len(known.unfinished) > 0 {
		return
	}
	want := old
	if len(known.done) > 1 {
		want = fresh
	}
	if v.holds("graph.db", want); v.t.Failed() {
		v.t.Fatalf("killed at moment %d without a record of it: markers %v", moment, v.markerFiles())
	}
}

func TestWhatFailsBeforeTheRecordLeavesNothingBehind(t *testing.T) {
	bucket, api := newFakeS3(t)
	bucket.putBackup(snapshot.Hourly, taken, map[string]map[string][]byte{"graph.db": store(1)})
	object := snapshot.Layout{Cluster: "neo4j"}.Folder(snapshot.Hourly, taken) + "graph.db.tar.zst"
	damaged := append([]byte(nil), bucket.objects[object]...)
	damaged[len(damaged)/2] ^= 1
	bucket.put(object, damaged)
	v := newVolume(t)
	v.refuses(v.options("latest", api), Corrupt, "graph.db")
	if left := files(t, v.root); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}
