package settings

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// secretNames are variables that hold secrets, listed apart from the table so that a mark lost there is noticed here.
var secretNames = []string{
	"NEO4J_ADMIN_PASSWORD", "NEO4J_ADMIN_PASSWORD_PREVIOUS", "NEO4J_AUTH", "NEO4J_AUTH_PREVIOUS", "NEO4J_GUEST_AUTH",
	"NEO4J_GUEST_AUTH_PREVIOUS", "AGENT_USERS", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ACCESS_KEY",
	"AWS_SECRET_KEY", "AWS_CONTAINER_AUTHORIZATION_TOKEN", "NEO4J_dbms_security_ldap_authorization_system__password",
	"NEO4J_dbms_ssl_policy_bolt_private__key__password", "NEO4J_causal__clustering_kubernetes_token", "NEO4J_x_Passphrase",
	"NEO4J_dbms_security_oidc_a_client__secret", "NEO4J_apoc_x_api__key", "NEO4j_x_password", "AGENT_ADMIN_PASSWORD", "NEO4J_ADMIN_PASWORD_TOKEN",
	"NEO4J_ADMIN_PASSWORD_SECRET", "AGENT_USERS_SECRET", "NEO4J_dbms_x_SECRET",
}

// fileNames are variables that name a file with a secret.
var fileNames = []string{
	"NEO4J_ADMIN_PASSWORD_FILE", "NEO4J_AUTH_PATH", "NEO4J_AUTH_FILE", "NEO4J_GUEST_AUTH_FILE", "NEO4J_GUEST_AUTH_PREVIOUS_FILE", "AGENT_USERS_FILE",
	"NEO4J_dbms_mode_FILE", "NEO4J_QUERY_LOG_FILE", "AWS_SECRET_ACCESS_KEY_FILE",
}

// plainNames hold no secret by their name; a value can make them one.
var plainNames = []string{"NEO4J_dbms_jvm_additional", "NEO4J_apoc_mongodb_x_uri", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AGENT_UNKNOWN", "NEO4J_x.y", "AGENT_PEERS"}

// secretTexts are texts with the marker, some of the right form for some variable, some of none.
var secretTexts = []string{
	marker, "neo4j/" + marker, "neo4j/" + marker + "/true", "reader/" + marker, "neo4j/a/b/" + marker, `{"a":"` + marker + `"}`, "{" + marker,
	"none/" + marker, "arn:aws:s3:" + marker, "[\"" + marker + "\"]", "\n" + marker + "\xff", strings.Repeat(marker, 100),
}

var tellingTexts = []string{
	"-Djavax.net.ssl.keyStorePassword=" + marker, "https://user:" + marker + "@host/path", "http://u:" + marker + "@[bad", "jdbc:x://h?passwd=" + marker,
	"mongodb://a:" + marker + "%zz@h/db",
}

type source struct {
	environ []string
	files   map[string]string
}

func (s source) load() (*Settings, Report, error) {
	return Load(Source{Environ: s.environ, ReadFile: files(s.files)})
}

// drawSource is an environment where the marker is in secrets only, among variables of every kind.
func drawSource(t *rapid.T) source {
	s := source{files: map[string]string{}}
	add := func(name, value string) { s.environ = append(s.environ, name+"="+value) }
	for _, name := range rapid.SliceOfN(rapid.SampledFrom(secretNames), 0, 6).Draw(t, "secrets") {
		add(name, rapid.SampledFrom(secretTexts).Draw(t, name))
	}
	for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom(fileNames), 0, 3, rapid.ID).Draw(t, "files") {
		path := rapid.SampledFrom([]string{"/absent", "/run/secrets/" + name}).Draw(t, "path")
		if path != "/absent" {
			s.files[path] = rapid.SampledFrom(secretTexts).Draw(t, name) + "\n"
		}
		add(name, path)
	}
	for _, name := range rapid.SliceOfN(rapid.SampledFrom(plainNames), 0, 2).Draw(t, "telling") {
		add(name, rapid.SampledFrom(tellingTexts).Draw(t, name))
	}
	var names []string
	for _, v := range Table() {
		names = append(names, v.Name)
	}
	harmless := append([]string{"", "x", "true", "1m", "/x", "srv-a", "none", "static", "a b"}, strings.Fields("latest eu-west-1 bucket/key yes")...)
	for _, name := range rapid.SliceOfN(rapid.SampledFrom(names), 0, 4).Draw(t, "others") {
		add(name, rapid.SampledFrom(harmless).Draw(t, name))
	}
	return s
}

