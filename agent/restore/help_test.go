package restore

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/rs/zerolog"

	"neo4j-agent/agent/snapshot"
)

// soak asks for full counts.
var soak = os.Getenv("SOAK") != ""

func times(few, full int) int {
	if soak {
		return full
	}
	return few
}

// quick is a pace for tests: as patient as the real one in tries, not in time.
var quick = pace{stall: 2 * time.Second, patience: 20 * time.Second, glance: time.Second, first: time.Millisecond, most: 5 * time.Millisecond}

// taken is when the backups of the tests were taken.
var taken = time.Date(2026, 11, 20, 4, 0, 0, 0, time.UTC)

// store is a small store: what it needs to be found, and an empty file.
func store(seed byte) map[string][]byte { return sized(seed, 60_000) }

// sized is a store with one large file, half of which compresses.
func sized(seed byte, size int) map[string][]byte {
	large := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{seed}).Read(large[:size/2])
	return map[string][]byte{
		"neostore": []byte("store"), "neostore.nodestore.db": large, "neostore.id": {},
		"schema/index/native/1": large[:4000], "größe/ä": []byte("explicit indexes have any name"),
	}
}

func tarOf(files map[string][]byte, prefix string) []byte {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		_ = w.WriteHeader(&tar.Header{Name: prefix + name, Size: int64(len(files[name])), Mode: 0o644, Format: tar.FormatPAX})
		_, _ = w.Write(files[name])
	}
	_ = w.Close()
	return out.Bytes()
}

var packer, _ = zstd.NewWriter(nil)

func zstdOf(content []byte) []byte { return packer.EncodeAll(content, nil) }

func gzipOf(content []byte) []byte {
	var out bytes.Buffer
	w, _ := gzip.NewWriterLevel(&out, gzip.BestSpeed)
	_, _ = w.Write(content)
	_ = w.Close()
	return out.Bytes()
}

func zipOf(files map[string][]byte, prefix string) []byte {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	w.RegisterCompressor(zip.Deflate, func(to io.Writer) (io.WriteCloser, error) { return flate.NewWriter(to, flate.BestSpeed) })
	for _, name := range slices.Sorted(maps.Keys(files)) {
		entry, _ := w.Create(prefix + name)
		_, _ = entry.Write(files[name])
	}
	_ = w.Close()
	return out.Bytes()
}

// objectOf describes an object of a backup.
func objectOf(database string, form snapshot.Form, files map[string][]byte) (snapshot.Object, []byte) {
	content := zstdOf(tarOf(files, ""))
	o := snapshot.Object{Database: database, Name: database + ".tar.zst", Form: form, Files: len(files)}
	for _, file := range files {
		o.Content += int64(len(file))
	}
	return describe(o, content), content
}

func describe(o snapshot.Object, content []byte) snapshot.Object {
	sum := sha256.Sum256(content)
	o.Size, o.SHA256 = int64(len(content)), hex.EncodeToString(sum[:])
	return o
}

// putBackup uploads a verified backup of one database per store and gives its manifest.
func (f *fakeS3) putBackup(kind snapshot.Kind, at time.Time, stores map[string]map[string][]byte) snapshot.Manifest {
	layout := snapshot.Layout{Cluster: "neo4j"}
	m := snapshot.Manifest{Format: 1, Cluster: "neo4j", Kind: kind, Time: at, Neo4j: "3.5.0",
		Verification: &snapshot.Verification{How: "consistency check", Time: at}}
	for _, database := range slices.Sorted(maps.Keys(stores)) {
		object, content := objectOf(database, snapshot.Store, stores[database])
		m.Objects = append(m.Objects, object)
		f.put(layout.Folder(kind, at)+object.Name, content)
	}
	text, err := m.Encode()
	if err != nil {
		f.t.Fatal(err)
	}
	f.put(layout.Folder(kind, at)+snapshot.Verified, text)
	return m
}

// volume is the disk of one member.
type volume struct {
	t    testing.TB
	root string
}

func newVolume(t testing.TB) volume { return volume{t, t.TempDir()} }

func (v volume) databases() string { return filepath.Join(v.root, "data", "databases") }
func (v volume) markers() string   { return filepath.Join(v.root, "restored_backups") }

