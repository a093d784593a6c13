package backup

import (
	"testing"

	"neo4j-agent/agent/snapshot"
)

func TestABackupThatMustNotBeAChainIsOneFullArtifactThoughTheLastOneIsThere(t *testing.T) {
	f, client := newFakeS3(t)
	o := options(t, client, &fakeTool{artifact: true})
	mustRun(t, o)
	o.Chainless = "a new cluster is seeded from a full one only"
	for range 2 {
		m := manifestIn(t, f, mustRun(t, o), snapshot.Verified)
		if len(m.Objects) != 1 || m.Objects[0].Form != snapshot.Artifact || m.Type != "full" || m.Why != o.Chainless {
			t.Errorf("%+v", m)
		}
	}
}
