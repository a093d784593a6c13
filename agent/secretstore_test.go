package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"
	"golang.org/x/sys/unix"

	"neo4j-agent/agent/secrets"
	"neo4j-agent/agent/settings"
)

const arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db/admin-AbCdEf"

func TestEachWayNotToGetASecretHasItsExitCode(t *testing.T) {
	for kind, want := range map[secrets.Kind]int{secrets.Away: exitTryAgain, secrets.Denied: exitPermission, secrets.Wrong: exitConfig} {
		if got := codeOf(secretErrors(fmt.Errorf("preparing: %w", &secrets.Error{Kind: kind}))); got != want {
			t.Errorf("kind %d ends with %d, want %d", kind, got, want)
		}
	}
	if err := errors.New("told to stop"); !errors.Is(secretErrors(err), err) {
		t.Error("another error is lost")
	}
}

func TestAnEndpointOfItsOwnIsAskedForSecrets(t *testing.T) {
	var asked []string
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Header.Get("X-Amz-Target"))
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		_, _ = fmt.Fprint(w, `{"SecretString":"pw"}`)
	}))
	defer web.Close()
	t.Setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", web.URL)
	s := &settings.Settings{AWS: settings.AWS{AccessKeyID: settings.NewSecret("a"), SecretAccessKey: settings.NewSecret("b")}}
	store, err := secretStore(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	values, wrong := store.Each(t.Context(), []secrets.Reference{{ARN: arn}})
	if values[secrets.Reference{ARN: arn}] != "pw" || !slices.Equal(asked, []string{"secretsmanager.GetSecretValue"}) {
		t.Errorf("got %q, %v, asked %v", values, wrong, asked)
	}
}

func TestWhatASecretWasBeforeEndsNoStart(t *testing.T) {
	replaced := map[string]settings.SecretRef{"NEO4J_AUTH_PREVIOUS": {}, "NEO4J_GUEST_AUTH_PREVIOUS": {}, "NEO4J_ADMIN_PASSWORD_PREVIOUS": {}}
	got := fitting(map[string]string{"NEO4J_AUTH": "wrong", "NEO4J_AUTH_PREVIOUS": "changeme", "NEO4J_GUEST_AUTH_PREVIOUS": "reader/old", "NEO4J_ADMIN_PASSWORD_PREVIOUS": "old"}, replaced)
	want := map[string]string{"NEO4J_AUTH": "wrong", "NEO4J_GUEST_AUTH_PREVIOUS": "reader/old", "NEO4J_ADMIN_PASSWORD_PREVIOUS": "old"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func memoryFile(t *testing.T) keptSecrets {
	t.Helper()
	file, err := newMemoryFile("kept-secrets")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	return keptSecrets{file}
}

func TestWhatWasKeptIsRecalledWhenItIsAllThere(t *testing.T) {
	one := map[string]settings.SecretRef{"A": {}}
	k := memoryFile(t)
	if got := k.recall(one); got != nil {
		t.Errorf("out of nothing came %v", got)
	}
	long := map[string]string{"A": strings.Repeat("x", 1000) + "\xff", "B": "b"}
	for _, values := range []map[string]string{long, {"A": "a"}} { // the second is the shorter one
		k.keep(values)
		if diff := cmp.Diff(values, k.recall(one)); diff != "" {
			t.Error(diff)
		}
	}
	if got := k.recall(map[string]settings.SecretRef{"A": {}, "B": {}}); got != nil {
		t.Errorf("a part was taken for the whole: %v", got)
	}
	if _, err := k.file.WriteAt([]byte("{{"), 0); err != nil || k.recall(one) != nil {
		t.Errorf("what a killed writer left was taken (%v)", err)
	}
	keptSecrets{}.keep(long)
	if (keptSecrets{}).recall(one) != nil {
		t.Error("without PID 1 something was kept")
	}
}

// TestARestartGoesOnWithTheLastSecrets: nobody listens at the endpoint, as when Secrets Manager is away.
func TestARestartGoesOnWithTheLastSecrets(t *testing.T) {
	t.Setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://127.0.0.1:1")
	t.Setenv("NEO4J_ADMIN_PASSWORD_SECRET", arn)
	t.Setenv("AWS_ACCESS_KEY_ID", "a")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "b")
	loaded, _, err := loadSettings(nil, true)
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	p := &preparation{settings: loaded, kept: memoryFile(t), log: zerolog.New(&log)}
	p.kept.keep(map[string]string{"NEO4J_ADMIN_PASSWORD": "last"})
	if err := p.readSecrets(t.Context()); err != nil || p.settings.AdminPassword.Reveal() != "last" {
		t.Errorf("got %q, %v", p.settings.AdminPassword.Reveal(), err)
	}
	if !strings.Contains(log.String(), "going on with the last secrets") || strings.Contains(log.String(), `"last"`) {
		t.Errorf("the log says %s", &log)
	}
	_, fresh, err := newSecretKeeper(loaded, nil, p.kept)
	if err != nil || fresh.AdminPassword.Reveal() != "last" {
		t.Errorf("serve begins with %q (%v)", fresh.AdminPassword.Reveal(), err)
	}
}

func TestEveryCommandOfOursHidesItsMemory(t *testing.T) {
	t.Cleanup(func() { _ = unix.Prctl(unix.PR_SET_DUMPABLE, 1, 0, 0, 0) })
	if code := run([]string{"version"}); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	if dumpable, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0); err != nil || dumpable != 0 {
		t.Errorf("the process can be read and dumped: %d %v", dumpable, err)
	}
}

