package main

import (
	"fmt"
	"time"

	"neo4j-agent/neo4jconf"
)

// variables is how many NEO4J_ variables are rendered.
const variables = 300

// rendering is the median time that the slowest generation takes to render many variables.
func rendering(runs int) (time.Duration, error) {
	env := make(map[string]string, variables)
	for n := range variables {
		env[fmt.Sprintf("NEO4J_db_group%d_some__setting", n)] = fmt.Sprintf("value %d", n)
	}
	var slowest time.Duration
	for _, version := range []neo4jconf.Version{{Major: 3, Minor: 5}, {Major: 4, Minor: 4}, {Major: 5, Minor: 26}, {Major: 2026, Minor: 8}} {
		dialect, err := neo4jconf.For(version, neo4jconf.Enterprise)
		if err != nil {
			return 0, err
		}
		input := neo4jconf.Input{
			Dialect: dialect, Env: env, Role: neo4jconf.Core, Discovery: neo4jconf.List, HomeDir: "/var/lib/neo4j",
			Members: []string{"10.0.0.1", "10.0.0.2", "10.0.0.3"}, Advertise: "10.0.0.1",
		}
		var taken []time.Duration
		for range runs {
			began := time.Now()
			config, _, err := neo4jconf.Render(input)
			if err != nil {
				return 0, err
			}
			_ = config.Bytes()
			taken = append(taken, time.Since(began))
		}
		slowest = max(slowest, median(taken))
	}
	return slowest, nil
}
