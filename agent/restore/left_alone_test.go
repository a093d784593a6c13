package restore

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"neo4j-agent/agent/snapshot"
)

// leftOne: a volume restored from first, which left second alone.
func leftOne(t *testing.T) (*fakeS3, S3, volume) {
	t.Helper()
	bucket, api := newFakeS3(t)
	bucket.putBackup(snapshot.Hourly, taken, map[string]map[string][]byte{"graph.db": store(1)})
	v := newVolume(t)
	o := v.eachNew(api)
	v.mustRestore(o)
	bucket.putBackup(snapshot.Hourly, taken.Add(time.Hour), map[string]map[string][]byte{"graph.db": store(2)})
	o.Unless = running(1)
	v.mustRestore(o)
	bucket.forgetPins()
	return bucket, api, v
}

func TestACoreThatLosesTheRaceForAPinDoesAsTheOneThatWonIt(t *testing.T) {
	bucket, api := newFakeS3(t)
	bucket.putBackup(snapshot.Hourly, taken, map[string]map[string][]byte{"graph.db": store(1)})
	v := newVolume(t)
	v.mustRestore(v.options("latest", api))
	bucket.putBackup(snapshot.Hourly, taken.Add(time.Hour), map[string]map[string][]byte{"graph.db": store(2)})
	text, _ := json.Marshal(pinned{Cluster: "neo4j", Asked: "latest", Key: firstKey, Expires: time.Now().Add(-time.Hour), Since: time.Now().Add(-2 * time.Hour), Left: true})
	bucket.put("pins/neo4j/latest/00000007.json", text)
	other := sync.OnceFunc(func() { // another core is faster: it restores the second
		text, _ := json.Marshal(pinned{Cluster: "neo4j", Asked: "latest", Key: secondKey, Expires: time.Now().Add(pinLife), Since: time.Now()})
		bucket.put("pins/neo4j/latest/00000008.json", text)
	})
	bucket.fault = func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPut && strings.HasSuffix(r.URL.Path, "00000008.json") {
			other()
		}
		return false
	}
	if result := v.mustRestore(v.eachNew(api)); result.Outcome != Restored {
		t.Errorf("%+v: keeps its data, the other restored", result)
	}
}

func TestAPinOfAnOlderAgentDoesNotReplaceWhatWasKept(t *testing.T) {
	bucket, api, v := leftOne(t)
	bucket.put("pins/neo4j/latest/00000007.json", []byte(`{"cluster":"neo4j","asked":"latest","key":"`+secondKey+`","expires":"`+time.Now().Add(pinLife).UTC().Format(time.RFC3339)+`"}`))
	if result := v.mustRestore(v.eachNew(api)); result.Outcome != Already {
		t.Errorf("%+v: it replaced the newer data", result)
	}
}

func TestAMarkerOfAnOlderAgentKeepsTheDataToo(t *testing.T) {
	_, api, v := leftOne(t)
	names, _ := filepath.Glob(filepath.Join(v.markers(), "*.done"))
	for _, name := range names {
		text, err := os.ReadFile(name)
		var m marker
		if err == nil && json.Unmarshal(text, &m) == nil && m.State == stateJoined {
			m.Source = ""
			text, _ = json.Marshal(m)
			err = os.WriteFile(name, text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if result := v.mustRestore(v.eachNew(api)); result.Outcome != Already {
		t.Errorf("%+v: it replaced the newer data", result)
	}
}

func TestADryRunSaysWhatTheRealOneWouldDoWhereABackupWasLeftAlone(t *testing.T) {
	_, api, v := leftOne(t)
	o := v.eachNew(api)
	o.Dry = true
	dry := v.mustRestore(o)
	o.Dry = false
	actual := v.mustRestore(o)
	if dry.Outcome != actual.Outcome {
		t.Errorf("dry %+v, real %+v", dry, actual)
	}
}

func TestAnEmptyCoreThatStartsFirstDoesNotDecideForThoseWithData(t *testing.T) {
	_, api, v := leftOne(t)
	empty := newVolume(t)
	empty.mustRestore(empty.eachNew(api))
	if result := v.mustRestore(v.eachNew(api)); result.Outcome != Already {
		t.Errorf("%+v: it replaced newer data since an empty member came first", result)
	}
}
