package backup

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"neo4j-agent/agent/snapshot"
)

// From the n-th request on nothing gets through any more, as for a run that was killed: no clean-up either.
func TestAReaderNeverSeesWhatARunLeftThatDiedAtAnyRequest(t *testing.T) {
	for n, over := 1, false; !over; n++ {
		f, client := newFakeS3(t)
		o := options(t, client, &fakeTool{size: leastPart}) // two parts
		requests := 0
		f.Fault = func(string, string, int) fault {
			f.mu.Lock()
			defer f.mu.Unlock()
			if requests++; requests > n {
				return fault{code: "AccessDenied", status: http.StatusForbidden}
			}
			return fault{}
		}
		result, err := Run(t.Context(), o)
		over = requests <= n
		f.Fault = nil
		listed, listErr := snapshot.List(t.Context(), client, "bucket", o.Layout)
		if listErr != nil {
			t.Fatal(listErr)
		}
		if err == nil != (len(listed) == 1 && listed[0].Verified) {
			t.Errorf("died after request %d: %v, readers see %+v", n, err, listed)
		}
		for _, b := range listed {
			if b.Verified {
				whole(t, f, result)
			}
		}
		o.Tool = &fakeTool{}
		whole(t, f, mustRun(t, o))
		if len(f.uploads) != 0 {
			t.Errorf("died after request %d: the next run left %d uploads", n, len(f.uploads))
		}
	}
}

// whole holds a promoted backup against its manifest.
func whole(t *testing.T, f *fakeS3, result Result) {
	t.Helper()
	for _, object := range manifestIn(t, f, result, snapshot.Verified).Objects {
		data := f.text(strings.TrimPrefix(result.Backup, "s3://bucket/") + object.Name)
		if digest(data) != object.SHA256 {
			t.Errorf("%s%s has %d bytes that are not those of the manifest", result.Backup, object.Name, len(data))
		}
	}
}

func TestOnlyTheUploadsOfOurDeadRunsAreAborted(t *testing.T) {
	f, client := newFakeS3(t)
	old, coming := time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	f.uploads = map[string]*fakeUpload{
		"1":                   {key: "pre/hourly/prod/2026-11-20T04-00-00Z/neo4j.tar.zst", began: old},
		"2":                   {key: "pre/hourly/prod/2026-11-20T04-00-00Z/neo4j.tar.zst", began: old},
		"3":                   {key: "pre/daily/prod/2026-11-20T04-00-00Z/neo4j.tar.zst", began: old},
		"4":                   {key: "pre/hourly/prod/2026-11-21T04-00-00Z/system.tar.zst", began: old},
		"another cluster's":   {key: "pre/hourly/prod2/2026-11-20T04-00-00Z/neo4j.tar.zst", began: old},
		"another prefix":      {key: "hourly/prod/2026-11-20T04-00-00Z/neo4j.tar.zst", began: old},
		"somebody else's":     {key: "pre/dumps/prod.dump", began: old},
		"of a run after ours": {key: "pre/hourly/prod/2026-11-22T04-00-00Z/neo4j.tar.zst", began: coming},
	}
	mustRun(t, options(t, client, &fakeTool{}))
	var left []string
	for id := range f.uploads {
		left = append(left, id)
	}
	want := []string{"another cluster's", "another prefix", "of a run after ours", "somebody else's"}
	if diff := cmp.Diff(want, under(left, "")); diff != "" {
		t.Error(diff)
	}
}
