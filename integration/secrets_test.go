package integration

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"neo4j-agent/agent/health"
	"neo4j-agent/integration/localcluster"
)

// lookedUp is how often these tests have secrets looked up, and lookLimit when a change must have been seen.
const (
	lookedUp  = 2 * time.Second
	lookLimit = lookedUp + time.Second
)

// vault is moto's Secrets Manager at the end of a line that can be cut.
type vault struct {
	*secretsmanager.Client
	*line // by which the agent reaches it
	t     *testing.T
}

func newVault(t *testing.T) *vault {
	t.Helper()
	moto, err := installed(t).StartMoto(t.Context(), t.TempDir(), 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(moto.Stop)
	return &vault{t: t, line: newLine(t, strings.TrimPrefix(moto.Endpoint, "http://")), Client: moto.Secrets()}
}

// env lets an agent reach the vault.
func (v *vault) env(more ...string) map[string]string {
	env := map[string]string{
		"AWS_ENDPOINT_URL_SECRETS_MANAGER": "http://" + v.address, "AWS_ACCESS_KEY_ID": localcluster.AccessKey,
		"AWS_SECRET_ACCESS_KEY": localcluster.SecretKey, "AGENT_SECRETS_EVERY": lookedUp.String(),
	}
	for i := 0; i < len(more); i += 2 {
		env[more[i]] = more[i+1]
	}
	return env
}

// make makes a secret and gives its ARN.
func (v *vault) make(name, text string) string {
	v.t.Helper()
	made, err := v.CreateSecret(v.t.Context(), &secretsmanager.CreateSecretInput{Name: &name, SecretString: &text})
	if err != nil {
		v.t.Fatal(err)
	}
	return aws.ToString(made.ARN)
}

// rotate gives a secret another value; the one before gets the label AWSPREVIOUS.
func (v *vault) rotate(arn, text string) {
	v.t.Helper()
	if _, err := v.PutSecretValue(v.t.Context(), &secretsmanager.PutSecretValueInput{SecretId: &arn, SecretString: &text}); err != nil {
		v.t.Fatal(err)
	}
}

// changePassword changes the administrator's password in the server, as a rotation function would.
func changePassword(t *testing.T, m *localcluster.Member, from, to string) {
	t.Helper()
	d := as(t, m, from)
	defer func() { _ = d.Close(context.Background()) }()
	_, err := neo4j.ExecuteQuery(t.Context(), d, "ALTER CURRENT USER SET PASSWORD FROM $from TO $to",
		map[string]any{"from": from, "to": to}, neo4j.EagerResultTransformer, neo4j.ExecuteQueryWithDatabase("system"))
	if err != nil {
		t.Fatal(err)
	}
}

// as is a driver of the administrator with a password.
func as(t *testing.T, m *localcluster.Member, password string) neo4j.DriverWithContext {
	t.Helper()
	d, err := neo4j.NewDriverWithContext(m.BoltURI(), neo4j.BasicAuth("neo4j", password, ""))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// knows waits until the agent's own connection is accepted, or is not: then a ready member says so.
func knows(t *testing.T, m *localcluster.Member, accepted bool) {
	t.Helper()
	eventually(t, fmt.Sprintf("a ready member whose own connection is accepted: %v", accepted), formation, func() (bool, string) {
		s := statusOf(m)
		return s.Phase == "ready" && strings.Contains(s.Reason, "no credentials that neo4j accepts") != accepted, s.String()
	})
}

func said(m *localcluster.Member, text string) func() (bool, string) {
	return func() (bool, string) { return strings.Contains(m.LogText(), text), "the log does not say it" }
}

// TestAPasswordInSecretsManagerFromTheFirstStartThroughARotationAndAnOutage is the life of a secret: it makes the initial
// password, is rotated in the server and in the store, and goes on counting while the store is away.
func TestAPasswordInSecretsManagerFromTheFirstStartThroughARotationAndAnOutage(t *testing.T) {
	const first, second = "the-first-password", "the-second/\"pässword"
	v := newVault(t)
	arn := v.make("neo4j/admin", `{"username":"neo4j","password":"`+first+`"}`)
	scripts := t.TempDir()
	m := generation{version: localcluster.Community5}.member(t, v.env("NEO4J_AUTH", "", "NEO4J_ADMIN_PASSWORD_SECRET", arn+"#password", "AGENT_INIT_DIR", scripts))
	getReady(t, m)
	knows(t, m, true)
	write(t, filepath.Join(scripts, "later.cypher"), "CREATE (:Later);")
	if out, err := command(m, "init", "--json").CombinedOutput(); err != nil || !strings.Contains(string(out), `"state":"done"`) {
		t.Errorf("neo4j-agent init: %v\n%s", err, out)
	}

	session := as(t, m, first).NewSession(t.Context(), neo4j.SessionConfig{})
	defer func() { _ = session.Close(context.Background()) }()
	running, err := session.BeginTransaction(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	changePassword(t, m, first, second)
	if _, err := m.KillServe(); err != nil { // so that it has to connect anew
		t.Fatal(err)
	}
	knows(t, m, false)
	const taken = "secrets taken from Secrets Manager"
	begun, before := time.Now(), strings.Count(m.LogText(), taken)
	v.rotate(arn, `{"username":"neo4j","password":"the-second/\"pässword"}`)
	eventually(t, "the rotation to be seen", lookLimit, func() (bool, string) {
		return strings.Count(m.LogText(), taken) > before, "the log does not say it"
	})
	t.Logf("a rotation was seen after %s, looked for every %s", time.Since(begun).Round(10*time.Millisecond), lookedUp)
	knows(t, m, true)
	if _, err := running.Run(t.Context(), "RETURN 1", nil); err != nil {
		t.Errorf("a session with the old password did not outlive the rotation: %v", err)
	}

	outlivesAnOutage(t, v, m)
	leave(t, m)
	for _, password := range []string{first, "the-second"} {
		if strings.Contains(m.LogText(), password) {
			t.Errorf("the log has %s", password)
		}
	}
}

// outlivesAnOutage is a store that is away for longer than a minute, in the plain run for some looks at it.
func outlivesAnOutage(t *testing.T, v *vault, m *localcluster.Member) {
	t.Helper()
	const stay, again = "secrets stay as they were", "secrets can be read again"
	lasts, looks, begun := 6*lookedUp, 5, time.Now()
	if soak {
		lasts, looks = 65*time.Second, 30 // a pause of its own is at most the interval
	}
	v.away()
	eventually(t, "the outage to be noticed", lookLimit, said(m, stay))
	named := func(s status) (bool, string) {
		return s.Secrets != nil && strings.Contains(s.Secrets.Reason, "NEO4J_ADMIN_PASSWORD: cannot read secret arn:"), fmt.Sprintf("the status says %+v", s.Secrets)
	}
	eventually(t, "the status to name the outage", 2*time.Second, func() (bool, string) { return named(statusOf(m)) })
	eventually(t, "the outage to last", 2*lasts, func() (bool, string) {
		s := statusOf(m)
		if ok, text := named(s); s.Phase != "silent" && (!ok || s.Phase != "ready" || s.Reason != "" || s.Secrets.Since.Before(begun)) {
			t.Fatalf("in the outage %s, %s", s, text)
		}
		return time.Since(begun) >= lasts && v.refused() >= looks, fmt.Sprintf("%s, %d looks", time.Since(begun), v.refused())
	})
	if _, err := m.KillDatabase(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the database to be restarted with the last secrets", time.Minute, said(m, "going on with the last secrets"))
	eventually(t, "the restarted database to be ready", formation, func() (bool, string) {
		s := statusOf(m)
		return s.Phase == "ready" && s.Restarts.Done == 1 && s.Reason == "", s.String()
	})
	if lines := strings.Count(m.LogText(), stay); lines != 1 {
		t.Errorf("the log tells %d times of one outage", lines)
	}
	if _, err := m.KillServe(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a new serve to name the outage and to be ready with the last secrets", formation, func() (bool, string) {
		s := statusOf(m)
		ok, text := named(s)
		return ok && s.Phase == "ready" && s.Reason == "" && strings.Count(m.LogText(), stay) == 2, text + ", " + s.String()
	})
	t.Logf("the store was away for %s, in which it was asked %d times in vain", time.Since(begun).Round(time.Second), v.refused())
	v.back()
	eventually(t, "the end of the outage to be told", lookLimit, said(m, again))
	eventually(t, "the status to name it no more", 2*time.Second, func() (bool, string) { s := statusOf(m); return s.Secrets == nil, fmt.Sprint(s.Secrets) })
	if lines := strings.Count(m.LogText(), again); lines != 1 {
		t.Errorf("the log tells %d times of its end", lines)
	}
}

// TestASecretThatCannotBeHadEndsTheStart says why, what to do, and with which code.
func TestASecretThatCannotBeHadEndsTheStart(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	arn := v.make("neo4j/wrong", `{"user":"a-secret-that-is-not-shown"}`)
	for name, c := range map[string]struct {
		secret string
		says   []string
	}{
		"a secret without the field": {arn + "#password", []string{"NEO4J_ADMIN_PASSWORD: cannot read secret " + arn, "no field password"}},
		"no such secret":             {"arn:aws:secretsmanager:us-east-1:123456789012:secret:nothing-AbCdEf", []string{"ResourceNotFoundException", "make the secret"}},
		"a default password":         {v.make("neo4j/default", "neo4j"), []string{"NEO4J_ADMIN_PASSWORD: its value (not shown) is Neo4j's default password"}},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBox(t, obedient)
			delete(b.env, "NEO4J_ADMIN_PASSWORD")
			for variable, value := range v.env("NEO4J_ADMIN_PASSWORD_SECRET", c.secret) {
				b.with(variable, value)
			}
			b.start()
			if code := b.exit(30 * time.Second); code != 78 || b.starts() != 0 {
				t.Errorf("exit code %d after %d starts of the database, want 78 and none", code, b.starts())
			}
			for _, text := range c.says {
				if !strings.Contains(b.output.String(), text) {
					t.Errorf("the output lacks %q:\n%s", text, b.output)
				}
			}
			if strings.Contains(b.output.String(), "a-secret-that-is-not-shown") {
				t.Errorf("a secret is shown:\n%s", b.output)
			}
		})
	}
}

// TestAStartWaitsForSecretsManager: the box's password comes when the line is there again.
func TestAStartWaitsForSecretsManager(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	b := newBox(t, obedient)
	delete(b.env, "NEO4J_ADMIN_PASSWORD")
	for variable, value := range v.env("NEO4J_ADMIN_PASSWORD_SECRET", v.make("neo4j/late", "a-late-password")) {
		b.with(variable, value)
	}
	v.away()
	b.start()
	b.eventually("the start to say that it waits", 30*time.Second, func() bool { return strings.Contains(b.output.String(), "trying again: NEO4J_ADMIN_PASSWORD") })
	if b.starts() != 0 {
		t.Error("the database was started without its password")
	}
	v.back()
	b.started(1)
	if !strings.HasPrefix(b.read("volume/data/dbms/auth.ini"), "neo4j:SHA-256,") {
		t.Error("the initial password was not set")
	}
}

// TestRenderShowsTheSettingsThatSecretsManagerHas, since it prints what would be used.
func TestRenderShowsTheSettingsThatSecretsManagerHas(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	b := newBox(t, obedient)
	for variable, value := range v.env("NEO4J_dbms_security_ldap_authorization_system__password_SECRET", v.make("neo4j/ldap", "of-the-directory")) {
		b.with(variable, value)
	}
	b.args = []string{"render"}
	out, err := os.CreateTemp(b.dir, "rendered")
	if err != nil {
		t.Fatal(err)
	}
	b.stdout = out
	b.start()
	if code := b.exit(30 * time.Second); code != 0 {
		t.Fatalf("exit code %d:\n%s", code, b.output)
	}
	text, err := os.ReadFile(out.Name())
	if err != nil || !strings.Contains(string(text), "dbms.security.ldap.authorization.system_password=of-the-directory") {
		t.Errorf("the setting is missing (%v):\n%s", err, text)
	}
}

// TestARotationInSecretsManagerAloneIsBroughtIntoTheServer rotates the secrets and nothing else: the agent knows both of
// the administrator, and sets that of another user.
func TestARotationInSecretsManagerAloneIsBroughtIntoTheServer(t *testing.T) {
	const first, second = "the-first-password", "the-second-password"
	v := newVault(t)
	arn := v.make("neo4j/admin", first)
	ofAnn := v.make("neo4j/ann", `{"password":"anns-first"}`)
	m := generation{version: localcluster.Community44}.member(t, v.env("NEO4J_AUTH", "", "NEO4J_ADMIN_PASSWORD_SECRET", arn,
		"AGENT_USERS", `[{"name": "ann", "passwordSecret": "`+ofAnn+`#password"}]`))
	getReady(t, m)
	usersBecome(t, m, health.UsersOK)
	logsIn(t, m, "ann", "anns-first", true)
	v.rotate(ofAnn, `{"password":"anns-second"}`)
	eventually(t, "the server to have the other user's new password", lookLimit, said(m, `password of user \"ann\" set`))
	logsIn(t, m, "ann", "anns-second", true)
	logsIn(t, m, "ann", "anns-first", false)
	begun := time.Now()
	v.rotate(arn, second)
	eventually(t, "the server to have the new password", lookLimit, said(m, "the password of user neo4j was the previous one"))
	t.Logf("applied after %s, looked for every %s", time.Since(begun).Round(10*time.Millisecond), lookedUp)
	logsIn(t, m, "neo4j", second, true)
	logsIn(t, m, "neo4j", first, false)
	usersBecome(t, m, health.UsersOK)
	leave(t, m)
}
