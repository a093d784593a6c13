package integration

import (
	"strings"
	"testing"
	"time"

	"neo4j-agent/integration/localcluster"
)

func (s *story) killServe(t *testing.T, m *localcluster.Member) {
	t.Helper()
	if _, err := m.KillServe(); err != nil {
		t.Fatal(err)
	}
	s.kills[m.Name]++
}

// logsQueries asks each member, whatever its role, and writes on the leader.
func logsQueries(t *testing.T, s *story) {
	for _, m := range s.Members {
		a := asks(t, m)
		a.special()
		if m == withRole(t, s.cores, "LEADER") {
			a.run("CREATE (n:Logged {by: $by}) DELETE n", map[string]any{"by": "the leader"}, "{by: 'the leader'}", false)
		}
		for range times(1, 10) {
			a.load(100_000)
			s.killServe(t, m)
			a.load(100_000)
			eventually(t, "serve to be back", time.Minute, func() (bool, string) {
				_, err := m.Serve()
				return err == nil, lastLine(m.LogText())
			})
		}
		s.asked[m.Name] = a.all
	}
	waitReady(t, s.Members)
}

// haveArrived holds what each member, stopped, has in its files against what was sent, from the first start on.
func haveArrived(t *testing.T, s *story) {
	t.Helper()
	for _, m := range s.Members {
		stream := m.Name + "/query"
		all, files := logged(t, m.Volume)
		again := arrivedInOrder(t, s.logs, stream, all, s.kills[m.Name])
		t.Logf("%s: %d entries in %d files, %d statements of ours, %d kills of serve, %d sent again", m.Name, len(all), files, len(s.asked[m.Name]), s.kills[m.Name], again)
		if files < 3 {
			t.Errorf("the log of %s was rotated %d times only", m.Name, files-1)
		}
		for _, e := range s.logs.Events(realGroup, stream) {
			if strings.Contains(e.Message, guestPassword) {
				t.Errorf("the guest's password left: %.300s", e.Message)
			}
		}
		fieldsAreRight(t, s.logs, stream, s.asked[m.Name], strings.TrimPrefix(m.BoltURI(), "bolt://"))
	}
	if broken := s.logs.Broken(); len(broken) > 0 {
		t.Errorf("limits broken: %q", broken)
	}
}
