package neo4jconf

import (
	"slices"
	"strings"
	"testing"
)

// The outputs are those of 5.26.30.
func TestTheServersOwnValidationIsUnderstood(t *testing.T) {
	const head, mistake = "Validating Neo4j configuration: /var/lib/neo4j/conf/neo4j.conf\n", "Error: server.http.listen_address declared multiple times."
	const warning = "Warning at 2:1: XML document structures must start and end within the same entity."
	tests := map[string]struct {
		code               int
		output             string
		mistakes, warnings []string
		fails              bool
	}{
		"good":         {0, head + "No issues found.\n\nConfiguration file validation successful.\n", nil, nil, false},
		"with warning": {0, head + "1 issue found.\n" + warning + "\n\nConfiguration file validation successful (with warnings).\n", nil, []string{warning}, false},
		"invalid":      {78, head + "1 issue found.\n" + mistake + "\n\nConfiguration file validation failed.\n", []string{mistake}, nil, false},
		"no reason":    {78, head, []string{"the configuration is invalid"}, nil, false},
		"no answer":    {1, "Error: Could not create the Java Virtual Machine.\n", nil, nil, true},
	}
	for name, test := range tests {
		mistakes, warnings, err := Validated(test.code, strings.Split(test.output, "\n"))
		if !slices.Equal(mistakes, test.mistakes) || !slices.Equal(warnings, test.warnings) || (err != nil) != test.fails {
			t.Errorf("%s: %q, %q, %v", name, mistakes, warnings, err)
		}
	}
}

func TestOnlyFiveAndLaterValidateTheirConfiguration(t *testing.T) {
	for version, want := range map[string]string{"4.4.48": "", "5.0.0": "/h/bin/neo4j-admin server validate-config --expand-commands"} {
		if got := strings.Join(dialectOf(t, version).ValidateConfig("/h", true), " "); got != want {
			t.Errorf("%s: %q, want %q", version, got, want)
		}
	}
}
