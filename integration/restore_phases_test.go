package integration

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// snapshotBox is a box that looks like Neo4j 3.5 Enterprise, whose stores are folders that are moved into place, with a
// real S3 server as its bucket.
func snapshotBox(t *testing.T, server, spec string) *box {
	b := newBox(t, obedient)
	if err := os.RemoveAll(filepath.Join(b.home, "lib")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"neo4j-3.5.0-beta03.jar", "neo4j-enterprise-3.5.0-beta03.jar"} {
		b.write("home/lib/"+name, "", 0o644)
	}
	return b.with("SNAPSHOT_PATH", spec, "AWS_BACKUP_BUCKET", backups, "AWS_ENDPOINT_URL_S3", "http://"+server,
		"AWS_REGION", "us-east-1", "AWS_ACCESS_KEY_ID", "local", "AWS_SECRET_ACCESS_KEY", "locallocal")
}

func (b *box) store() string { return filepath.Join(b.dir, "volume/data/databases/graph.db") }

func TestASnapshotIsRestoredOncePerVolumeBeforeTheDatabaseStarts(t *testing.T) {
	t.Parallel()
	server, client := realS3(t)
	files := storeLike(t, 8<<20)
	uploadBackup(t, client, time.Date(2026, 11, 20, 4, 0, 0, 0, time.UTC), files)
	b := snapshotBox(t, server, "latest")
	b.start()
	b.started(1)
	sameFiles(t, b.store(), files)
	b.signal(syscall.SIGTERM)
	b.exit(20 * time.Second)
	if text := b.output.String(); !strings.Contains(text, "users and passwords are those of the settings") {
		t.Errorf("the log does not say whose users count:\n%s", text)
	}
	uploadBackup(t, client, time.Date(2026, 11, 20, 5, 0, 0, 0, time.UTC), storeLike(t, 1<<20))
	b.start()
	b.started(2)
	sameFiles(t, b.store(), files)
	if text := b.output.String(); !strings.Contains(text, "this volume was restored before") {
		t.Errorf("the log does not say why nothing is restored:\n%s", text)
	}
	b.signal(syscall.SIGTERM)
	b.exit(20 * time.Second)
	b.with("AGENT_RESTORE", "each-new").start()
	b.started(3)
	if info, err := os.Stat(filepath.Join(b.store(), "neostore.0.db")); err != nil || info.Size() != 128<<10 {
		t.Errorf("each-new did not restore the newer backup: %v %v", info, err)
	}
}

func TestASnapshotThatCannotBeRestoredEndsTheStartWithItsExitCode(t *testing.T) {
	t.Parallel()
	server, client := realS3(t)
	upload(t, client, "bad.zip", []byte("this is no zip at all"))
	upload(t, client, "cut.dump", append([]byte("DZV1\x28\xb5\x2f\xfd"), "cut"...))
	for name, test := range map[string]struct {
		spec string
		code int
		says string
		data bool
	}{
		"there is none in the bucket":      {"latest", 66, "no such verified backup among the 0 of cluster neo4j", false},
		"there is no such key":             {backups + "/none.zip", 66, "none.zip", false},
		"it is no archive":                 {backups + "/bad.zip", 65, "cannot unpack bad.zip", false},
		"it is cut off":                    {backups + "/cut.dump", 65, "cannot unpack cut.dump", false},
		"there is a store of other origin": {"latest", 78, "neo4j-agent restore --overwrite", true},
		"there is no such file":            {"/nowhere/a.dump", 66, "/nowhere/a.dump", false},
	} {
		t.Run(name, func(t *testing.T) {
			b := snapshotBox(t, server, test.spec)
			if test.data {
				b.write("volume/data/databases/graph.db/neostore", "precious", 0o644)
			}
			b.start()
			if code := b.exit(30 * time.Second); code != test.code || !strings.Contains(b.output.String(), test.says) {
				t.Errorf("exit code %d, want %d and the words %q; output:\n%s", code, test.code, test.says, b.output)
			}
			if b.starts() != 0 {
				t.Error("the database was started all the same")
			}
			if test.data && b.read("volume/data/databases/graph.db/neostore") != "precious" {
				t.Error("the store was touched")
			}
		})
	}
}

func TestALongRestoreIsHealthyAndSaysHowFarItIs(t *testing.T) {
	t.Parallel()
	server, client := realS3(t)
	uploadBackup(t, client, time.Date(2026, 11, 20, 4, 0, 0, 0, time.UTC), storeLike(t, 24<<20))
	slow, spoil := proxied(t, server)
	spoil(true, `{"name":"now","type":"bandwidth","attributes":{"rate":300}}`)
	b := snapshotBox(t, slow, "latest")
	b.start()
	b.eventually("the restore to be half done", 60*time.Second, func() bool {
		var status struct {
			Phase   string
			Restore struct{ Bytes, Of, BytesPerSecond, SecondsLeft int64 }
		}
		_, text := b.get("/status")
		if err := json.Unmarshal([]byte(text), &status); err != nil || status.Phase != "restoring" {
			return false
		}
		code, body := b.get("/healthz")
		if code != http.StatusOK || !strings.Contains(body, "restoring latest") {
			t.Fatalf("/healthz answers %d while bytes move: %s", code, body)
		}
		r := status.Restore
		return r.Of > 0 && r.Bytes > r.Of/4 && r.BytesPerSecond > 0 && r.SecondsLeft > 0
	})
	spoil(false, "now")
	b.started(1)
	if text := b.output.String(); !strings.Contains(text, `"bytes_per_second"`) {
		t.Errorf("the log does not say how far it is:\n%s", text)
	}
}

