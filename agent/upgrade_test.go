package main

import (
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

	"neo4j-agent/agent/restore"
	"neo4j-agent/agent/snapshot"
	"neo4j-agent/neo4jconf"
)

// takingBucket is an S3 that takes objects, and keeps what came by the last part of their names.
type takingBucket struct {
	mu      sync.Mutex
	objects map[string]string
}

func (b *takingBucket) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	text, _ := io.ReadAll(r.Body)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.objects[path.Base(r.URL.Path)] = string(text)
}

// upgrading is an upgrade to 4.4 into a bucket. Its neo4j-admin is a script that does what the manual says of each job, as
// far as files go, and says while it copies.
func upgrading(t *testing.T, says string) (*restoring, *takingBucket) {
	t.Helper()
	bucket := &takingBucket{objects: map[string]string{}}
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

// upgrades plays the upgrade, which must put the copy in place.
func upgrades(t *testing.T, w *restoring) {
	t.Helper()
	moves, err := w.upgrade(t.Context(), []restore.Staged{{Database: "graph.db", Form: snapshot.Store, Path: "/s/graph.db"}})
	if err != nil || len(moves) != 1 || !strings.HasSuffix(moves[0].To, "/databases/neo4j") {
		t.Fatalf("%v, %v", moves, err)
	}
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