func TestNoSecretIsEverPrinted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		settings, report, err := drawSource(t).load()
		for name, v := range map[string]any{"settings": *settings, "pointer": settings, "report": report, "error": err} {
			if text := printed(t, v); leaks(text) {
				t.Fatalf("%s shows a secret: %s", name, around(text))
			}
		}
		if err != nil && leaks(err.Error()) {
			t.Fatalf("the error shows a secret: %v", err)
		}
	})
}

func TestNoSecretIsLeftInAScrubbedEnvironment(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSource(t)
		before := slices.Clone(s.environ)
		if left := strings.Join(Scrub(s.environ), "\n"); leaks(left) {
			t.Fatalf("left:\n%s", left)
		}
		if !slices.Equal(before, s.environ) {
			t.Fatal("the environment itself was changed")
		}
	})
}

// rightTexts are right values of variables, all of which may be given together.
var rightTexts = map[string][]string{
	"NEO4J_ADMIN_PASSWORD": {marker, "none"}, "NEO4J_ADMIN_PASSWORD_PREVIOUS": {marker}, "NEO4J_AUTH": {"neo4j/" + marker + "/true", "none", ""},
	"NEO4J_GUEST_AUTH": {"reader/" + marker}, "AGENT_USERS": {"- {name: a, password: " + marker + "}"}, "NEO4J_dbms_mode": {"CORE", ""},
	"NEO4J_x_password": {marker, "\xff"}, "NEO4J_dbms_jvm_additional": {"-Dpassword=" + marker, "-Xss1m"}, "AWS_SESSION_TOKEN": {marker},
	"AGENT_STOP_TIMEOUT": {"30", "1m"}, "NEO4J_EDITION": {"enterprise"}, "NEO4J_PORT_1_TCP": {"tcp://a:b@c"}, "AGENT_NEW": {"x"}, "AGENT_NEW_TOKEN": {"x"},
	"NEO4J_DEBUG": {"", "x"}, "EXTENDED_CONF": {""}, "HEAP_SIZE": {"1g"},
}

// drawRightSource is an environment without mistakes; each variable is given in one of its forms.
func drawRightSource(t *rapid.T) source {
	s := source{files: map[string]string{}}
	names := slices.Sorted(maps.Keys(rightTexts))
	for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom(names), 0, 8, rapid.ID).Draw(t, "names") {
		text := rapid.SampledFrom(rightTexts[name]).Draw(t, name)
		_, byFile := fileBase(name + "_FILE")
		_, byReference := referenceBase(name + "_SECRET")
		form := rapid.IntRange(0, 3).Draw(t, "form")
		switch {
		case form == 1 && byFile:
			s.files["/"+name] = text + "\n"
			s.environ = append(s.environ, name+"_FILE=/"+name, name+"=overruled")
		case form == 2 && byReference:
			s.environ = append(s.environ, name+"_SECRET=arn:aws:secretsmanager:r:1:secret:"+name, name+"=")
		case form == 3 && name == "NEO4J_AUTH":
			s.files["/auth"] = text
			s.environ = append(s.environ, "NEO4J_AUTH_PATH=/auth", "NEO4J_AUTH=overruled")
		default:
			s.environ = append(s.environ, name+"="+text, name+"=second")
		}
	}
	return s
}

func TestTheScrubbedEnvironmentAndTheSecretsSayTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawRightSource(t)
		want, wantReport, err := s.load()
		if err != nil {
			t.Fatal(err)
		}
		secrets, err := SecretsOf(s.environ, files(s.files))
		if err != nil {
			t.Fatal(err)
		}
		file, err := Seal(secrets)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = file.Close() }()
		inherited, err := Unseal(file)
		if err != nil {
			t.Fatal(err)
		}
		got, report, err := Load(Source{Environ: Scrub(s.environ), Secrets: inherited, ReadFile: noFiles})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got) + cmp.Diff(wantReport, report); diff != "" {
			t.Fatalf("the second process has other settings:\n%s", diff)
		}
	})
}