// TestAPrepareKilledWhileItRestoresNeverLeavesHalfAStoreUnnoticed kills prepare at random moments of a restore; PID 1
// runs it again.
func TestAPrepareKilledWhileItRestoresNeverLeavesHalfAStoreUnnoticed(t *testing.T) {
	t.Parallel()
	server, client := realS3(t)
	files := storeLike(t, 96<<20)
	uploadBackup(t, client, time.Date(2026, 11, 20, 4, 0, 0, 0, time.UTC), files)
	whole := time.Second
	moments := map[string]int{}
	for range times(10, 100) {
		b := snapshotBox(t, server, "latest")
		b.start()
		pid := 0
		// On a busy machine all of it may be over between two looks.
		b.eventually("prepare", 20*time.Second, func() bool { pid = b.stage("prepare"); return pid != 0 || b.starts() > 0 })
		begun := time.Now()
		if pid != 0 {
			timer := time.NewTimer(rand.N(whole))
			<-timer.C
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		moments[b.storeIsWholeOrRecorded(t, files)]++
		b.started(1)
		whole = min(5*time.Second, max(whole, time.Since(begun)/2))
		sameFiles(t, b.store(), files)
		if left, _ := filepath.Glob(filepath.Join(b.dir, "volume/restored_backups/*.restoring")); len(left) > 0 {
			t.Errorf("left: %v", left)
		}
		b.kill()
		b.exit(10 * time.Second)
		if err := os.RemoveAll(b.dir); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("found after the kills: %v", moments)
}

// storeIsWholeOrRecorded looks at a volume after a kill: without a record of a restore under way there is no store, or all
// of it. Another prepare may be at work already, so a record is looked for before and after.
func (b *box) storeIsWholeOrRecorded(t *testing.T, files map[string][]byte) string {
	t.Helper()
	recorded := func() bool {
		records, err := filepath.Glob(filepath.Join(b.dir, "volume/restored_backups/*.restoring"))
		return err != nil || len(records) > 0
	}
	if recorded() {
		return "recorded as half done"
	}
	entries, err := os.ReadDir(b.store())
	if recorded() {
		return "recorded as half done"
	}
	if err != nil {
		return "no store"
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	if len(names) != len(files) {
		t.Errorf("a store without a record of a restore has %v of %d files", slices.Sorted(slices.Values(names)), len(files))
	}
	sameFiles(t, b.store(), files)
	return "a whole store"
}

func TestARestoreByHandNeedsAStoppedDatabaseAndTheWordOverwrite(t *testing.T) {
	t.Parallel()
	server, client := realS3(t)
	files := storeLike(t, 4<<20)
	uploadBackup(t, client, time.Date(2026, 11, 20, 4, 0, 0, 0, time.UTC), files)
	b := snapshotBox(t, server, "")
	b.write("volume/data/databases/graph.db/neostore", "old", 0o644)
	b.start()
	b.started(1)
	by := func(args ...string) (int, string) {
		hand := *b
		hand.args = append([]string{"restore"}, args...)
		hand.start()
		code := hand.exit(30 * time.Second)
		return code, hand.output.String()
	}
	if code, text := by("latest", "--overwrite"); code != 75 || !strings.Contains(text, "holds it") {
		t.Errorf("while the database runs: exit code %d\n%s", code, text)
	}
	b.signal(syscall.SIGTERM)
	b.exit(20 * time.Second)
	if code, text := by("latest"); code != 78 || !strings.Contains(text, "--overwrite") {
		t.Errorf("over data: exit code %d\n%s", code, text)
	}
	if code, text := by("latest", "--overwrite", "--dry-run"); code != 0 || !strings.Contains(text, "would restore neo4j-hourly-") {
		t.Errorf("dry: exit code %d\n%s", code, text)
	}
	if b.read("volume/data/databases/graph.db/neostore") != "old" {
		t.Error("the store was touched without the word")
	}
	code, text := by("latest", "--overwrite", "--json")
	if code != 0 || !strings.Contains(text, fmt.Sprintf(`"databases":[%q]`, "graph.db")) {
		t.Errorf("exit code %d\n%s", code, text)
	}
	sameFiles(t, b.store(), files)
	if code, text := by("latest", "--overwrite", "--until", "2026-11-20 03:00:00"); code != 78 || !strings.Contains(text, "restoring to a point in time needs 5.0 or later") {
		t.Errorf("to a point in time: exit code %d\n%s", code, text)
	}
}
