package integration

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"neo4j-agent/integration/localcluster"
)

// TestABadConfigurationIsSaidOnceAndNotRetried asks each server for what it cannot do, which only the server itself knows.
// Neo4j's launcher of 4.4 and later says so before the start (exit code 78); where it does not, the server starts once and
// ends with 1, as it does for everything.
func TestABadConfigurationIsSaidOnceAndNotRetried(t *testing.T) {
	for _, g := range generations {
		for _, bad := range []struct{ name, setting, value string }{
			{"an unknown setting", "dbms.no_such_setting", "1"},
			{"an invalid value", sampleSize[g.names], "plenty"},
		} {
			t.Run(g.String()+"/"+bad.name, func(t *testing.T) {
				m := g.member(t, map[string]string{variable(strictValidation[g.names]): "true", variable(bad.setting): bad.value})
				if err := m.Start(); err != nil {
					t.Fatal(err)
				}
				code := wait(t, m, 2*time.Minute)
				starts := strings.Count(m.LogText(), "the database has been started")
				said := complaints(m)
				before := code == 78 && starts == 0 && len(said) > 0 && strings.Contains(said[0], bad.setting)
				after := code == 1 && starts == 1 && len(said) == 1 && strings.Contains(said[0], "no restart can help")
				if !before && (!after || g.names == names5) {
					t.Errorf("exit code %d after %d starts, with the complaints %q", code, starts, said)
				}
				if !strings.Contains(m.LogText(), bad.setting) {
					t.Errorf("nothing names %s", bad.setting)
				}
			})
		}
	}
}

// complaints are the messages of the agent's own log that somebody must act on.
func complaints(m *localcluster.Member) []string {
	var found []string
	for line := range strings.Lines(m.LogText()) {
		var entry struct{ Level, Message string }
		if json.Unmarshal([]byte(line), &entry) == nil && entry.Level == "error" {
			found = append(found, entry.Message)
		}
	}
	return found
}
