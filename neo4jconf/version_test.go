package neo4jconf

import (
	"strings"
	"testing"
)

func TestTheServerJarTellsVersionAndEdition(t *testing.T) {
	tests := []struct {
		jars    string
		version string
		edition Edition
	}{
		{"neo4j-3.5.0-beta03.jar neo4j-kernel-3.5.0-beta03.jar neo4j-enterprise-3.5.0-beta03.jar", "3.5.0-beta03", Enterprise},
		{"neo4j-kernel-3.5.35.jar neo4j-cypher-planner-spi-3.4-3.4.9.jar neo4j-security-enterprise-3.5.35.jar", "3.5.35", Enterprise},
		{"neo4j-4.4.48.jar neo4j-kernel-4.4.48.jar neo4j-kernel-api-4.4.48.jar neo4j-server-4.4.48.jar", "4.4.48", Community},
		{"/var/lib/neo4j/lib/neo4j-4.2.19.jar /var/lib/neo4j/lib/neo4j-causal-clustering-enterprise-4.2.19.jar", "4.2.19", Enterprise},
		{"neo4j-kernel-2026.08.1.jar neo4j-bolt-connection-5.1.0.jar", "2026.08.1", Community},
	}
	for _, test := range tests {
		version, edition, err := Detect(strings.Fields(test.jars))
		if err != nil || version.String() != test.version || edition != test.edition {
			t.Errorf("Detect(%s) = %v, %v, %v; want %s, %s", test.jars, version, edition, err, test.version, test.edition)
		}
	}
}

func TestALibFolderThatLeavesDoubtIsRefused(t *testing.T) {
	for jars, want := range map[string]string{
		"": "cannot find Neo4j",
		"neo4j-io-4.4.48.jar lucene-core-8.9.jar": "cannot find Neo4j",
		"neo4j-kernel-4.4.48.jar neo4j-4.4.2.jar": "cannot tell the version",
	} {
		if _, _, err := Detect(strings.Fields(jars)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Detect(%s): error %v, want %q", jars, err, want)
		}
	}
}

func TestAVersionThatCannotWorkIsRefusedWithTheReason(t *testing.T) {
	for v, want := range map[Version]string{
		{Major: 3, Minor: 4}:          "older than 3.5",
		{}:                            "older than 3.5",
		{Major: 3, Minor: 6}:          "no such version",
		{Major: 4, Minor: 5}:          "no such version",
		{Major: 6}:                    "no such version",
		{Major: 2024, Minor: 12}:      "no such version",
		{Major: 2025}:                 "no such version",
		{Major: 5, Suffix: "unknown"}: `unknown edition "team"`,
	} {
		edition := Enterprise
		if v.Suffix != "" {
			edition = "team"
		}
		if _, err := For(v, edition); err == nil || !strings.Contains(err.Error(), v.String()) || !strings.Contains(err.Error(), want) {
			t.Errorf("For(%v): error %v, want %q", v, err, want)
		}
	}
}

func TestAVersionNewerThanTheTablesIsTakenForTheNewestAndTheUserHearsOfIt(t *testing.T) {
	for v, known := range map[Version]string{
		{Major: 5, Minor: 0}:              "",
		{Major: 5, Minor: 26, Patch: 99}:  "",
		{Major: 5, Minor: 27}:             "5.26.0",
		{Major: 2025, Minor: 1}:           "",
		{Major: 2026, Minor: 8, Patch: 7}: "",
		{Major: 2026, Minor: 9}:           "2026.08.0",
		{Major: 2031, Minor: 1}:           "2026.08.0",
		{Major: 4, Minor: 4}:              "",
		{Major: 3, Minor: 5}:              "",
	} {
		d, err := For(v, Community)
		if err != nil {
			t.Fatal(err)
		}
		is, beyond := d.Beyond()
		if beyond != (known != "") || beyond && is.String() != known {
			t.Errorf("%v: beyond %v: %v, want %q", v, is, beyond, known)
		}
		_, warnings := render(t, Input{Dialect: d})
		if beyond != (len(warnings) == 1 && strings.Contains(warnings[0].Text, "newer than this agent knows")) {
			t.Errorf("%v: warnings %v", v, warnings)
		}
	}
}

func TestTheEditionIsThatOfTheJarsOrWhatTheImageSays(t *testing.T) {
	for _, test := range []struct {
		jars  Edition
		named string
		want  Edition
	}{
		{Community, "", Community}, {Community, "enterprise", Enterprise}, {Community, "Community", Community},
		{Enterprise, "", Enterprise}, {Enterprise, "community", Enterprise}, {Community, "team", ""},
	} {
		got, err := test.jars.Or(test.named)
		if got != test.want || (err != nil) != (test.want == "") {
			t.Errorf("%s or %q: %s, %v; want %s", test.jars, test.named, got, err, test.want)
		}
	}
}
