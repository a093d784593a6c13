package neo4jconf

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestPluginsGetWhatTheyNeedAndTheUserKeepsTheLastWord(t *testing.T) {
	const unrestricted = "dbms.security.procedures.unrestricted"
	for name, test := range map[string]struct {
		in      Input
		plugins []string
		want    map[string]string
		warns   string
	}{
		"one":     {alone(dialect(t, 4, 4, Community)), []string{"apoc-core"}, map[string]string{unrestricted: "apoc.*"}, ""},
		"several": {alone(dialect(t, 2026, 8, Community)), []string{"apoc", "graph-data-science"}, map[string]string{unrestricted: "apoc.*,gds.*"}, ""},
		"beside what we set": {cluster(dialect(t, 4, 4, Enterprise), Core), []string{"apoc-core", "graph-data-science"},
			map[string]string{unrestricted: "apoc.*,gds.*"}, ""},
		"with settings of its own": {alone(dialect(t, 5, 26, Enterprise)), []string{"bloom"}, map[string]string{
			unrestricted: "bloom.*", "server.unmanaged_extension_classes": "com.neo4j.bloom.server=/browser/bloom",
			"dbms.bloom.license_file": "/licenses/bloom.license"}, ""},
		"in words of 4.4": {alone(dialect(t, 4, 4, Enterprise)), []string{"bloom", "fleet-management"}, map[string]string{
			unrestricted: "bloom.*,fleetManagement.*", "dbms.unmanaged_extension_classes": "com.neo4j.bloom.server=/browser/bloom",
			"neo4j.bloom.license_file": "/licenses/bloom.license", "dbms.security.procedures.allowlist": "fleetManagement.*"}, ""},
		"a file that says otherwise":     {userSays(t, unrestricted+"=mine.*\n", ""), []string{"apoc"}, map[string]string{unrestricted: "mine.*"}, "plugin apoc may need apoc.*"},
		"a variable that says otherwise": {userSays(t, "", "mine.*"), []string{"apoc"}, map[string]string{unrestricted: "mine.*"}, "plugin apoc may need apoc.*"},
		"a variable that says the same":  {userSays(t, "", "mine.*, apoc.*"), []string{"apoc"}, map[string]string{unrestricted: "mine.*, apoc.*"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			test.in.Plugins = test.plugins
			c, warnings := render(t, test.in)
			for name, value := range test.want {
				if got, _ := c.Get(name); got != value {
					t.Errorf("%s=%s, want %s", name, got, value)
				}
			}
			told := slices.ContainsFunc(warnings, func(w Warning) bool { return test.warns != "" && strings.Contains(w.Text, test.warns) })
			if told != (test.warns != "") {
				t.Errorf("the warnings are %v", warnings)
			}
		})
	}
}

func userSays(t *testing.T, file, variable string) Input {
	in := alone(dialect(t, 5, 26, Community))
	in.File, in.Env = []byte(file), map[string]string{"NEO4J_dbms_security_procedures_unrestricted": variable}
	return in
}

func TestAPluginIsOfItsGeneration(t *testing.T) {
	in := alone(dialect(t, 2026, 8, Community))
	for _, plugin := range []string{"n10s", "apok", "", "-"} { // 5 was the last to know n10s
		in.Plugins = []string{plugin}
		if _, _, err := Render(in); err == nil || !strings.Contains(err.Error(), strconv.Quote(plugin)) || !strings.Contains(err.Error(), "apoc, apoc-extended") {
			t.Errorf("plugin %q gives %v", plugin, err)
		}
	}
	if jar, err := in.Dialect.PluginJar("apoc"); jar != "labs/apoc-*-core.jar" || err != nil {
		t.Errorf("apoc is in %q (%v)", jar, err)
	}
	if jar, err := dialect(t, 4, 4, Community).PluginJar("apoc"); jar != "" || err != nil {
		t.Errorf("all of APOC, which the image of 4.4 downloads, is in %q (%v)", jar, err)
	}
	needy := maps.Clone(pluginJars)
	delete(needy, "streams") // needs no setting
	if !slices.Equal(slices.Sorted(maps.Keys(pluginNeeds)), slices.Sorted(maps.Keys(needy))) {
		t.Error("a plugin has settings and no jar, or a jar and no settings")
	}
}

func TestTheLicenceIsAcceptedInTheWordsOfTheGeneration(t *testing.T) {
	for _, test := range []struct {
		major, minor int
		edition      Edition
		answer       string
		accepted     bool
	}{
		{4, 4, Community, "", true},
		{4, 4, Enterprise, "", false},
		{4, 4, Enterprise, "no", false},
		{4, 4, Enterprise, "eval", false},
		{4, 4, Enterprise, "yes", true},
		{5, 26, Enterprise, "eval", true},
		{5, 26, Enterprise, "Yes", false},
		{2026, 8, Enterprise, "yes", true},
	} {
		if err := dialect(t, test.major, test.minor, test.edition).LicenceAccepted(test.answer); (err == nil) != test.accepted {
			t.Errorf("%d.%d %s, %q: %v", test.major, test.minor, test.edition, test.answer, err)
		}
	}
}
