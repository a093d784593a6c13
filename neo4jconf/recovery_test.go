package neo4jconf

import (
	"strings"
	"testing"
)

func TestAServerWithoutAuthenticationIsHeardOnThisMachineOnly(t *testing.T) {
	for _, v := range []column{v35, v41, v44, v50, {5, 26}, v2025, v2608} {
		for _, edition := range []Edition{Enterprise, Community} {
			d := dialect(t, v.major, v.minor, edition)
			config, _, err := Render(Input{
				Dialect: d, Role: Standalone, Hostname: "box", DataRoot: "/volume",
				File: []byte(d.name(boltListen) + "=0.0.0.0:9999\n" + d.name(httpListen) + "=:8080\n" + d.name(boltTLS) + "=REQUIRED\n" +
					"server.bolt.additional_listen_addresses=0.0.0.0:7688\n"),
			})
			if err != nil {
				t.Fatal(err)
			}
			open := config.Unguarded(4711)
			if open.AuthEnabled() || open.BoltEncrypted() || open.Ports() != (Ports{Bolt: 4711}) || open.DataDir() != config.DataDir() {
				t.Errorf("%v %s: authentication %v, ports %+v, data %s", d.Version, edition, open.AuthEnabled(), open.Ports(), open.DataDir())
			}
			for _, s := range open.Settings() {
				if strings.Contains(s.Name, "listen_address") && !strings.HasPrefix(s.Value, "127.0.0.1") {
					t.Errorf("%v %s: %s=%s", d.Version, edition, s.Name, s.Value)
				}
			}
			if !config.AuthEnabled() {
				t.Error("the configuration itself was changed")
			}
		}
	}
}

func TestANewPasswordInTheUsersFileLeavesTheOtherUsers(t *testing.T) {
	d := dialect(t, 3, 5, Enterprise)
	own := string(d.passwordLine(InitialPassword{Password: "new"}))
	for before, want := range map[string]string{
		"": own,
		"neo4j:SHA-256,AA,BB:is_suspended\njo:SHA-256,CC,DD:": own + "jo:SHA-256,CC,DD:\n",
		"neo4j2:SHA-256,AA,BB:\r\nneo4j:SHA-256,EE,FF:\r\n":   own + "neo4j2:SHA-256,AA,BB:\n",
	} {
		if got := string(d.WithPassword([]byte(before), InitialPassword{Password: "new"})); got != want {
			t.Errorf("%q became %q, want %q", before, got, want)
		}
	}
}

func TestUsersAreInAFileBefore40Only(t *testing.T) {
	for _, test := range []struct {
		major, minor int
		want         string
	}{{3, 5, "/volume/data/dbms/auth"}, {4, 4, ""}, {5, 26, ""}} {
		config, _, err := Render(Input{Dialect: dialect(t, test.major, test.minor, Community), Role: Standalone, Hostname: "box", DataRoot: "/volume"})
		if err != nil || config.UsersFile() != test.want {
			t.Errorf("%d.%d: %q, %v", test.major, test.minor, config.UsersFile(), err)
		}
	}
}

func TestThePasswordIsResetByAParameter(t *testing.T) {
	for _, test := range []struct {
		edition Edition
		change  bool
		want    string
	}{
		{Enterprise, false, "ALTER USER neo4j SET PASSWORD $password CHANGE NOT REQUIRED SET STATUS ACTIVE"},
		{Community, true, "ALTER USER neo4j SET PASSWORD $password CHANGE REQUIRED"},
	} {
		got := dialect(t, 5, 26, test.edition).ResetPassword("it's", test.change)
		if got.Text != test.want || got.Parameters["password"] != "it's" {
			t.Errorf("%s %v", got.Text, got.Parameters)
		}
	}
}
