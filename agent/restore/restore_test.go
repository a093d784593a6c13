package restore

import (
	"archive/zip"
	"bytes"
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"neo4j-agent/agent/snapshot"
)

func TestTheNewestVerifiedBackupIsRestoredWithAllItsDatabases(t *testing.T) {
	bucket, api := newFakeS3(t)
	bucket.putBackup(snapshot.Daily, taken.Add(-time.Hour), map[string]map[string][]byte{"graph.db": store(1)})
	m := bucket.putBackup(snapshot.Hourly, taken, map[string]map[string][]byte{"neo4j": store(2), "people": store(3)})
	bucket.put(snapshot.Layout{Cluster: "neo4j"}.Folder(snapshot.Hourly, taken.Add(time.Hour))+snapshot.NotVerified, []byte("{}"))
	v := newVolume(t)

	result := v.mustRestore(v.options("latest", api))

	if want := (Result{Restored, m.Name(), []string{"neo4j", "people"}, result.Bytes}); !cmp.Equal(want, result) || result.Bytes < m.Size() {
		t.Errorf("%+v", result)
	}
	v.holds("neo4j", store(2))
	v.holds("people", store(3))
	if want := []string{"neo4j-hourly-2026-11-20T04-00-00Z.done"}; !slices.Equal(want, v.markerFiles()) {
		t.Errorf("markers %v", v.markerFiles())
	}
	known, err := readMarkers(v.markers())
	if err != nil || known.done[0].State != stateDone || known.done[0].Source != "s3://backups/hourly/neo4j/2026-11-20T04-00-00Z/" ||
		!strings.HasPrefix(known.done[0].Checksum, "sha256:") || known.done[0].Spec != "latest" {
		t.Errorf("%+v %v", known, err)
	}
}

func TestWhatSnapshotPathSaysChoosesTheBackup(t *testing.T) {
	bucket, api := newFakeS3(t)
	bucket.putBackup(snapshot.Hourly, taken, map[string]map[string][]byte{"graph.db": store(1)})
	bucket.putBackup(snapshot.Daily, taken.Add(-time.Hour), map[string]map[string][]byte{"graph.db": store(2)})
	bucket.put("hourly/neo4j-backup-1700000000.zip", zipOf(store(3), "neo4j-backup/"))
	bucket.put("hourly/neo4j-backup-1900000000.zip", zipOf(store(4), "neo4j-backup/")) // newer, and perhaps another cluster's
	for spec, want := range map[string]byte{
		"latest": 1, "latest/hourly": 1, "latest/daily": 2, "@2026-11-20T04:00Z": 1, "@2026-11-20T04:59:59+01:00": 2,
		"@2024-01-01T00:00:00Z": 3, "backups/daily/neo4j/2026-11-20T03-00-00Z": 2, "s3://backups/daily/neo4j/2026-11-20T03-00-00Z/": 2,
		"backups/hourly/neo4j-backup-1700000000.zip": 3,
	} {
		v := newVolume(t)
		v.mustRestore(v.options(spec, api))
		v.holds("graph.db", store(want))
	}
}

