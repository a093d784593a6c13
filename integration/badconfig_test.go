package integration

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"neo4j-agent/integration/localcluster"
)

// TestABadConfigurationIsSaidOnceAndNotRetried asks each server for what it cannot do. Only the server itself knows that
// it is wrong, and it ends with 1 for that as for everything.
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
				if code := wait(t, m, 2*time.Minute); code != 1 {
					t.Errorf("the exit code is %d, want Neo4j's own, 1", code)
				}
				if got := strings.Count(m.LogText(), "the database has been started"); got != 1 {
					t.Errorf("the database was started %d times, want once", got)
				}
				if errors := complaints(m); len(errors) != 1 || !strings.Contains(errors[0], "no restart can help") {
					t.Errorf("the agent complains %q, want one line that says why it does not try again", errors)
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
