package neo4jconf

import (
	"fmt"
	"path"
	"strings"
)

var validation = fact{head{v35, v50}, cells{"", "yes"}}

// ValidateConfig returns the command by which the server's own tool checks neo4j.conf, apoc.conf and the log
// configuration, nil before 5, which has none. NEO4J_CONF says where they are. Community takes an Enterprise setting for a
// mistake (run of 5.26.30 and 2026.08.1).
func (d Dialect) ValidateConfig(home string, expand bool) []string {
	if d.fact(validation) == "" {
		return nil
	}
	argv := []string{path.Join(home, "bin/neo4j-admin"), "server", "validate-config"}
	if expand {
		argv = append(argv, expandCommands)
	}
	return argv
}

// invalidConfig is the exit code for a configuration that the server refuses. Warnings leave 0 (jar:
// ValidateConfigCommand; runs of 5.26.30 and 2026.08.1).
const invalidConfig = 78

// Validated tells what ValidateConfig found from its exit code and lines: the errors, of which the tool names only the
// first in neo4j.conf, and warnings. It fails when the tool did not come to an answer.
func Validated(code int, output []string) (mistakes, warnings []string, err error) {
	for _, line := range output {
		switch {
		case strings.HasPrefix(line, "Error"):
			mistakes = append(mistakes, line)
		case strings.HasPrefix(line, "Warning"):
			warnings = append(warnings, line)
		}
	}
	switch {
	case code == 0:
		return nil, warnings, nil
	case code == invalidConfig && len(mistakes) > 0:
		return mistakes, warnings, nil
	case code == invalidConfig:
		return []string{"the configuration is invalid"}, warnings, nil
	}
	return nil, nil, fmt.Errorf("cannot validate the configuration: the tool ended with exit code %d", code)
}
