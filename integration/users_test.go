package integration

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"
	"github.com/neo4j/neo4j-go-driver/v5/neo4j/config"

	"neo4j-agent/agent/health"
	"neo4j-agent/integration/localcluster"
)

const guestPassword = "guest-password-1"

// hostile is a password of 1,000 characters that is awkward in Cypher, YAML, URLs and shells.
var hostile = "1,000 and some" + strings.Repeat(`it's "quoted" / \ $x {y: #} ; é王🦉 `, 30)

// listed are users as AGENT_USERS has them.
type listed map[string]any

func writeUsers(t *testing.T, path string, users ...listed) {
	t.Helper()
	text, err := json.Marshal(users)
	if err != nil {
		t.Fatal(err)
	}
	write(t, path, string(text))
}

// usersOf is what /status tells of users.
func usersOf(t *testing.T, m *localcluster.Member) health.Users {
	t.Helper()
	_, body, err := m.Get(t.Context(), "/status")
	var status struct{ Users health.Users }
	if err == nil {
		err = json.Unmarshal(body, &status)
	}
	if err != nil {
		return health.Users{Reason: err.Error()}
	}
	return status.Users
}

func usersBecome(t *testing.T, m *localcluster.Member, state health.UsersState) health.Users {
	t.Helper()
	var now health.Users
	eventually(t, "the users to be "+string(state), 2*time.Minute, func() (bool, string) {
		now = usersOf(t, m)
		return now.State == state, fmt.Sprintf("%+v", now)
	})
	return now
}

// TestUsersAreWhatTheSettingsSay makes, changes and removes users of a real server of each generation.
func TestUsersAreWhatTheSettingsSay(t *testing.T) {
	for _, g := range played(0, 1, 4) { // procedures, without a database name, in the database system
		t.Run(g.String(), func(t *testing.T) {
			const name = "it's\"a\"/$x`y\\"
			list := filepath.Join(t.TempDir(), "users.json")
			writeUsers(t, list, listed{"name": name, "password": hostile}, listed{"name": "eve", "password": "eve-password-1"})
			root := t.TempDir()
			env := map[string]string{"NEO4J_GUEST_AUTH": "guest/" + guestPassword, "AGENT_USERS_FILE": list, "NEO4J_DATA_ROOT": root}
			if g.version == "" { // Community writes no query log
				env["NEO4J_QUERY_LOG"], env["NEO4J_dbms_logs_query_threshold"] = "enabled", "0"
			}
			m := g.member(t, env)
			getReady(t, m)
			usersBecome(t, m, health.UsersOK)
			makeJoAs(t, m, g, localcluster.Password)
			logsIn(t, m, name, hostile, true)
			logsIn(t, m, "eve", "eve-password-1", true)
			logsIn(t, m, "guest", guestPassword, true)
			goesOnAfterAChange(t, m, name, func() {
				writeUsers(t, list, listed{"name": name, "password": "another-password"}, listed{"name": "eve", "ensure": "absent"})
				if err := m.Signal(syscall.SIGHUP); err != nil {
					t.Fatal(err)
				}
				eventually(t, "both changes", time.Minute, func() (bool, string) {
					now := usersOf(t, m)
					return now.State == health.UsersOK && strings.Contains(m.LogText(), `"eve\" removed`) && strings.Contains(m.LogText(), `"password of user \"it`), fmt.Sprintf("%+v", now)
				})
			})
			logsIn(t, m, name, "another-password", true)
			logsIn(t, m, "eve", "eve-password-1", false)
			logsIn(t, m, "jo", "password-of-jo", true) // whom nobody has listed
			if _, err := m.KillServe(); err != nil {
				t.Fatal(err)
			}
			if now := usersBecome(t, m, health.UsersOK); now.Changes != 0 || now.Listed != 3 {
				t.Errorf("a new serve finds something to change: %+v", now)
			}
			logs := neo4jLogs(t, root)
			if g.version == "" && !strings.Contains(logs, "createUser") {
				t.Error("the query log lacks the statements")
			}
			logs += m.LogText()
			for _, secret := range []string{guestPassword, "another-password", "eve-password-1", "$x {y"} {
				if strings.Contains(logs, secret) {
					t.Errorf("a log has a password: %.40s", secret)
				}
			}
			leave(t, m)
		})
	}
}

