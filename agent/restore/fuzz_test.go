package restore

import (
	"archive/zip"
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"neo4j-agent/agent/snapshot"
)

func FuzzASnapshotPathMeansOneThing(f *testing.F) {
	for _, text := range []string{"", "latest", "latest/daily", "@2026-11-20T04:00Z", "bucket/key.zip", "s3://bucket/key/", "/a/b", "s3:///x", "http://a/b"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := parseSpec(text)
		if err != nil {
			return
		}
		switch {
		case s.kind == key && (s.bucket == "" || s.key == "" || strings.ContainsAny(s.bucket, "/:")):
			t.Errorf("%q: %+v", text, s)
		case s.kind == key && "s3://"+s.bucket+"/"+s.key != text && s.bucket+"/"+s.key != text:
			t.Errorf("%q became %+v", text, s)
		case s.kind == local && !filepath.IsAbs(s.key):
			t.Errorf("%q: %+v", text, s)
		case (s.kind == nothing) != (text == ""):
			t.Errorf("%q: %+v", text, s)
		}
	})
}

func FuzzANameThatIsTakenStaysBelowItsFolder(f *testing.F) {
	for _, c := range hostile {
		for _, e := range c.entries {
			f.Add(e.name)
		}
	}
	f.Fuzz(func(t *testing.T, name string) {
		clean, err := newNames().take(name, false)
		if err != nil {
			return
		}
		if !filepath.IsLocal(clean) || filepath.Clean(clean) != clean || strings.ContainsAny(clean, "\\\x00\n") {
			t.Errorf("%q became %q", name, clean)
		}
	})
}

func FuzzAnArchiveEndsInFilesOrAnError(f *testing.F) {
	f.Add(zipOf(map[string][]byte{"neostore": []byte("x"), "a/b": make([]byte, 2000)}, "x/"), true)
	f.Add(tarOf(map[string][]byte{"neostore": []byte("x")}, ""), false)
	f.Add(movedZip(0), true)
	f.Add(hostileTar(hostile["symbolic link"].entries), false)
	f.Fuzz(func(t *testing.T, content []byte, zipped bool) {
		root := filepath.Join(t.TempDir(), "in")
		bucket, api := newFakeS3(t)
		r := inTest(Options{S3: api, Staging: root}, osDisk{})
		r.meter = newMeter(nil)
		u := r.unpacker(root, int64(len(content)))
		u.limit = 1 << 20
		if !zipped {
			_ = u.tar("a.tar", bytes.NewReader(content))
		} else if len(content) > 0 {
			bucket.put("a.zip", content)
			from := bucketOf(api)
			o, err := from.stat(t.Context(), "a.zip")
			if err != nil {
				t.Fatal(err)
			}
			err = u.zip(t.Context(), r.transfer(from), o)
			if _, bad := zip.NewReader(bytes.NewReader(content), int64(len(content))); bad != nil && err == nil {
				t.Errorf("taken although archive/zip says %v", bad)
			}
		}
		if left := names1(t, filepath.Dir(root)); len(left) > 1 {
			t.Errorf("written outside: %v", left)
		}
	})
}

func bucketOf(api S3) bucket { return bucket{api, "backups"} }

func FuzzAPinOrManifestThatIsDamagedIsRefused(f *testing.F) {
	f.Add([]byte(`{"cluster":"neo4j","key":"a/","expires":"2026-01-01T00:00:00Z"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		bucket, api := newFakeS3(t)
		bucket.put("pins/neo4j/latest/00000001.json", text)
		r := inTest(Options{S3: api, Bucket: "backups", Snapshot: "latest", Layout: snapshot.Layout{Cluster: "neo4j"}}, osDisk{})
		p := &pin{r: r, prefix: "pins/neo4j/latest/"}
		if err := p.read(t.Context()); err == nil && p.held.Cluster != "neo4j" {
			t.Errorf("taken: %q", text)
		}
	})
}