func TestScrubTakesSecretsAndNothingElse(t *testing.T) {
	const arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:a"
	keep := []string{
		"PATH=/bin", "HOME=/", "MY_PASSWORD=not ours", "NEO4J_dbms_mode=CORE", "NEO4J_ADMIN_PASSWORD_FILE=/run/secrets/p", "AGENT_HTTP_ADDR=:1",
		"NEO4J_ADMIN_PASSWORD_SECRET=" + arn, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/v2/x", "malformed", "AWS_ENDPOINT_URL=http://h:1/a@b",
		"NEO4J_AUTH_PATH=/x", "NEO4J_dbms_x__password_FILE=/x",
	}
	var environ []string
	for i, name := range secretNames {
		environ = append(environ, keep[i%len(keep)], name+"=x", name+"=y")
	}
	got := Scrub(environ)
	slices.Sort(got)
	want := slices.Sorted(slices.Values(keep))
	if diff := cmp.Diff(want, slices.Compact(got)); diff != "" {
		t.Error(diff)
	}
}

func TestSecretsOfHoldsVariablesAndFiles(t *testing.T) {
	got, err := SecretsOf([]string{
		"PATH=/bin", "NEO4J_AUTH=neo4j/a", "NEO4J_AUTH=neo4j/second", "NEO4J_GUEST_AUTH_FILE=/g", "NEO4J_GUEST_AUTH=reader/overruled",
		"NEO4J_x_y_FILE=/x", "NEO4J_dbms_mode=CORE", "AGENT_USERS_FILE=/gone",
	}, files(map[string]string{"/g": "reader/b\n", "/x": "z"}))
	want := map[string]string{"NEO4J_AUTH": "neo4j/a", "NEO4J_GUEST_AUTH": "reader/b", "NEO4J_x_y": "z"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if wrong := `cannot use the environment: AGENT_USERS_FILE: cannot read "/gone": file does not exist; accepted: the path of a readable file`; fmt.Sprint(err) != wrong {
		t.Errorf("got %v", err)
	}
}

func FuzzLoad(f *testing.F) {
	for _, v := range Table() {
		f.Add(v.Name+"="+v.Default+"\n"+v.Name+"_FILE=/f\n"+v.Name+"_SECRET=arn:aws:secretsmanager:r:1:secret:s", "neo4j/password")
	}
	f.Add("NEO4J_a.b__c=x\nneo4J_\nAWS_ENDPOINT_URL_=\nAGENT_é=\x00", "")
	f.Fuzz(func(t *testing.T, environ, content string) {
		if strings.Contains(environ+content, marker) || strings.Contains(environ, "/secret") {
			return // a harmless variable may hold the secret
		}
		entries := append(strings.Split(environ, "\n"), "NEO4J_ADMIN_PASSWORD="+marker+content, "NEO4J_x_y_FILE=/secret")
		read := files(map[string]string{"/secret": marker, "/f": content})
		for _, strict := range []bool{false, true} {
			settings, report, err := Load(Source{Environ: entries, ReadFile: read, Strict: strict})
			if text := fmt.Sprintf("%+v %#v %v %v", settings, *settings, report, err); strings.Contains(text, marker) {
				t.Fatalf("%q shows a secret: %s", entries, around(text))
			}
		}
		if strings.Contains(strings.Join(Scrub(entries), "\n"), marker) {
			t.Fatalf("%q keeps a secret", entries)
		}
		secrets, _ := SecretsOf(entries, read)
		if secrets["NEO4J_ADMIN_PASSWORD"] == "" && !strings.Contains(environ, "NEO4J_ADMIN_PASSWORD") {
			t.Fatalf("%q loses a secret", entries)
		}
	})
}

func BenchmarkLoad(b *testing.B) {
	environ := []string{"CLOUDMAP_SERVICE_ID=srv-a", "AWS_REGION=eu-west-1", "NEO4J_ADMIN_PASSWORD=a", "AGENT_STOP_TIMEOUT=90"}
	for i := range 30 {
		environ = append(environ, fmt.Sprintf("NEO4J_dbms_x%d=%d", i, i), fmt.Sprintf("OTHER_%d=x", i))
	}
	for b.Loop() {
		if _, _, err := Load(Source{Environ: environ}); err != nil {
			b.Fatal(err)
		}
	}
}
