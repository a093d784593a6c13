package neo4jconf

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestUsersAreManagedInTheWordsOfEachGeneration holds the statements against those of the manuals.
func TestUsersAreManagedInTheWordsOfEachGeneration(t *testing.T) {
	for _, test := range []struct {
		major, minor int
		want         []string
	}{
		{3, 5, []string{
			"CALL dbms.security.listUsers()", "CALL dbms.security.createUser($user, $password, $change)" + hidden,
			"CALL dbms.security.changeUserPassword($user, $password, $change)" + hidden, "CALL dbms.security.changePassword($to)",
			"CALL dbms.security.suspendUser($user)", "CALL dbms.security.activateUser($user, false)",
			"CALL dbms.security.addRoleToUser($role, $user)", "CALL dbms.security.removeRoleFromUser($role, $user)", "CALL dbms.security.deleteUser($user)",
		}},
		{5, 26, []string{
			"SHOW USERS", "CREATE USER $user SET PASSWORD $password CHANGE NOT REQUIRED", "ALTER USER $user SET PASSWORD $password CHANGE REQUIRED",
			"ALTER CURRENT USER SET PASSWORD FROM $from TO $to", "ALTER USER $user SET STATUS SUSPENDED", "ALTER USER $user SET STATUS ACTIVE",
			"GRANT ROLE $role TO $user", "REVOKE ROLE $role FROM $user", "DROP USER $user",
		}},
	} {
		d := dialect(t, test.major, test.minor, Enterprise)
		set, err := d.SetPassword("a'b", "p'w", true)
		if err != nil {
			t.Fatal(err)
		}
		all := []Statement{
			{Text: d.ListUsers()}, d.CreateUser("a'b", "p'w", false), set, d.ChangeOwnPassword("a'b", "p'w"), d.SetSuspended("a'b", true),
			d.SetSuspended("a'b", false), d.Grant("a'b", "p'w"), d.Revoke("a'b", "p'w"), d.DropUser("a'b"),
		}
		var got []string
		for _, s := range all {
			got = append(got, s.Text)
			for name := range s.Parameters {
				if !strings.Contains(s.Text, "$"+name) && name != "from" {
					t.Errorf("%s has no use for %s", s.Text, name)
				}
			}
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%d.%d: %s", test.major, test.minor, diff)
		}
	}
}

func TestWhatAGenerationCannotDoWithUsersIsSaid(t *testing.T) {
	for _, test := range []struct {
		major, minor         int
		edition              Edition
		manages, sets        bool
		roles, homes, system bool
	}{
		{3, 5, Enterprise, true, true, true, false, false},
		{3, 5, Community, true, false, false, false, false},
		{4, 0, Enterprise, false, true, true, false, true},
		{4, 1, Community, true, true, false, false, true},
		{4, 2, Enterprise, true, true, true, false, true},
		{4, 4, Enterprise, true, true, true, true, true},
		{5, 26, Community, true, true, false, false, true},
	} {
		d := dialect(t, test.major, test.minor, test.edition)
		_, err := d.SetPassword("a", "b", false)
		got := []bool{d.ManagesUsers() == nil, err == nil, d.HasRoles(), d.HasHomes(), d.KeepsUsersInSystem()}
		if diff := cmp.Diff([]bool{test.manages, test.sets, test.roles, test.homes, test.system}, got); diff != "" {
			t.Errorf("%d.%d %s: %s", test.major, test.minor, test.edition, diff)
		}
	}
}

func TestUsersAreReadFromWhatEachGenerationAnswers(t *testing.T) {
	for _, test := range []struct {
		major, minor int
		edition      Edition
		row          map[string]any
		want         Account
	}{
		{3, 5, Enterprise, map[string]any{"username": "jo", "roles": []any{"reader", "editor"}, "flags": []any{"is_suspended"}}, Account{"jo", []string{"editor", "reader"}, true, ""}},
		{5, 26, Enterprise, map[string]any{"user": "jo", "roles": []any{"PUBLIC"}, "suspended": false, "home": "movies"}, Account{"jo", []string{}, false, "movies"}},
		{5, 26, Community, map[string]any{"user": "jo", "roles": nil, "suspended": nil, "home": nil}, Account{Name: "jo"}},
	} {
		if diff := cmp.Diff(test.want, dialect(t, test.major, test.minor, test.edition).ReadUser(test.row)); diff != "" {
			t.Error(diff)
		}
	}
}

func TestTheRoleThatEveryoneHasIsNotGranted(t *testing.T) {
	for _, test := range []struct{ given, want []string }{
		{nil, nil}, {[]string{}, []string{}}, {[]string{"PUBLIC"}, []string{}}, {[]string{"reader", "Public", "editor"}, []string{"reader", "editor"}},
	} {
		if diff := cmp.Diff(test.want, Grantable(test.given)); diff != "" {
			t.Error(diff)
		}
	}
}

func TestNamesAndPasswordsThatAVersionRefusesAreNamed(t *testing.T) {
	for _, test := range []struct {
		major, minor   int
		name, password string
		nameOK, passOK bool
	}{
		{3, 5, "a'b\"/`x", "x", true, true}, {3, 5, "zoë", "x", false, true}, {3, 5, "a b", "x", false, true}, {3, 5, "a:b", "x", false, true}, {3, 5, "a,b", "x", false, true},
		{5, 26, "a'b\"/`x", "1234567", true, false}, {5, 26, "zoë", "zoë王567ü", false, true},
	} {
		config, _, err := Render(Input{Dialect: dialect(t, test.major, test.minor, Community), Role: Standalone, Hostname: "box"})
		if err != nil {
			t.Fatal(err)
		}
		if err := config.dialect.CheckUser(test.name); (err == nil) != test.nameOK {
			t.Errorf("%d.%d %q: %v", test.major, test.minor, test.name, err)
		}
		if err := CheckPassword("jo", test.password, config.ShortestPassword()); (err == nil) != test.passOK || err != nil && strings.Contains(err.Error(), test.password) {
			t.Errorf("%d.%d: %v", test.major, test.minor, err)
		}
	}
}
