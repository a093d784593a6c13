package integration

import (
	"strings"
	"testing"
	"time"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"neo4j-agent/integration/localcluster"
)

// TestAnAdministratorsPasswordThatIsLostIsReset starts a real server of each generation on a volume that knows another
// password than the settings.
func TestAnAdministratorsPasswordThatIsLostIsReset(t *testing.T) {
	for _, g := range played(0, 3) { // a file, a statement
		t.Run(g.String(), func(t *testing.T) {
			env := map[string]string{"NEO4J_AUTH": "neo4j/lost-long-ago"}
			m := g.member(t, env)
			getReady(t, m)
			makeJoAs(t, m, g, "lost-long-ago")
			leave(t, m)
			env["NEO4J_AUTH"] = "neo4j/" + localcluster.Password
			env["AGENT_RESET_ADMIN_PASSWORD"] = "true"
			getReady(t, m)
			if !strings.Contains(m.LogText(), "the password of user neo4j is that of the settings again") {
				t.Error("the log does not tell of it")
			}
			logsIn(t, m, "neo4j", localcluster.Password, true)
			logsIn(t, m, "neo4j", "lost-long-ago", false)
			logsIn(t, m, "jo", "password-of-jo", true)
			leave(t, m)
			getReady(t, m) // it is left switched on
			if log := m.LogText(); !strings.Contains(log, "the password of user neo4j is that of the settings again") || strings.Contains(log, "cannot reset") {
				t.Error("the second reset went wrong") // the log is that of the last start
			}
			leave(t, m)
			delete(env, "AGENT_RESET_ADMIN_PASSWORD")
			getReady(t, m)
			logsIn(t, m, "neo4j", localcluster.Password, true)
			leave(t, m)
		})
	}
}

// makeJoAs makes another user, who must stay, with the administrator's password.
func makeJoAs(t *testing.T, m *localcluster.Member, g generation, password string) {
	t.Helper()
	d, err := neo4j.NewDriverWithContext(m.BoltURI(), neo4j.BasicAuth("neo4j", password, ""))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close(t.Context()) }()
	database, text := "system", "CREATE USER jo SET PASSWORD 'password-of-jo' CHANGE NOT REQUIRED"
	switch g.version {
	case "":
		database, text = "", "CALL dbms.security.createUser('jo', 'password-of-jo', false)"
	case localcluster.Community41:
		database = ""
	}
	session := d.NewSession(t.Context(), neo4j.SessionConfig{DatabaseName: database})
	defer func() { _ = session.Close(t.Context()) }()
	result, err := session.Run(t.Context(), text, nil)
	if err == nil {
		_, err = result.Consume(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// logsIn wants the server to take that password, or not.
func logsIn(t *testing.T, m *localcluster.Member, user, password string, want bool) {
	t.Helper()
	d, err := neo4j.NewDriverWithContext(m.BoltURI(), neo4j.BasicAuth(user, password, ""))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close(t.Context()) }()
	eventually(t, "an answer to a login", 30*time.Second, func() (bool, string) {
		err = d.VerifyConnectivity(t.Context())
		text := "it is taken"
		if err != nil {
			text = err.Error()
		}
		return !strings.Contains(text, "RateLimit"), text
	})
	if got := err == nil; got != want {
		t.Errorf("%s with %q: %v", user, password, err)
	}
}