// options restore onto the volume by moving.
func (v volume) options(spec string, api S3) Options {
	return Options{
		Snapshot: spec, S3: api, Bucket: "backups", Layout: snapshot.Layout{Cluster: "neo4j"},
		Markers: v.markers(), Staging: filepath.Join(v.root, ".neo4j-agent", "restore"),
		Store: func(databases []string) []string {
			if databases == nil {
				return []string{v.databases()}
			}
			var paths []string
			for _, database := range databases {
				paths = append(paths, filepath.Join(v.databases(), database))
			}
			return paths
		},
		DefaultDatabase: "graph.db", Agent: "test", Log: v.log(),
		Build: func(_ context.Context, staged []Staged) (moves []Move, _ error) {
			for _, s := range staged {
				to := filepath.Join(v.databases(), s.Database)
				if s.Form != snapshot.Store {
					to = filepath.Join(to, filepath.Base(s.Path))
				}
				moves = append(moves, Move{s.Path, to})
			}
			return moves, nil
		},
	}
}

// log is the test's, and none in a process without one.
func (v volume) log() zerolog.Logger {
	if v.t == nil {
		return zerolog.Nop()
	}
	return zerolog.New(zerolog.NewTestWriter(v.t))
}

func (v volume) restore(options Options) (Result, error) {
	return inTest(options, osDisk{}).run(v.t.Context())
}

// smallPart makes a file of some hundred kilobytes one of many parts.
const smallPart = 32 << 10

func inTest(options Options, d disk) *run {
	return &run{Options: options, disk: d, space: roomAt, pace: quick, part: smallPart}
}

func (v volume) mustRestore(options Options) Result {
	v.t.Helper()
	result, err := v.restore(options)
	if err != nil {
		v.t.Fatal(err)
	}
	if result.Outcome == Restored {
		v.isTidy()
	}
	return result
}

// isTidy checks that nothing is left of a restore but its marker.
func (v volume) isTidy() {
	v.t.Helper()
	if _, err := os.Stat(filepath.Join(v.root, ".neo4j-agent", "restore")); !errors.Is(err, fs.ErrNotExist) {
		v.t.Error("the staging folder is left")
	}
	for _, name := range v.markerFiles() {
		if filepath.Ext(name) != doneSuffix {
			v.t.Errorf("%s is left", name)
		}
	}
}

func (v volume) markerFiles() []string { return names1(v.t, v.markers()) }

func names1(t testing.TB, dir string) []string {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	list := make([]string, 0, len(entries))
	for _, entry := range entries {
		list = append(list, entry.Name())
	}
	return list
}

// files reads what is below a folder.
func files(t testing.TB, root string) map[string][]byte {
	t.Helper()
	found := map[string][]byte{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, _ := filepath.Rel(root, path)
		found[name], err = os.ReadFile(path)
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return found
}

func (v volume) holds(database string, want map[string][]byte) {
	v.t.Helper()
	got := files(v.t, filepath.Join(v.databases(), database))
	if !maps.EqualFunc(got, want, bytes.Equal) {
		v.t.Errorf("%s has %v, want %v", database, slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
	}
}

// write puts files below the volume's root.
func (v volume) write(files map[string]string) {
	v.t.Helper()
	for name, text := range files {
		path := filepath.Join(v.root, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			v.t.Fatal(err)
		}
	}
}

func (v volume) refuses(options Options, kind Kind, text string) {
	v.t.Helper()
	result, err := v.restore(options)
	wantError(v.t, err, kind, text)
	if result.Outcome != Nothing {
		v.t.Errorf("outcome %v with an error", result.Outcome)
	}
}

func wantError(t testing.TB, err error, kind Kind, text string) {
	t.Helper()
	var known *Error
	switch {
	case err == nil:
		t.Fatalf("no error, want one with %q", text)
	case !errors.As(err, &known):
		t.Errorf("an error without a kind: %v", err)
	case known.Kind != kind || !bytes.Contains([]byte(err.Error()), []byte(text)):
		t.Errorf("kind %d: %v\nwant kind %d with %q", known.Kind, err, kind, text)
	}
}
