package integration

import (
	"bytes"
	"errors"
	"maps"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// keeps wants what only neo4j-admin can tell to be useless to replace nothing, and a good dump to replace all.
func (o *office) keeps() {
	store := filepath.Join(o.member.Home, "data/databases", begun)
	before, err := digests(store)
	if err != nil || len(before) == 0 {
		o.t.Fatalf("%v: %v", before, err)
	}
	useless := map[string]string{"filled.dump": "DZV1" + packed(o.t, "this is no store")}
	if o.admin.Dialect.Version.Major >= 5 {
		useless[begun+"-2026-11-20T04-00-00.backup"] = "BZV1" + packed(o.t, "nor is this")[:12]
	}
	for name, text := range useless {
		path := filepath.Join(o.folder("useless"), name)
		writeText(o.t, path, text)
		said, code := o.restoresByHand(path)
		after, err := digests(store)
		if code != 65 || err != nil || !maps.Equal(after, before) {
			o.t.Errorf("%s: exit code %d, the old store is untouched: %v\n%s", name, code, maps.Equal(after, before), said)
		}
	}
	if said, code := o.restoresByHand(filepath.Join(o.folder("dumps"), "neo4j.dump")); code != 0 {
		o.t.Errorf("exit code %d\n%s", code, said)
	}
	o.opens()
	if n := o.counts(); n != 1000 {
		o.t.Errorf("after the dump was restored over the store there are %d relationships, want 1000", n)
	}
	o.closes()
}

// restoresByHand restores over what is there.
func (o *office) restoresByHand(source string) (said []byte, code int) {
	o.t.Helper()
	said, err := command(o.member, "restore", source, "--overwrite").CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return said, exit.ExitCode()
	}
	if err != nil {
		o.t.Fatal(err)
	}
	return said, 0
}

// packed is a text as zstd packs it.
func packed(t testing.TB, text string) string {
	t.Helper()
	var out bytes.Buffer
	w, err := zstd.NewWriter(&out)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}