// neo4jLogs are all that Neo4j itself has written: its query log too, where it has one.
func neo4jLogs(t *testing.T, root string) string {
	t.Helper()
	var all strings.Builder
	paths, err := filepath.Glob(filepath.Join(root, "logs", "*.log"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no logs of Neo4j: %v", err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}

// goesOnAfterAChange keeps a connection of a user while the password is changed.
func goesOnAfterAChange(t *testing.T, m *localcluster.Member, user string, change func()) {
	t.Helper()
	d, err := neo4j.NewDriverWithContext(m.BoltURI(), neo4j.BasicAuth(user, hostile, ""), func(c *config.Config) { c.MaxConnectionPoolSize = 1 })
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close(t.Context()) }()
	for _, then := range []func(){change, func() {}} { // a new session, for 4.1 takes no bookmarks of its own by Bolt 3
		if _, _, err := query(t.Context(), d, neo4j.AccessModeWrite, "RETURN 1"); err != nil {
			t.Errorf("a connection that was there before: %v", err)
		}
		then()
	}
}

// TestRolesAndSuspensionOfARealEnterpriseServer is for 3.5, the one Enterprise there is here.
func TestRolesAndSuspensionOfARealEnterpriseServer(t *testing.T) {
	list := filepath.Join(t.TempDir(), "users.yaml")
	password := filepath.Join(filepath.Dir(list), "ann")
	write(t, password, "ann-password-1\n")
	write(t, list, "- {name: ann, passwordFile: "+password+", roles: [architect, editor]}\n- {name: bob, password: bob-password-1, roles: [reader]}\n")
	m := generations[0].member(t, map[string]string{"NEO4J_GUEST_AUTH": "guest/" + guestPassword, "AGENT_USERS_FILE": list})
	getReady(t, m)
	usersBecome(t, m, health.UsersOK)
	for user, want := range map[string]struct {
		password     string
		reads, write bool
	}{"guest": {guestPassword, true, false}, "ann": {"ann-password-1", true, true}, "bob": {"bob-password-1", true, false}} {
		mayDo(t, m, user, want.password, "MATCH (n) RETURN count(n)", want.reads)
		mayDo(t, m, user, want.password, "CREATE (n:ByUser) RETURN count(n)", want.write)
	}
	write(t, password, "ann-password-2")
	write(t, list, "- {name: ann, passwordFile: "+password+", roles: [reader]}\n- {name: bob, password: bob-password-1, suspended: true}\n")
	if err := m.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	eventually(t, "bob to be suspended and ann to have one role", time.Minute, func() (bool, string) {
		log := m.LogText()
		return strings.Contains(log, `"bob\" suspended`) && strings.Contains(log, `"ann\" has no role architect any more`) && usersOf(t, m).State == health.UsersOK, lastLine(log)
	})
	logsIn(t, m, "bob", "bob-password-1", false)
	mayDo(t, m, "ann", "ann-password-2", "CREATE (n:ByUser) RETURN count(n)", false)
	leave(t, m)
}

// mayDo wants a statement of a user to be run, or not.
func mayDo(t *testing.T, m *localcluster.Member, user, password, statement string, want bool) {
	t.Helper()
	d, err := neo4j.NewDriverWithContext(m.BoltURI(), neo4j.BasicAuth(user, password, ""))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close(t.Context()) }()
	if _, _, err = query(t.Context(), d, neo4j.AccessModeWrite, statement); (err == nil) != want {
		t.Errorf("%s of %s: %v", statement, user, err)
	}
}

// hasGuest: a member of 3.5 has users of its own.
func hasGuest(t *testing.T, s *story) {
	for _, m := range s.Members {
		usersBecome(t, m, health.UsersOK)
		mayDo(t, m, "guest", guestPassword, "MATCH (n) RETURN count(n)", true)
		mayDo(t, m, "guest", guestPassword, "CREATE (n:ByGuest) RETURN count(n)", false)
	}
}

// TestAVolumeWithAnotherAdministratorsPassword is what a restore leaves, or a variable that was changed.
func TestAVolumeWithAnotherAdministratorsPassword(t *testing.T) {
	for _, g := range played(0, 2) {
		t.Run(g.String(), func(t *testing.T) {
			env := map[string]string{"NEO4J_AUTH": "neo4j/lost-long-ago"}
			m := g.member(t, env)
			getReady(t, m)
			leave(t, m)
			previous := filepath.Join(t.TempDir(), "previous")
			write(t, previous, "not-that-one-either\n")
			env["NEO4J_AUTH"], env["NEO4J_GUEST_AUTH"] = "neo4j/"+localcluster.Password, "guest/"+guestPassword
			env["NEO4J_ADMIN_PASSWORD_PREVIOUS_FILE"] = previous
			getReady(t, m) // it serves on
			if now := usersBecome(t, m, health.UsersRefused); !strings.Contains(now.Reason, "NEO4J_ADMIN_PASSWORD_PREVIOUS") {
				t.Errorf("what to do is not said: %+v", now)
			}
			logsIn(t, m, "neo4j", "lost-long-ago", true)
			for range 4 { // from the third on each has the server lock out for some seconds
				logsIn(t, m, "neo4j", "a-guess", false)
			}
			write(t, previous, "lost-long-ago\n")
			if err := m.Signal(syscall.SIGHUP); err != nil {
				t.Fatal(err)
			}
			usersBecome(t, m, health.UsersOK)
			logsIn(t, m, "neo4j", localcluster.Password, true)
			logsIn(t, m, "guest", guestPassword, true)
			leave(t, m)
		})
	}
}
