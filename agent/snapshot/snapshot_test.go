package snapshot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/go-cmp/cmp"
)

var at = time.Date(2026, 11, 20, 4, 0, 0, 0, time.UTC)

func good() Manifest {
	return Manifest{Format: 1, Cluster: "neo4j", Kind: Hourly, Time: at, Neo4j: "3.5.0", Objects: []Object{{
		Database: "graph.db", Name: "graph.db.tar.zst", Form: Store, Size: 10, SHA256: strings.Repeat("ab", 32), Content: 20, Files: 2,
	}}}
}

func TestAManifestIsReadAsItWasWritten(t *testing.T) {
	m := good()
	m.Verification = &Verification{How: "consistency check", Time: at}
	text, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	read, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&m, read); diff != "" {
		t.Error(diff)
	}
}

func TestAManifestThatCannotBeTrustedIsRefused(t *testing.T) {
	for name, spoil := range map[string]func(*Manifest){
		"format 2 is not known":          func(m *Manifest) { m.Format = 2 },
		"no objects":                     func(m *Manifest) { m.Objects = nil },
		"not the name of a cluster":      func(m *Manifest) { m.Cluster = "a/b" },
		"not a kind":                     func(m *Manifest) { m.Kind = "weekly" },
		"no time":                        func(m *Manifest) { m.Time = time.Time{} },
		"not the name of a database":     func(m *Manifest) { m.Objects[0].Database = "../x" },
		"not the name of an object":      func(m *Manifest) { m.Objects[0].Name = "../../other" },
		`".." is not the name`:           func(m *Manifest) { m.Objects[0].Name = ".." },
		`"manifest.json" is not`:         func(m *Manifest) { m.Objects[0].Name = Verified },
		`"manifest.partial.json" is not`: func(m *Manifest) { m.Objects[0].Name = Partial },
		"unknown form":                   func(m *Manifest) { m.Objects[0].Form = "zip" },
		"size that cannot be":            func(m *Manifest) { m.Objects[0].Size = -1 },
		"no SHA-256":                     func(m *Manifest) { m.Objects[0].SHA256 = "abcd" },
		"does not say what it unpacks":   func(m *Manifest) { m.Objects[0].Content = 0 },
		"two objects are called":         func(m *Manifest) { m.Objects = append(m.Objects, m.Objects[0]) },
		"\"-from\" is not the name of a": func(m *Manifest) { m.Objects[0].Database = "-from" },
	} {
		m := good()
		spoil(&m)
		if err := m.check(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("want %q, got %v", name, err)
		}
		if _, err := m.Encode(); err == nil {
			t.Errorf("%s: it was written", name)
		}
	}
}

func TestAFolderTellsItsTime(t *testing.T) {
	layout := Layout{Prefix: "a/b", Cluster: "prod"}
	folder := layout.Folder(Daily, at.In(time.FixedZone("", 3600)))
	if want := "a/b/daily/prod/2026-11-20T04-00-00Z/"; folder != want {
		t.Errorf("want %s, got %s", want, folder)
	}
	if read, ok := TimeOf(folder); !ok || !read.Equal(at) {
		t.Errorf("read %v, %v", read, ok)
	}
}

// fakeBucket lists keys as ListObjectsV2 does, two to a page.
type fakeBucket struct {
	keys []string
	fail error
}

func (f fakeBucket) ListObjectsV2(_ context.Context, in *s3.ListObjectsV2Input, _ ...func(*s3.Options)) (*s3.ListObjectsV2Output, error) {
	if f.fail != nil {
		return nil, f.fail
	}
	slices.Sort(f.keys)
	out := &s3.ListObjectsV2Output{IsTruncated: aws.Bool(false)}
	for _, key := range f.keys {
		rest, in1 := strings.CutPrefix(key, *in.Prefix)
		if !in1 || key <= aws.ToString(in.ContinuationToken) || in.Delimiter != nil && strings.Contains(rest, *in.Delimiter) {
			continue
		}
		if len(out.Contents) == 2 {
			out.IsTruncated, out.NextContinuationToken = aws.Bool(true), out.Contents[1].Key
			break
		}
		out.Contents = append(out.Contents, types.Object{Key: aws.String(key), Size: aws.Int64(5)})
	}
	return out, nil
}

func TestOnlyAFolderWithAManifestCountsAsVerified(t *testing.T) {
	folder := Layout{Cluster: "neo4j"}.Folder
	bucket := fakeBucket{keys: []string{
		folder(Hourly, at) + "a.tar.zst", folder(Hourly, at) + "b.tar.zst", folder(Hourly, at) + Verified,
		folder(Hourly, at.Add(time.Hour)) + "a.tar.zst", folder(Hourly, at.Add(time.Hour)) + NotVerified,
		folder(Hourly, at.Add(2*time.Hour)) + "a.tar.zst", folder(Hourly, at.Add(2*time.Hour)) + Partial,
		folder(Daily, at.Add(-time.Hour)) + "a.tar.zst", folder(Daily, at.Add(-time.Hour)) + Verified,
		folder(Hourly, at.Add(-2*time.Hour)) + Verified, // whose data has expired
		"hourly/other/2026-11-20T04-00-00Z/" + Verified,
		"hourly/neo4j/not-a-time/" + Verified,
		"hourly/neo4j/2026-11-20T04-00-00Z/deeper/" + Verified,
		"hourly/neo4j-backup-1700000000.zip", "hourly/not-verified/neo4j-backup-1700000001.zip", "hourly/else.zip",
	}}
	found, err := List(t.Context(), bucket, "b", Layout{Cluster: "neo4j"})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, b := range found {
		got = append(got, fmt.Sprintf("%s %d %v %v %v", b.Key, b.Size, b.Verified, b.Partial, b.Old))
	}
	want := []string{
		"hourly/neo4j/2026-11-20T06-00-00Z/ 5 false true false",
		"hourly/neo4j/2026-11-20T05-00-00Z/ 5 false false false",
		"hourly/neo4j/2026-11-20T04-00-00Z/ 10 true false false",
		"daily/neo4j/2026-11-20T03-00-00Z/ 5 true false false",
		"hourly/neo4j/2026-11-20T02-00-00Z/ 0 false false false",
		"hourly/neo4j-backup-1700000000.zip 5 true false true",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	bucket.fail = errors.New("no")
	if _, err := List(t.Context(), bucket, "b", Layout{}); err == nil {
		t.Error("a list that failed counts as empty")
	}
}

func FuzzAManifestThatIsTakenNamesNothingOutside(f *testing.F) {
	m := good()
	text, _ := m.Encode()
	f.Add(text)
	f.Add([]byte(`{"format":1,"time":"2026-01-01T00:00:00Z","objects":[{"name":".."}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := Parse(text)
		if err != nil {
			return
		}
		for _, object := range m.Objects {
			if strings.ContainsAny(object.Name+object.Database, "/\\\x00") || object.Size <= 0 {
				t.Errorf("taken: %+v", object)
			}
		}
	})
}
