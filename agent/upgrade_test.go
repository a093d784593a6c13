package main

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/rs/zerolog"

	"neo4j-agent/agent/restore"
	"neo4j-agent/agent/snapshot"
	"neo4j-agent/neo4jconf"
)

// takingBucket is an S3 that takes objects, and keeps them by the last part of their names.
type takingBucket struct {
	mu      sync.Mutex
	objects map[string]string
	folders map[string]bool // that they lie in
}

func (b *takingBucket) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	text, _ := io.ReadAll(r.Body)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.objects[path.Base(r.URL.Path)] = string(text)
	b.folders[path.Dir(r.URL.Path)] = true
}

// upgrading is an upgrade to 4.4 into a bucket. Its neo4j-admin is a script that does what the manual says of each job, as
// far as files go, and says while it copies.
func upgrading(t *testing.T, says string) (*restoring, *takingBucket) {
	t.Helper()
	bucket := &takingBucket{objects: map[string]string{}, folders: map[string]bool{}}
	server := httptest.NewServer(bucket)
	t.Cleanup(server.Close)
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL_S3": server.URL, "AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret",
	} {
		t.Setenv(name, value)
	}
	w := restoringWith(t, "4.4.48", neo4jconf.Enterprise)
	w.settings.Home, w.settings.RunDir, w.settings.UpgradeMode = t.TempDir(), t.TempDir(), true
	w.settings.BackupBucket, w.settings.ClusterName = "backups", "prod"
	w.settings.AWS.Endpoints = map[string]string{"S3": server.URL}
	w.prepared.DataDir = w.config().DataDir()
	script := `#!/bin/sh
for argument; do case $argument in --to=*) to=${argument#*=};; esac; done
case $1 in
	copy) store=` + w.elsewhere().Store("neo4j") + `; mkdir -p "$store" && echo copied > "$store/neostore" && cat "$NEO4J_HOME/says";;
	dump) echo dumped > "$to/neo4j.dump";;
esac
`
	bin := filepath.Join(w.settings.Home, "bin")
	if err := errors.Join(os.Mkdir(bin, 0o700), os.WriteFile(filepath.Join(bin, "neo4j-admin"), []byte(script), 0o700),
		os.WriteFile(filepath.Join(w.settings.Home, "says"), []byte(says), 0o600)); err != nil {
		t.Fatal(err)
	}
	return w, bucket
}

// upgrades plays the upgrade, which must put the copy in place, and gives what it logs at warn.
func upgrades(t *testing.T, w *restoring) (warned string) {
	t.Helper()
	var log bytes.Buffer
	w.log = zerolog.New(&log).Level(zerolog.WarnLevel)
	moves, err := w.upgrade(t.Context(), []restore.Staged{{Database: "graph.db", Form: snapshot.Store, Path: "/s/graph.db"}})
	if err != nil || len(moves) != 1 || !strings.HasSuffix(moves[0].To, "/databases/neo4j") {
		t.Fatalf("%v, %v", moves, err)
	}
	return log.String()
}

func TestTheUploadOfAnUpgradesDumpCountsAsMovement(t *testing.T) {
	w, bucket := upgrading(t, "") // a tool that says nothing
	upgrades(t, w)
	if bucket.objects["neo4j.dump"] != "dumped\n" {
		t.Errorf("the bucket got %q", bucket.objects)
	}
	if w.moved.heard.Load() == 0 {
		t.Error("nothing moved while the dump was uploaded, so that health ends a long upload")
	}
}

func TestAnUpgradeKeepsTheStatementsOfIndexesAndConstraintsBesideTheDump(t *testing.T) {
	w, bucket := upgrading(t, `2026-11-20 04:00:02.003+0000 INFO  [StoreCopy] ... found 2 schema definitions. The following can be used to recreate the schema:
2026-11-20 04:00:02.003+0000 INFO  [StoreCopy] 

CALL db.createIndex('index_1', ['Person'], ['name'], 'native-btree-1.0', {});
CREATE CONSTRAINT c ON (a:Person) ASSERT exists(a.id)
2026-11-20 04:00:02.004+0000 INFO  [StoreCopy] You have to manually apply the above commands
`)
	warned := upgrades(t, w)
	const want = "CALL db.createIndex('index_1', ['Person'], ['name'], 'native-btree-1.0', {});\nCREATE CONSTRAINT c ON (a:Person) ASSERT exists(a.id);\n"
	if got := bucket.objects["neo4j.schema.cypher"]; got != want {
		t.Errorf("the statements are %q", got)
	}
	if bucket.objects["neo4j.dump"] != "dumped\n" || len(bucket.objects) != 2 || len(bucket.folders) != 1 {
		t.Errorf("the bucket got %q in %v", bucket.objects, bucket.folders)
	}
	for folder := range bucket.folders {
		where := "s3:/" + folder + "/neo4j.schema.cypher"
		if !strings.HasPrefix(folder, "/backups/dumps/prod/") || !strings.Contains(warned, where) || !strings.Contains(warned, `"statements":2`) {
			t.Errorf("want %s and how many there are, it says %s", where, warned)
		}
	}
	if !strings.Contains(warned, "indexes and constraints are not in the copy") {
		t.Errorf("it does not say what is missing: %s", warned)
	}
}

func TestAnUpgradeWhoseCopyPrintsNoStatementsSaysSo(t *testing.T) {
	w, bucket := upgrading(t, "2026-11-20 04:00:02.002+0000 INFO  [StoreCopy] ... found 0 schema definitions.\n")
	warned := upgrades(t, w)
	if len(bucket.objects) != 1 || bucket.objects["neo4j.dump"] == "" {
		t.Errorf("the bucket got %q", bucket.objects)
	}
	if !strings.Contains(warned, "indexes and constraints are not in the copy") || !strings.Contains(warned, "printed no statements") {
		t.Errorf("it says %s", warned)
	}
}
