package neo4jconf

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestADiffTellsWhatChangesAndHidesSecrets(t *testing.T) {
	in := Input{Dialect: dialect(t, 4, 4, Community), File: []byte("a.same=1\ndbms.jvm.additional=-Da\n"), Env: map[string]string{
		"NEO4J_dbms_mode": "SINGLE",
		"NEO4J_dbms_security_ldap_authorization_system__password": "new",
		"NEO4J_apoc_jdbc_shop_url":                                "jdbc:x://u:p@h",
		"NEO4J_dbms_jvm_additional":                               "-Djavax.net.ssl.keyStorePassword=hush",
	}}
	c, _ := render(t, in)
	old := "a.same = 1\ngone=x\ndbms.memory.pagecache.size=1g\ndbms.security.ldap.authorization.system_password=old\ngone.token=t\ndbms.jvm.additional=-Da\n"
	got, err := c.Diff([]byte(old))
	if err != nil {
		t.Fatal(err)
	}
	want := []Change{
		{Name: "apoc.jdbc.shop.url", New: masked, Added: true, Source: FromEnvironment, From: "NEO4J_apoc_jdbc_shop_url"},
		{Name: "dbms.default_listen_address", New: "0.0.0.0", Added: true},
		{Name: "dbms.jvm.additional", Old: masked, New: masked, Source: FromEnvironment, From: "NEO4J_dbms_jvm_additional"},
		{Name: "dbms.memory.pagecache.size", Old: "1g", New: "512M"},
		{Name: "dbms.mode", New: "SINGLE", Added: true, Source: FromEnvironment, From: "NEO4J_dbms_mode"},
		{Name: "dbms.security.ldap.authorization.system_password", Old: masked, New: masked, Source: FromEnvironment,
			From: "NEO4J_dbms_security_ldap_authorization_system__password"},
		{Name: "gone", Old: "x", Removed: true},
		{Name: "gone.token", Old: masked, Removed: true},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if again, err := c.Diff(c.Bytes()); err != nil || len(again) != 0 {
		t.Errorf("a configuration differs from itself: %v, %v", again, err)
	}
	if _, err := c.Diff([]byte(`a=\u12`)); err == nil {
		t.Error("a file that Neo4j cannot read is compared")
	}
}

func TestAddressesAreReadInEverySpelling(t *testing.T) {
	for text, want := range map[string]address{
		"": {}, "host": {"host", 0}, "host:5000": {"host", 5000}, ":7001": {"", 7001}, "[fd00::1]:7000": {"fd00::1", 7000},
		"[fd00::1]": {"fd00::1", 0}, "fd00::1": {"fd00::1", 0}, " 0.0.0.0:6362-6372 ": {"0.0.0.0", 6362}, "core.neo4j:0": {"core.neo4j", 0},
	} {
		if got, err := parseAddress(text); err != nil || got != want {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"host:", "host:port", "host:65536", "host:-1", "a b:1", "a,b:1"} {
		if got, err := parseAddress(text); err == nil {
			t.Errorf("%q is taken as %+v", text, got)
		}
	}
}
