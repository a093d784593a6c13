package integration

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"neo4j-agent/integration/localcluster"
)

// alone makes one member that knows of no cluster and no AWS.
func alone(t *testing.T, env map[string]string) *localcluster.Member {
	t.Helper()
	c := newCluster(t, localcluster.Options{})
	return c.Add(localcluster.MemberOptions{Role: localcluster.Standalone, Env: env})
}

func isReady(m *localcluster.Member) func() (bool, string) {
	return func() (bool, string) {
		s := statusOf(m)
		return s.Phase == "ready", s.String()
	}
}

// TestOneMemberAsTheOfficialImagesReadmeStartsIt is for those who only want a database: no cluster, no AWS, Neo4j's own
// lines on standard output as Neo4j wrote them.
func TestOneMemberAsTheOfficialImagesReadmeStartsIt(t *testing.T) {
	m := alone(t, nil)
	if err := m.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a ready member", formation, isReady(m))
	answers(t, m, "/healthz", 200)
	answers(t, m, "/writable", 200)
	if role := statusOf(m).Role; role != "STANDALONE" {
		t.Errorf("its role is %s, want STANDALONE", role)
	}
	one, _, err := query(t.Context(), driver(t, m.BoltURI()), neo4j.AccessModeWrite, "RETURN 1")
	if err != nil || one != int64(1) {
		t.Errorf("RETURN 1 gives %v (%v)", one, err)
	}
	for _, line := range []string{"INFO  ======== Neo4j", "INFO  Started."} {
		if !strings.Contains(m.LogText(), line) {
			t.Errorf("its output lacks Neo4j's line %q", line)
		}
	}
	if err := m.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := wait(t, m, time.Minute); code != 0 {
		t.Errorf("it left with exit code %d, want 0", code)
	}
}
