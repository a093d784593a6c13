package settings

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// files makes a ReadFile of texts by path.
func files(texts map[string]string) func(string) ([]byte, error) {
	return func(path string) ([]byte, error) {
		text, ok := texts[path]
		if !ok {
			return noFiles(path)
		}
		return []byte(text), nil
	}
}

func TestAFileGivesAValueAndWinsOverTheVariable(t *testing.T) {
	s, report, err := Load(Source{
		Environ: []string{
			"NEO4J_ADMIN_PASSWORD_FILE=/p", "NEO4J_ADMIN_PASSWORD=from the environment",
			"NEO4J_GUEST_AUTH_FILE=/guest", "NEO4J_ADMIN_PASSWORD_PREVIOUS_FILE=/old", "NEO4J_AUTH_FILE=",
			"NEO4J_dbms_memory_heap_max__size_FILE=/heap", "NEO4J_dbms_memory_heap_max__size=1g", "NEO4J_PLUGINS_FILE=/plugins",
			"AWS_ACCESS_KEY_ID_FILE=/key", "AWS_SECRET_ACCESS_KEY=s",
		},
		ReadFile: files(map[string]string{
			"/p": "a\nb \r\n\n", "/guest": "reader/pw", "/old": "old\n", "/heap": "2g\n", "/plugins": "[\"apoc\"]\n", "/key": "id\n",
		}),
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string][2]string{
		"password": {s.AdminPassword.Reveal(), "a\nb "}, "guest": {s.Guest.Password.Reveal(), "pw"},
		"previous": {s.PreviousAdminPassword.Reveal(), "old"}, "setting": {s.Neo4j["NEO4J_dbms_memory_heap_max__size"].Reveal(), "2g"},
		"plugin": {s.Plugins[0], "apoc"}, "key": {s.AWS.AccessKeyID.Reveal(), "id"},
	} {
		if c[0] != c[1] {
			t.Errorf("%s: got %q, want %q", name, c[0], c[1])
		}
	}
	if !s.Neo4j["NEO4J_dbms_memory_heap_max__size"].IsSecret || len(s.Neo4j) != 1 || len(report.Warnings) != 0 {
		t.Errorf("settings %v, warnings %q", s.Neo4j, report.Warnings)
	}
}

func TestTheFileOfTheImageWinsOverEveryOtherForm(t *testing.T) {
	s, _, err := Load(Source{
		Environ:  []string{"NEO4J_AUTH=neo4j/a", "NEO4J_AUTH_FILE=/b", "NEO4J_AUTH_PATH=/c"},
		ReadFile: files(map[string]string{"/b": "neo4j/b", "/c": "neo4j/c\n"}),
	})
	if err != nil || s.AdminPassword.Reveal() != "c" {
		t.Errorf("got %q, %v", s.AdminPassword.Reveal(), err)
	}
}

func TestAFileThatCannotBeReadIsNamed(t *testing.T) {
	got := mistakes(t, Source{Environ: []string{"NEO4J_AUTH_PATH=/a", "NEO4J_dbms_x_FILE=/b", "NEO4J_ADMIN_PASSWORD_FILE=/c"}, ReadFile: func(path string) ([]byte, error) {
		return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrPermission}
	}})
	want := []string{
		`NEO4J_ADMIN_PASSWORD_FILE: cannot read "/c": permission denied; accepted: the path of a readable file`,
		`NEO4J_AUTH_PATH: cannot read "/a": permission denied; accepted: the path of a readable file`,
		`NEO4J_dbms_x_FILE: cannot read "/b": permission denied; accepted: the path of a readable file`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestAnEmptyPasswordFileIsAnEmptyPassword(t *testing.T) {
	got := mistakes(t, Source{Environ: []string{"NEO4J_ADMIN_PASSWORD_FILE=/a"}, ReadFile: files(map[string]string{"/a": "\n"})})
	if len(got) != 1 || got[0][:len("NEO4J_ADMIN_PASSWORD: its value (not shown) is empty")] != "NEO4J_ADMIN_PASSWORD: its value (not shown) is empty" {
		t.Errorf("got %q", got)
	}
}

func TestFilesAreReadFromDiskWhenNobodySaysOtherwise(t *testing.T) {
	path := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(path, []byte("secret word\n"), 0o400); err != nil {
		t.Fatal(err)
	}
	s, _, err := Load(Source{Environ: []string{"NEO4J_ADMIN_PASSWORD_FILE=" + path}})
	if err != nil || s.AdminPassword.Reveal() != "secret word" {
		t.Errorf("got %q, %v", s.AdminPassword.Reveal(), err)
	}
}

func TestInheritedSecretsWinAndSpareTheFiles(t *testing.T) {
	s, _, err := Load(Source{
		Environ:  []string{"NEO4J_ADMIN_PASSWORD_FILE=/gone", "NEO4J_AUTH_PATH=/gone", "NEO4J_GUEST_AUTH_SECRET=arn:aws:secretsmanager:r:1:secret:s"},
		Secrets:  map[string]string{"NEO4J_ADMIN_PASSWORD": "a", "NEO4J_AUTH": "neo4j/a", "NEO4J_GUEST_AUTH": "reader/g", "NEO4J_x_y": "z"},
		ReadFile: noFiles,
	})
	if err != nil || s.AdminPassword.Reveal() != "a" || s.Guest.Password.Reveal() != "g" || len(s.References) != 0 {
		t.Errorf("got %+v, %v", s, err)
	}
	if value := s.Neo4j["NEO4J_x_y"]; value.Reveal() != "z" || !value.IsSecret {
		t.Errorf("inherited setting: %+v", value)
	}
}

func TestAReferenceWaitsToBeResolved(t *testing.T) {
	const arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db/admin-AbCdEf"
	s, _ := load(t, "NEO4J_ADMIN_PASSWORD=", "NEO4J_ADMIN_PASSWORD_SECRET="+arn+"#password", "NEO4J_AUTH_PREVIOUS_SECRET="+arn+":old:AWSPREVIOUS:",
		"NEO4J_dbms_security_ldap_authorization_system__password_SECRET="+arn, "AGENT_USERS_SECRET=")
	want := map[string]SecretRef{
		"NEO4J_ADMIN_PASSWORD": {arn, "password", ""}, "NEO4J_AUTH_PREVIOUS": {arn, "old", "AWSPREVIOUS"},
		"NEO4J_dbms_security_ldap_authorization_system__password": {arn, "", ""},
	}
	if diff := cmp.Diff(want, s.References); diff != "" {
		t.Error(diff)
	}
	if len(s.Neo4j) != 0 {
		t.Errorf("a reference became a setting: %v", s.Neo4j)
	}
}

func TestWhatAReferenceReplacesIsReferredToUnlessItIsGiven(t *testing.T) {
	const arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:a"
	for name, c := range map[string]struct {
		environ []string
		want    map[string]SecretRef
	}{
		"the previous stage of the same field": {[]string{"NEO4J_ADMIN_PASSWORD_SECRET=" + arn + "#k", "NEO4J_GUEST_AUTH_SECRET=" + arn},
			map[string]SecretRef{"NEO4J_ADMIN_PASSWORD_PREVIOUS": {arn, "k", "AWSPREVIOUS"}, "NEO4J_GUEST_AUTH_PREVIOUS": {arn, "", "AWSPREVIOUS"}}},
		"the current stage by its name": {[]string{"NEO4J_AUTH_SECRET=" + arn + "::AWSCURRENT:"}, map[string]SecretRef{"NEO4J_AUTH_PREVIOUS": {arn, "", "AWSPREVIOUS"}}},
		"not of another stage":          {[]string{"NEO4J_AUTH_SECRET=" + arn + "::AWSPENDING:"}, nil},
		"not beside a value":            {[]string{"NEO4J_AUTH_SECRET=" + arn, "NEO4J_AUTH_PREVIOUS=neo4j/old"}, nil},
		"not beside a reference":        {[]string{"NEO4J_AUTH_SECRET=" + arn, "NEO4J_AUTH_PREVIOUS_SECRET=" + arn + "b"}, nil},
		"not of what has no previous":   {[]string{"AGENT_USERS_SECRET=" + arn, "NEO4J_dbms_x_SECRET=" + arn}, nil},
	} {
		s, _ := load(t, c.environ...)
		if diff := cmp.Diff(c.want, s.Replaced); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestTheCurrentStageByItsNameIsAsIfNoneWereNamed, so that what is said and done of a rotation counts for both.
func TestTheCurrentStageByItsNameIsAsIfNoneWereNamed(t *testing.T) {
	const arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:a"
	s, _ := load(t, "NEO4J_AUTH_SECRET="+arn+":k:AWSCURRENT:", "NEO4J_GUEST_AUTH_SECRET="+arn+":k:AWSPENDING:",
		`AGENT_USERS=[{"name": "ann", "passwordSecret": "`+arn+`::AWSCURRENT:"}]`)
	want := map[string]SecretRef{"NEO4J_AUTH": {arn, "k", ""}, "NEO4J_GUEST_AUTH": {arn, "k", "AWSPENDING"}}
	if diff := cmp.Diff(want, s.References); diff != "" {
		t.Error(diff)
	}
	if got := s.Users[0].PasswordSecret; got != (SecretRef{arn, "", ""}) {
		t.Errorf("ann's password is in %v", got)
	}
}

func TestAResolvedSecretReplacesNothingAnyMore(t *testing.T) {
	s, _, err := Load(Source{Environ: []string{"NEO4J_AUTH_SECRET=arn:aws:secretsmanager:r:1:secret:s"}, Secrets: map[string]string{"NEO4J_AUTH": "neo4j/a"}})
	if err != nil || len(s.References) != 0 || len(s.Replaced) != 0 || s.AdminPassword.Reveal() != "a" {
		t.Errorf("got %v, %v, %v", s.References, s.Replaced, err)
	}
}

func TestAValueFitsWhereItsVariableWouldTakeIt(t *testing.T) {
	for name, c := range map[string][2]string{"NEO4J_AUTH_PREVIOUS": {"neo4j/a", "changeme"}, "NEO4J_GUEST_AUTH_PREVIOUS": {"reader/a", "neo4j/a"}} {
		if !Fits(name, c[0]) || Fits(name, c[1]) {
			t.Errorf("%s: %q fits: %v, %q fits: %v", name, c[0], Fits(name, c[0]), c[1], Fits(name, c[1]))
		}
	}
	if Fits("NEO4J_NOTHING", "a") {
		t.Error("a variable that there is not takes something")
	}
}

func TestAWrongReferenceIsNotShown(t *testing.T) {
	const arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:a"
	for _, value := range []string{marker, arn + "#", arn + ":k", arn + ":k:s:version", "arn:aws:s3:::a:b:c:d", arn[:len(arn)-1], "#key"} {
		got := mistakes(t, Source{Environ: []string{"NEO4J_ADMIN_PASSWORD_SECRET=" + value}})
		want := "NEO4J_ADMIN_PASSWORD_SECRET: its value (not shown) is not a reference to a secret; accepted: " + acceptedReference
		if len(got) != 1 || got[0] != want {
			t.Errorf("%s: got %q", value, got)
		}
	}
}

func TestAReferenceBesideAValueIsAMistake(t *testing.T) {
	const arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:a"
	got := mistakes(t, Source{Environ: []string{"NEO4J_ADMIN_PASSWORD_SECRET=" + arn, "NEO4J_ADMIN_PASSWORD=x"}})
	if want := []string{"NEO4J_ADMIN_PASSWORD_SECRET: given beside NEO4J_ADMIN_PASSWORD; accepted: one of the two"}; cmp.Diff(want, got) != "" {
		t.Errorf("got %q", got)
	}
}

func TestOnlyNamesOfSettingsBecomeSettings(t *testing.T) {
	s, report := load(t, "NEO4J_dbms_mode=CORE", "NEO4J_server_directories_x__file=/f", "NEO4J_PORT_7687_TCP=tcp://10.0.0.1:7687",
		"NEO4J_dbms.default_listen_address=::", "NEO4j_dbms_logs_query_page__logging__enabled=true", "NEO4J_ADMIN_PASWORD=x",
		"NEO4J_=x", "NEO4J_TARBALL=a", "NEO4J_AUTH_PATH=", "NEO4J_empty=", "NEO4J_ADMIN_PASWORD_FILE=/x")
	want := map[string]Value{
		"NEO4J_dbms_mode": {NewSecret("CORE"), false}, "NEO4J_server_directories_x__file": {NewSecret("/f"), false},
	}
	if diff := cmp.Diff(want, s.Neo4j); diff != "" {
		t.Error(diff)
	}
	const no = ": not a setting of Neo4j nor of the agent, so it is not used"
	warnings := []string{
		"NEO4J_ADMIN_PASWORD" + no + "; did you mean NEO4J_ADMIN_PASSWORD?",
		"NEO4J_ADMIN_PASWORD_FILE" + no + "; did you mean NEO4J_ADMIN_PASSWORD_FILE?",
		"NEO4J_PORT_7687_TCP" + no,
		"NEO4J_dbms.default_listen_address" + no + "; did you mean NEO4J_dbms_default__listen__address?",
		"NEO4j_dbms_logs_query_page__logging__enabled" + no + "; did you mean NEO4J_dbms_logs_query_page__logging__enabled?",
	}
	if diff := cmp.Diff(warnings, report.Warnings); diff != "" {
		t.Error(diff)
	}
}
