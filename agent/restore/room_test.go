package restore

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// The old store stays until the new one is built: it makes no room for it.
func TestADumpThatWillNotFitBesideTheOldStoreIsToldBeforeThatIsTouched(t *testing.T) {
	bucket, api := newFakeS3(t)
	bucket.put("a.dump", zstdOf(make([]byte, 1<<20)))
	for free, fits := range map[int64]bool{50: false, 1<<20 - 1: false, 1 << 20: true} {
		v := newVolume(t)
		v.write(map[string]string{"data/databases/graph.db/neostore": strings.Repeat("x", 1<<20)})
		r := inTest(v.options("backups/a.dump", api), osDisk{})
		r.BuildCopies, r.Overwrite = true, true
		r.space = func(string) (room, error) { return room{free: free}, nil }
		_, err := r.run(t.Context())
		if fits {
			if err != nil {
				t.Error(err)
			}
			continue
		}
		wantError(t, err, NoSpace, "more are needed")
		if left := files(t, v.root); len(left) != 1 {
			t.Errorf("left: %v", left)
		}
	}
}

// twoDisks is a volume on which the stores lie on another file system than the staging folder, as far as renames go.
type twoDisks struct {
	osDisk
	stores string
}

func (d twoDisks) rename(from, to string) error {
	if strings.HasPrefix(from, d.stores) != strings.HasPrefix(to, d.stores) {
		return unix.EXDEV
	}
	return d.osDisk.rename(from, to)
}

// at is what is free: as much here as one could wish.
func (d twoDisks) at(free int64) func(string) (room, error) {
	return func(path string) (room, error) {
		if strings.HasPrefix(path, d.stores) {
			return room{free: free, device: 1, mount: 2}, nil // another mount of the same file system will do
		}
		return room{free: 1 << 40, device: 1, mount: 1}, nil
	}
}

func TestAStoreOnAnotherFileSystemIsCopiedThere(t *testing.T) {
	bucket, api := newFakeS3(t)
	bucket.put("a.tar.zst", zstdOf(tarOf(store(1), "")))
	v := newVolume(t)
	disk := twoDisks{stores: filepath.Join(v.root, "data")}
	r := inTest(v.options("backups/a.tar.zst", api), disk)
	r.space = disk.at(1 << 20)
	if _, err := r.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	v.holds("graph.db", store(1))
	v.isTidy()
}

func TestAnotherFileSystemThatIsTooSmallKeepsItsOldStore(t *testing.T) {
	bucket, api := newFakeS3(t)
	bucket.put("a.tar.zst", zstdOf(tarOf(store(1), "")))
	for free, fits := range map[int64]bool{50_000: false, 64_000: true} { // the old store's 1,000 bytes count here
		v := newVolume(t)
		old := strings.Repeat("x", 1000)
		v.write(map[string]string{"data/databases/graph.db/neostore": old})
		disk := twoDisks{stores: filepath.Join(v.root, "data")}
		r := inTest(v.options("backups/a.tar.zst", api), disk)
		r.space, r.Overwrite = disk.at(free), true
		_, err := r.run(t.Context())
		if fits {
			if err != nil {
				t.Error(err)
			}
			continue
		}
		wantError(t, err, NoSpace, "on the file system of "+filepath.Join(v.databases(), "graph.db"))
		v.holds("graph.db", map[string][]byte{"neostore": []byte(old)})
	}
}

// A restore killed between its first rename and its marker has its store twice in the way of the next one.
func TestWhereSpaceIsShortAHalfDoneStoreGoesFirst(t *testing.T) {
	bucket, api := newFakeS3(t)
	bucket.put("a.tar.zst", zstdOf(tarOf(store(1), "")))
	v := newVolume(t)
	options := v.options("backups/a.tar.zst", api)
	half := filepath.Join(v.databases(), "graph.db")
	options.Unbind = func(context.Context) error {
		v.write(map[string]string{"data/databases/graph.db/neostore": "half"})
		return errBoom
	}
	if _, err := v.restore(options); err == nil {
		t.Fatal("it was not broken off")
	}
	r := inTest(v.options("backups/a.tar.zst", api), osDisk{})
	r.space = func(string) (room, error) {
		if _, err := os.Stat(half); err == nil {
			return room{free: 100}, nil
		}
		return room{free: 1 << 20}, nil
	}
	if _, err := r.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	v.holds("graph.db", store(1))
	v.isTidy()
}

func TestNamesOfDatabasesAreWrittenAsTheServerWritesThem(t *testing.T) {
	bucket, api := newFakeS3(t)
	bucket.put("a.zip", zipOf(map[string][]byte{"Sales.dump": zstdOf([]byte("sales")), "neo4j.dump": zstdOf([]byte("neo4j"))}, ""))
	v := newVolume(t)
	options := v.options("backups/a.zip", api)
	options.DatabaseName = strings.ToLower
	if result := v.mustRestore(options); !slices.Equal(result.Databases, []string{"neo4j", "sales"}) {
		t.Errorf("%+v", result)
	}
	v.holds("sales", map[string][]byte{"sales.dump": zstdOf([]byte("sales"))})
}
