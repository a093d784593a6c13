package backup

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/klauspost/compress/zstd"
	"github.com/rs/zerolog"

	"neo4j-agent/agent/snapshot"
)

// fakeTool leaves a store of files as neo4j-admin of 3.5 and 4.x does, or with artifact set artifacts as that of 5 does.
// As the real one it refuses a differential backup onto nothing, and a full one onto something.
type fakeTool struct {
	artifact bool
	size     int // bytes of the largest file of a store

	mu     sync.Mutex
	calls  []string
	taken  int // artifacts
	refuse func(source string, full bool) error
	// fallsBack makes the next differential backup a full one, as the real tool may decide.
	fallsBack bool
	check     func(path string) error
}

func (f *fakeTool) Backup(ctx context.Context, source, database, dir string, full bool) (bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, fmt.Sprintf("%s %s full=%v", source, database, full))
	entries, err := os.ReadDir(dir)
	if err != nil {
		return false, err
	}
	if full != (len(entries) == 0) {
		return false, fmt.Errorf("full %v onto %d entries", full, len(entries))
	}
	if f.refuse != nil {
		if err := f.refuse(source, full); err != nil {
			return false, err
		}
	}
	if err := ctx.Err(); err != nil {
		return false, err
	}
	full = full || f.fallsBack
	if f.artifact {
		f.taken++
		name := fmt.Sprintf("%s-2026-11-20T04-%02d-00.backup", database, f.taken)
		return full, os.WriteFile(filepath.Join(dir, name), noise(f.taken, 1000), 0o600)
	}
	store := filepath.Join(dir, database)
	if f.fallsBack {
		if err := os.Rename(store, store+".err.0"); err != nil {
			return false, err
		}
	}
	return full, writeStore(store, max(f.size, 1000), len(f.calls))
}

func (f *fakeTool) Check(_ context.Context, _, path string) error {
	if _, err := os.Stat(path); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.check != nil {
		return f.check(path)
	}
	return nil
}

// writeStore makes a folder that has the shape of a store: large and empty files, folders, an empty folder.
func writeStore(dir string, size, seed int) error {
	err := errors.Join(os.MkdirAll(filepath.Join(dir, "schema", "index"), 0o700), os.MkdirAll(filepath.Join(dir, "empty"), 0o700))
	for name, text := range map[string][]byte{
		"neostore": []byte("neostore"), "neostore.nodestore.db": noise(seed, size), "neostore.labels": nil,
		"schema/index/" + strings.Repeat("long", 40): noise(seed, 100),
	} {
		err = errors.Join(err, os.WriteFile(filepath.Join(dir, name), text, 0o600))
	}
	return err
}

// noise is what does not compress, the same for the same seed.
func noise(seed, size int) []byte {
	var key [32]byte
	key[0] = byte(seed)
	text := make([]byte, size)
	_, _ = rand.NewChaCha8(key).Read(text)
	return text
}

// options are those of a run that succeeds.
func options(t *testing.T, client *s3.Client, tool Tool) Options {
	t.Helper()
	return Options{
		S3: client, Bucket: "bucket", Layout: snapshot.Layout{Prefix: "pre", Cluster: "prod"}, Dir: t.TempDir(),
		Tool: tool, Selection: Selection{Sources: []string{"replica:6362"}, Databases: []string{"neo4j"}}, Neo4j: "4.4.48", Agent: "1",
		Log: zerolog.New(zerolog.NewTestWriter(t)),
	}
}

func mustRun(t *testing.T, o Options) Result {
	t.Helper()
	result, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// manifestIn reads a manifest of a result's folder.
func manifestIn(t *testing.T, f *fakeS3, result Result, name string) *snapshot.Manifest {
	t.Helper()
	m, err := snapshot.Parse(f.text(strings.TrimPrefix(result.Backup, "s3://bucket/") + name))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// unpacked gives the digests of the files of an object, by name.
func unpacked(t *testing.T, data []byte) map[string]string {
	t.Helper()
	decoder, err := zstd.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	defer decoder.Close()
	files := map[string]string{}
	for archive := tar.NewReader(decoder); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(archive)
		if err != nil {
			t.Fatal(err)
		}
		files[header.Name] = digest(content)
	}
}

// onDisk gives the files below dir as unpacked does.
func onDisk(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		name, _ := filepath.Rel(dir, path)
		if err != nil || name == "." {
			return err
		}
		if entry.IsDir() {
			files[name+"/"] = digest(nil)
			return nil
		}
		content, err := os.ReadFile(path)
		files[name] = digest(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// under are the keys below a prefix, without it.
func under(keys []string, prefix string) []string {
	var names []string
	for _, key := range keys {
		if name, ok := strings.CutPrefix(key, prefix); ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
