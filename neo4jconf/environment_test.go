package neo4jconf

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func readJSON(t *testing.T, name string, into any) {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// testdata/translation.json is what the loop of the official entrypoint (4.4, the same in 5 and calendar versions) prints
// in bash for each variable.
func TestVariablesAreTranslatedAsTheOfficialImageDoes(t *testing.T) {
	var cases []struct{ Variable, Value, Line string }
	readJSON(t, "translation.json", &cases)
	if len(cases) < 30 {
		t.Fatalf("only %d cases", len(cases))
	}
	for _, c := range cases {
		found, _, err := environment(map[string]string{c.Variable: c.Value})
		if err != nil {
			t.Errorf("%s: %v", c.Variable, err)
			continue
		}
		got := ""
		if len(found) == 1 {
			got = found[0].Name + "=" + found[0].raw
		}
		if got != c.Line {
			t.Errorf("%s=%q becomes %q, in the image %q", c.Variable, c.Value, got, c.Line)
		}
	}
}

func TestNamesAndVariablesTranslateBackAndForth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[a-z][a-z0-9]*([._][a-z0-9]+)*`).Draw(t, "name")
		if got, warning := SettingName(variableOf(name)); got != name || warning != "" {
			t.Errorf("%s -> %s -> %q (%s)", name, variableOf(name), got, warning)
		}
	})
}

func TestAPasswordOfOursNeverBecomesASetting(t *testing.T) {
	for _, variable := range []string{
		"NEO4J_ADMIN_PASSWORD", "NEO4J_ADMIN_PASSWORD_FILE", "NEO4J_ADMIN_PASSWORD_SECRET", "NEO4J_ADMIN_PASSWORD_PREVIOUS",
		"NEO4J_GUEST_AUTH", "NEO4J_GUEST_AUTH_FILE", "NEO4J_AUTH", "NEO4J_AUTH_PATH", "NEO4J_AUTH_SECRET",
		"NEO4J_QUERY_LOG", "NEO4J_DATA_ROOT", "NEO4J_CONF", "NEO4J_HOME", "NEO4J_CONFIG_FILE_CHARSET",
	} {
		if name, warning := SettingName(variable); name != "" || warning != "" {
			t.Errorf("%s becomes the setting %q (%s)", variable, name, warning)
		}
	}
}

func TestWhatSomebodyMayHaveMeantIsWarnedOf(t *testing.T) {
	for variable, want := range map[string]string{
		"NEO4J_dbms.mode": "write _ for a dot",
		"NEO4J_9lives":    "start with a number",
		"NEO4J_FOO":       "lower case",
	} {
		if _, warning := SettingName(variable); !strings.Contains(warning, want) {
			t.Errorf("%s: warning %q, want %q", variable, warning, want)
		}
	}
}

func TestAValueThatIsNotOneLineIsRefusedByVariableAndWithoutItsText(t *testing.T) {
	values := map[string]string{
		"NEO4J_dbms_a": "secret\ndbms.security.auth_enabled=false",
		"NEO4J_dbms_b": "secret\rdbms.security.auth_enabled=false",
		"NEO4J_dbms_c": "secret\x00",
		"NEO4J_dbms_d": `secret\`,
		"NEO4J_dbms_e": `secret\\\`,
		"NEO4J_dbms_f": `C:\users\secret`,
	}
	_, _, err := environment(values)
	for variable := range values {
		if err == nil || !strings.Contains(err.Error(), variable) {
			t.Errorf("%s is not named in: %v", variable, err)
		}
	}
	if err != nil && strings.Contains(err.Error(), "secret") {
		t.Errorf("a value is in: %v", err)
	}
}

func TestValuesMeanWhatNeo4jReads(t *testing.T) {
	for raw, want := range map[string]string{
		`a\\b`:         `a\b`,
		`a\tb`:         "a\tb",
		`ends in \\`:   `ends in \`,
		"für 日本 🎉":     "für 日本 🎉",
		"$(id) ${x}=y": "$(id) ${x}=y",
		"v\r\n":        "v",
		"\xff":         "ÿ",
	} {
		found, _, err := environment(map[string]string{"NEO4J_dbms_x": raw})
		if err != nil || len(found) != 1 || found[0].Value != want {
			t.Errorf("%q is read as %v, %v; want %q", raw, found, err, want)
		}
		for _, c := range []byte(found[0].raw) {
			if c >= 0x80 && raw != "\xff" {
				t.Errorf("%q is written as %q, which is no ISO-8859-1 of it", raw, found[0].raw)
			}
		}
	}
}

func TestOldSpellingsCountUnlessTheNewOneIsThere(t *testing.T) {
	found, _, err := environment(map[string]string{
		"NEO4J_causalClustering_initialDiscoveryMembers":        "a:5000",
		"NEO4J_dbms_txLog_rotation_retentionPolicy":             "old",
		"NEO4J_dbms_tx__log_rotation_retention__policy":         "new",
		"NEO4J_causalClustering_raftListenAddress":              "dropped",
		"NEO4J_ha_serverId":                                     "dropped",
		"NEO4J_causal__clustering_transaction__listen__address": "kept",
	})
	got := map[string]string{}
	for _, s := range found {
		got[s.Name] = s.Value
	}
	want := map[string]string{
		"causal_clustering.initial_discovery_members":  "a:5000",
		"dbms.tx_log.rotation.retention_policy":        "new",
		"causal_clustering.transaction_listen_address": "kept",
	}
	if err != nil || len(got) != len(want) {
		t.Fatalf("got %v, %v; want %v", got, err, want)
	}
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s is %q, want %q", name, got[name], value)
		}
	}
}