func TestEveryFormatIsRestored(t *testing.T) {
	dump := zstdOf([]byte("zstd and what Neo4j puts there"))
	artifact := []byte("BZV1 and what only Neo4j knows")
	several := maps.Clone(store(1))
	for name, content := range store(2) {
		several["people/"+name] = content
		several["neo4j/"+name] = content
		delete(several, name)
	}
	for name, c := range map[string]struct {
		content []byte
		want    map[string]map[string][]byte // by database
	}{
		"neo4j-backup-1.zip": {zipOf(store(1), "neo4j-backup/"), map[string]map[string][]byte{"graph.db": store(1)}},
		"a.zip":              {zipOf(store(1), ""), map[string]map[string][]byte{"graph.db": store(1)}},
		"below.zip":          {zipOf(store(1), "neo4j-backup/graph.db/"), map[string]map[string][]byte{"graph.db": store(1)}},
		"renamed.zip":        {zipOf(store(1), "neo4j-backup/neo4j/"), map[string]map[string][]byte{"graph.db": store(1)}},
		"b.zip":              {zipOf(several, "x/"), map[string]map[string][]byte{"people": store(2), "neo4j": store(2)}},
		"a.tar.gz":           {gzipOf(tarOf(store(1), "./")), map[string]map[string][]byte{"graph.db": store(1)}},
		"a.tgz":              {gzipOf(tarOf(store(1), "backup/")), map[string]map[string][]byte{"graph.db": store(1)}},
		"a.tar.zst":          {zstdOf(tarOf(store(1), "neo4j-backup/")), map[string]map[string][]byte{"graph.db": store(1)}},
		"old.dump":           {dump, map[string]map[string][]byte{"graph.db": {"graph.db.dump": dump}}},
		"older.dump":         {gzipOf([]byte("tar")), map[string]map[string][]byte{"graph.db": {"graph.db.dump": gzipOf([]byte("tar"))}}},
		"new.dump":           {append([]byte("DZV1"), dump...), map[string]map[string][]byte{"graph.db": {"graph.db.dump": append([]byte("DZV1"), dump...)}}},
		"people-2026-11-20T04-00-00.backup": {artifact,
			map[string]map[string][]byte{"people": {"people-2026-11-20T04-00-00.backup": artifact}}},
		"any.backup": {artifact, map[string]map[string][]byte{"graph.db": {"any.backup": artifact}}},
	} {
		t.Run(name, func(t *testing.T) {
			bucket, api := newFakeS3(t)
			bucket.checksum = crc32Of
			bucket.put("some/"+name, c.content)
			path := filepath.Join(t.TempDir(), name)
			if err := os.WriteFile(path, c.content, 0o600); err != nil {
				t.Fatal(err)
			}
			for _, spec := range []string{"backups/some/" + name, path} {
				v := newVolume(t)
				v.mustRestore(v.options(spec, api))
				for database, files := range c.want {
					v.holds(database, files)
				}
				if got, want := names1(t, v.databases()), slices.Sorted(maps.Keys(c.want)); !slices.Equal(got, want) {
					t.Errorf("databases %v, want %v", got, want)
				}
				if want := []string{name + ".done"}; !slices.Equal(v.markerFiles(), want) {
					t.Errorf("markers %v", v.markerFiles())
				}
			}
		})
	}
}

func TestAnObjectOfManyPartsIsRestoredInOrder(t *testing.T) {
	large := sized(1, 10*(parts+1)*smallPart)
	bucket, api := newFakeS3(t)
	bucket.putBackup(snapshot.Hourly, taken, map[string]map[string][]byte{"graph.db": large})
	v := newVolume(t)
	v.mustRestore(v.options("latest", api))
	v.holds("graph.db", large)
	if bucket.ranges < 5*parts {
		t.Errorf("only %d ranges were asked for", bucket.ranges)
	}
}

func TestAFolderOnDiskIsRestoredAndStays(t *testing.T) {
	source := volume{t, filepath.Join(t.TempDir(), "mine")}
	texts := map[string]string{}
	for name, content := range store(1) {
		texts["neo4j-backup/"+name] = string(content)
	}
	source.write(texts)
	v := newVolume(t)
	v.mustRestore(v.options(source.root, nil))
	v.holds("graph.db", store(1))
	if len(files(t, source.root)) != len(store(1)) {
		t.Error("the source is not what it was")
	}
}

func TestABackupOfOurOwnIsRestoredFromAFolderOnDisk(t *testing.T) {
	bucket, _ := newFakeS3(t)
	bucket.putBackup(snapshot.Hourly, taken, map[string]map[string][]byte{"graph.db": store(1)})
	source := newVolume(t)
	for key, content := range bucket.objects {
		source.write(map[string]string{filepath.Base(key): string(content)})
	}
	v := newVolume(t)
	v.mustRestore(v.options(source.root, nil))
	v.holds("graph.db", store(1))
	if want := []string{"neo4j-hourly-2026-11-20T04-00-00Z.done"}; !slices.Equal(want, v.markerFiles()) {
		t.Errorf("markers %v", v.markerFiles())
	}
}

