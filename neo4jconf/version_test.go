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
		{"neo4j-kernel-2026.08.1.jar neo4j-bolt-connection-5.1.0.jar", "2026.8.1", Community},
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

func TestAVersionOutsideTheTablesIsRefusedByName(t *testing.T) {
	for _, v := range []Version{{Major: 3, Minor: 4}, {Major: 4, Minor: 5}, {Major: 5, Minor: 26}, {Major: 2026, Minor: 8}, {}} {
		_, err := For(v, Enterprise)
		if err == nil || !strings.Contains(err.Error(), v.String()) || !strings.Contains(err.Error(), "3.5 and 4.0 to 4.4") {
			t.Errorf("For(%v): error %v names neither it nor what is supported", v, err)
		}
	}
}
