package restore

import (
	"testing"
	"time"

	"neo4j-agent/agent/snapshot"
)

func TestAPartialBackupIsRestoredOnlyByItsKey(t *testing.T) {
	bucket, api := newFakeS3(t)
	bucket.putBackup(snapshot.Daily, taken, map[string]map[string][]byte{"graph.db": store(1)})
	later := taken.Add(time.Hour)
	m := bucket.putBackup(snapshot.Hourly, later, map[string]map[string][]byte{"graph.db": store(2)})
	folder := snapshot.Layout{Cluster: "neo4j"}.Folder(snapshot.Hourly, later)
	m.Partial = true
	text, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	delete(bucket.objects, folder+snapshot.Verified)
	bucket.put(folder+m.Final(), text)
	for _, spec := range []string{"latest", "@" + later.Format("2006-01-02T15:04Z")} {
		v := newVolume(t)
		v.mustRestore(v.options(spec, api))
		v.holds("graph.db", store(1))
	}
	v := newVolume(t)
	v.mustRestore(v.options("backups/"+folder, api))
	v.holds("graph.db", store(2))
}
