package settings

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestUsersAreListedInYAMLOrJSON(t *testing.T) {
	const arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:jo"
	want := []User{
		{Name: "ann", Password: NewSecret(`it's "this": \`), Roles: []string{}, ChangePassword: true},
		{Name: "bob", PasswordFile: "/run/secrets/bob", Roles: []string{"reader"}, HomeDatabase: "movies", Suspended: true},
		{Name: "zoë 王", PasswordSecret: SecretRef{ARN: arn, Key: "password"}},
		{Name: "eve", Absent: true},
	}
	for _, text := range []string{`
- {name: ann, password: "it's \"this\": \\", roles: [], requirePasswordChange: true}
- name: bob
  passwordFile: /run/secrets/bob
  roles: [reader]
  homeDatabase: movies
  suspended: true
- {name: zoë 王, passwordSecret: "` + arn + `#password", ensure: present}
- {name: eve, ensure: absent}
`, `[{"name":"ann","password":"it's \"this\": \\","roles":[],"requirePasswordChange":true},
	{"name":"bob","passwordFile":"/run/secrets/bob","roles":["reader"],"homeDatabase":"movies","suspended":true},
	{"name":"zoë 王","passwordSecret":"` + arn + `#password"},{"name":"eve","ensure":"absent"}]`} {
		got, _ := load(t, "AGENT_USERS="+text)
		if diff := cmp.Diff(want, got.Users, cmp.Comparer(Secret.Equal)); diff != "" {
			t.Error(diff)
		}
	}
}

func TestAllMistakesAboutUsersAreNamedAtOnce(t *testing.T) {
	got := mistakes(t, Source{Environ: []string{"AGENT_USERS=- {name: ann}\n- {name: neo4j, password: x}\n- {name: ann, password: a, passwordFile: b, ensure: gone}"}})
	for _, want := range []string{
		`user 1 ("ann") has 0 passwords`, `user 2 ("neo4j") is the administrator`, `user 3 ("ann") has an ensure`, `user 3 ("ann") has 2 passwords`, `user 3 ("ann") is listed twice`,
	} {
		if len(got) != 1 || !strings.Contains(got[0], want) {
			t.Errorf("%q lacks %s", got, want)
		}
	}
	for _, text := range []string{"hunter2!", "- {name: a, suspended: hunter2!}", "- {name: a, passwordSecret: hunter2!}", "hunter2!: {"} {
		if got := mistakes(t, Source{Environ: []string{"AGENT_USERS=" + text}}); len(got) != 1 || strings.Contains(got[0], "hunter2") {
			t.Errorf("%s: %q", text, got)
		}
	}
	got = mistakes(t, Source{Environ: []string{"AGENT_USERS=- name: ann\n  pasword: x"}})
	if len(got) != 1 || !strings.Contains(got[0], `see line 2: there is no field "pasword"`) {
		t.Errorf("%q", got)
	}
}

func TestAChangedUserIsAChangedSecret(t *testing.T) {
	one, _ := load(t, "AGENT_USERS=- {name: ann, password: a}")
	same, _ := load(t, `AGENT_USERS=[{"name": "ann", "password": "a"}]`)
	for _, other := range []string{"- {name: ann, password: b}", "- {name: ann, password: a, suspended: true}", "- {name: bob, password: a}", "[]"} {
		changed, _ := load(t, "AGENT_USERS="+other)
		if one.SameSecrets(changed) {
			t.Errorf("%s is taken for the same", other)
		}
	}
	if !one.SameSecrets(same) {
		t.Error("the same users are taken for others")
	}
}

func FuzzNoTextAboutUsersBreaksItsReader(f *testing.F) {
	f.Add("- {name: a, password: x}")
	f.Add(`[{"name":"a","roles":null,"password":"x"}]`)
	f.Add("a: &a [*a]")
	f.Fuzz(func(t *testing.T, text string) {
		var found []User
		err := users(&found).set(text)
		for _, u := range found {
			if err == nil && (u.Name == "" || u.Name == adminUser) {
				t.Errorf("%q gives the user %q", text, u.Name)
			}
		}
	})
}
