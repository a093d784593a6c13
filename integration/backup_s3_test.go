package integration

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"neo4j-agent/agent/backup"
	"neo4j-agent/agent/restore"
	"neo4j-agent/agent/snapshot"
)

// backupRun is a backup of a folder in this process.
type backupRun struct {
	Address, Dir, Store string
}

// Where the backups of these tests are.
const backups = "backups"

var backupLayout = snapshot.Layout{Prefix: "a/b", Cluster: "prod"}

func (b backupRun) run(ctx context.Context) (backup.Result, error) {
	return backup.Run(ctx, b.options())
}

func (b backupRun) options() backup.Options {
	return backup.Options{
		S3: s3At(b.Address), Bucket: backups, Layout: backupLayout, Dir: b.Dir, Tool: fakeBackupTool{b.Store},
		Selection: backup.Selection{Sources: []string{"127.0.0.1:6362"}, Databases: []string{"graph.db"}}, Neo4j: "3.5.0", Log: zerolog.Nop(),
	}
}

// fakeBackupTool copies a folder where neo4j-admin would copy a store, file by file and over what is there.
type fakeBackupTool struct{ store string }

func (f fakeBackupTool) Backup(_ context.Context, _, database, dir string, full bool) (bool, error) {
	target := filepath.Join(dir, database)
	if err := os.RemoveAll(target); err != nil {
		return full, err
	}
	return full, os.CopyFS(target, os.DirFS(f.store))
}

func (f fakeBackupTool) Check(_ context.Context, _, path string) error {
	files, err := digests(path)
	if err != nil {
		return err
	}
	want, err := digests(f.store)
	if diff := cmp.Diff(want, files); diff != "" {
		return fmt.Errorf("%w: %s", backup.ErrInconsistent, diff)
	}
	return err
}

// digests of the files below dir, by name.
func digests(dir string) (map[string]string, error) {
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		defer func() { _ = file.Close() }()
		name, _ := filepath.Rel(dir, path)
		files[name], err = digestOf(file)
		return err
	})
	return files, err
}

func digestOf(r io.Reader) (string, error) {
	hash := sha256.New()
	_, err := io.Copy(hash, r)
	return hex.EncodeToString(hash.Sum(nil)), err
}

// makeStore makes a folder of about so many bytes, half of which compresses, and returns its path.
func makeStore(t *testing.T, size int) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "store")
	if err := os.MkdirAll(filepath.Join(dir, "schema", "index"), 0o755); err != nil {
		t.Fatal(err)
	}
	noise := make([]byte, size/2)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(noise)
	for name, text := range map[string][]byte{
		"neostore": []byte("1"), "neostore.nodestore.db": make([]byte, size/2), "neostore.propertystore.db": noise, "schema/index/1": nil,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestABackupOnARealS3ServerIsRestoredFileByFile(t *testing.T) {
	address, client := realS3(t)
	b := backupRun{address, t.TempDir(), makeStore(t, 64<<20)}
	for _, want := range []string{"full", "differential"} {
		result, err := b.run(t.Context())
		if err != nil || result.Type != want {
			t.Fatalf("%+v, %v", result, err)
		}
	}
	entries, err := backup.Inventory(t.Context(), client, backups, backupLayout)
	if err != nil || len(entries) != 2 || entries[0].State != backup.IsVerified || entries[1].Kind != snapshot.Daily {
		t.Fatalf("%+v, %v", entries, err)
	}
	volume := t.TempDir()
	placed := filepath.Join(volume, "graph.db")
	result, err := restore.Run(t.Context(), restore.Options{
		Snapshot: "latest", S3: client, Bucket: backups, Layout: backupLayout, Markers: filepath.Join(volume, "markers"),
		Staging: filepath.Join(volume, "staging"), Store: func([]string) []string { return []string{placed} },
		Build: func(_ context.Context, staged []restore.Staged) ([]restore.Move, error) {
			return []restore.Move{{From: staged[0].Path, To: placed}}, nil
		},
		Log: zerolog.Nop(),
	})
	if err != nil || result.Outcome != restore.Restored {
		t.Fatalf("%+v, %v", result, err)
	}
	want, err := digests(b.Store)
	if err != nil {
		t.Fatal(err)
	}
	got, err := digests(placed)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
}

func TestABackupGetsThroughALineThatBreaksAndStalls(t *testing.T) {
	server, client := realS3(t)
	reader := bucketReader{client, backupLayout, map[string]bool{}}
	for name, toxic := range map[string]string{
		"broken in the middle of a part": `{"name":"now","type":"limit_data","stream":"upstream","attributes":{"bytes":3000000}}`,
		"nothing moves":                  `{"name":"now","type":"timeout","stream":"upstream","attributes":{"timeout":0}}`,
		"answers are lost":               `{"name":"now","type":"limit_data","stream":"downstream","attributes":{"bytes":10}}`,
		"slow and far away":              `{"name":"now","type":"latency","attributes":{"latency":300,"jitter":200}}`,
	} {
		address, spoil := proxied(t, server)
		b := backupRun{address, t.TempDir(), makeStore(t, 64<<20)}
		options := b.options()
		over := make(chan struct{})
		options.Progress = func(p backup.Progress) {
			if p.Stage != backup.Uploading || p.Done < p.Total/2 {
				return
			}
			select {
			case <-over: // it comes once
			default:
				spoil(true, toxic)
				time.AfterFunc(3*time.Second, func() { spoil(false, "now") })
				close(over)
			}
		}
		if result, err := backup.Run(t.Context(), options); err != nil {
			t.Errorf("%s: %+v, %v", name, result, err)
		}
		reader.seesWholeOnes(t)
		// A lost answer to the beginning of an upload leaves that one to the next run.
		if result, err := b.run(t.Context()); err != nil {
			t.Errorf("after %s: %+v, %v", name, result, err)
		}
		if left := reader.uploads(t); len(left) != 0 {
			t.Errorf("%s: it left %v", name, left)
		}
	}
}
