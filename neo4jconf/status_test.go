package neo4jconf

import (
	"strings"
	"testing"
)

func TestLaterGenerationsAreAskedByWhatTheyHave(t *testing.T) {
	for _, version := range []string{"5.0.0", "5.26.30", "2025.1.0", "2026.8.1"} {
		got := dialectOf(t, version).Status("movies")
		if got.Writable != "/db/movies/cluster/writable" || got.Describe != "/db/movies/cluster/status" {
			t.Errorf("%s: %+v", version, got)
		}
		if !got.SelectsDatabase || strings.Contains(got.Overview, "dbms.cluster") {
			t.Errorf("%s: asked by procedures that are gone: %+v", version, got)
		}
		for _, column := range []string{"serverID AS id", "AS addresses", "AS databases"} {
			if !strings.Contains(got.Overview, column) {
				t.Errorf("%s: the overview has no column %s", version, column)
			}
		}
	}
}