func TestAChainOfArtifactsIsHandedOverByItsNewest(t *testing.T) {
	bucket, api := newFakeS3(t)
	m := snapshot.Manifest{Format: 1, Cluster: "neo4j", Kind: snapshot.Hourly, Time: taken, Verification: &snapshot.Verification{How: "x", Time: taken}}
	for _, name := range []string{"neo4j-2026-11-20T03-00-00.backup", "neo4j-2026-11-20T04-00-00.backup"} {
		content := []byte("BZV1" + name)
		m.Objects = append(m.Objects, describe(snapshot.Object{Database: "neo4j", Name: name, Form: snapshot.Artifact}, content))
		bucket.put("chain/"+name, content)
	}
	text, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	bucket.put("chain/manifest.json", text)
	v := newVolume(t)
	options := v.options("backups/chain", api)
	options.Build = func(_ context.Context, staged []Staged) ([]Move, error) {
		if len(staged) != 1 || filepath.Base(staged[0].Path) != "neo4j-2026-11-20T04-00-00.backup" ||
			len(names1(t, filepath.Dir(staged[0].Path))) != 2 {
			t.Errorf("%+v", staged)
		}
		return nil, nil
	}
	v.mustRestore(options)
}

func TestAZipIsReadThroughItsDirectoryWithFewRequests(t *testing.T) {
	many := map[string][]byte{"neostore": []byte("x")}
	for i := range 100 {
		many["schema/"+string(rune('a'+i%26))+strings.Repeat("i", i/26)] = bytes.Repeat([]byte{byte(i)}, 100)
	}
	bucket, api := newFakeS3(t)
	bucket.put("a.zip", zipOf(many, "neo4j-backup/"))
	v := newVolume(t)
	v.mustRestore(v.options("backups/a.zip", api))
	v.holds("graph.db", many)
	if bucket.ranges > 3 {
		t.Errorf("%d requests for 101 small files", bucket.ranges)
	}
}

func TestAStoredZipEntryIsRestoredToo(t *testing.T) {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	entry, _ := w.CreateHeader(&zip.FileHeader{Name: "neostore", Method: zip.Store})
	_, _ = entry.Write([]byte("as it is"))
	_ = w.Close()
	bucket, api := newFakeS3(t)
	bucket.put("a.zip", out.Bytes())
	v := newVolume(t)
	v.mustRestore(v.options("backups/a.zip", api))
	v.holds("graph.db", map[string][]byte{"neostore": []byte("as it is")})
}

func TestProgressEndsWithAllBytes(t *testing.T) {
	bucket, api := newFakeS3(t)
	m := bucket.putBackup(snapshot.Hourly, taken, map[string]map[string][]byte{"graph.db": store(1)})
	v := newVolume(t)
	options := v.options("latest", api)
	var last Progress
	options.Progress = func(p Progress) { last = p }
	v.mustRestore(options)
	if last.Total != m.Size() || last.Done < last.Total || last.Step != "placing" {
		t.Errorf("%+v", last)
	}
}

func TestABackupThatIsNotVerifiedYetIsRestoredForItsVerificationOnly(t *testing.T) {
	bucket, api := newFakeS3(t)
	m := bucket.putBackup(snapshot.Hourly, taken, map[string]map[string][]byte{"graph.db": store(1)})
	folder := snapshot.Layout{Cluster: "neo4j"}.Folder(snapshot.Hourly, taken)
	m.Verification = nil
	text, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	bucket.put(folder+snapshot.NotVerified, text)
	delete(bucket.objects, folder+snapshot.Verified)
	v := newVolume(t)
	options := v.options("backups/"+folder, api)
	v.refuses(options, Corrupt, "it has not been verified")
	options.Unverified = true
	v.mustRestore(options)
	v.holds("graph.db", store(1))
}