// keeping is a server that has begun with a password in Secrets Manager and a guest in a file.
func keeping(t *testing.T) (s *server, guest string) {
	t.Helper()
	guest = filepath.Join(t.TempDir(), "guest")
	write(t, guest, "reader/one\n")
	t.Setenv("NEO4J_ADMIN_PASSWORD_SECRET", arn)
	t.Setenv("NEO4J_GUEST_AUTH_FILE", guest)
	t.Setenv("NEO4J_dbms_security_ldap_authorization_system__password_SECRET", arn+"#ldap")
	s = &server{keeper: &secretKeeper{given: map[string]string{}}, renewed: make(chan struct{}, 1), log: zerolog.Nop()}
	loaded, err := s.keeper.reread()
	if err != nil {
		t.Fatal(err)
	}
	s.settings = loaded
	s.fresh.Store(loaded)
	return s, guest
}

// now is what the server's settings hold, and whether it was told of a change since the last call.
func (s *server) now() string {
	f, changed := s.fresh.Load(), ""
	select {
	case <-s.renewed:
		changed = " changed"
	default:
	}
	return strings.TrimSpace(fmt.Sprintf("%s<%s %s%s", f.AdminPassword.Reveal(), f.PreviousAdminPassword.Reveal(), f.Guest.Password.Reveal(), changed))
}

const ldap = "NEO4J_dbms_security_ldap_authorization_system__password"

func TestServeKeepsSecretsOfEverySourceTogether(t *testing.T) {
	s, guest := keeping(t)
	step := func(what, want string) {
		t.Helper()
		if got := s.now(); got != want {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	step("before the store answers", "< one")
	s.takeSecrets(map[string]string{"NEO4J_ADMIN_PASSWORD": "first", ldap: "l"})
	step("when it has answered", "first< one changed")
	s.takeSecrets(map[string]string{"NEO4J_ADMIN_PASSWORD": "first", ldap: "l"})
	step("when nothing has changed", "first< one")
	s.takeSecrets(map[string]string{"NEO4J_ADMIN_PASSWORD": "second", "NEO4J_ADMIN_PASSWORD_PREVIOUS": "first", ldap: "l"})
	step("after a rotation", "second<first one changed")
	s.takeSecrets(map[string]string{"NEO4J_ADMIN_PASSWORD": "neo4j", ldap: "l"})
	step("after a value that cannot be used", "second<first one")
	write(t, guest, "reader/two")
	if changed, err := s.reloadFiles(); err != nil || !changed {
		t.Errorf("a new file: %v %v", changed, err)
	}
	step("after a new file", "second<first two changed")
	write(t, guest, "neo4j/three")
	if changed, err := s.reloadFiles(); err == nil || changed {
		t.Error("a file that cannot be used was taken")
	}
	s.takeSecrets(map[string]string{"NEO4J_ADMIN_PASSWORD": "third", "NEO4J_ADMIN_PASSWORD_PREVIOUS": "second", ldap: "l"})
	step("the last good file stays through the next rotation", "third<second two changed")
}

func TestAFileThatCannotBeReadKeepsUsersAndCertificatesFromNothing(t *testing.T) {
	s, guest := keeping(t)
	s.lookup, s.recheck = make(chan struct{}, 1), make(chan struct{}, 1)
	if err := os.Remove(guest); err != nil {
		t.Fatal(err)
	}
	s.reload()
	if len(s.lookup) != 1 || len(s.renewed) != 1 || len(s.recheck) != 1 {
		t.Errorf("words to look: %d at Secrets Manager, %d at users, %d at certificates, want one each", len(s.lookup), len(s.renewed), len(s.recheck))
	}
	if got := s.now(); got != "< one changed" {
		t.Errorf("the settings are %q", got)
	}
}

func TestASettingOfNeo4jThatChangesIsNamed(t *testing.T) {
	s, _ := keeping(t)
	for _, round := range []struct {
		value string
		late  []string
	}{{"one", nil}, {"one", nil}, {"two", []string{ldap}}} {
		_, late, err := s.keeper.take(map[string]string{"NEO4J_ADMIN_PASSWORD": "first", ldap: round.value})
		if err != nil || !slices.Equal(late, round.late) {
			t.Errorf("%s: named %v (%v), want %v", round.value, late, err, round.late)
		}
	}
}
