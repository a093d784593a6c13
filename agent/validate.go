package main

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"

	"neo4j-agent/agent/settings"
	"neo4j-agent/neo4jconf"
	"neo4j-agent/supervisor"
)

// validateLimit bounds the server's own tool, a JVM that took 3 to 5 s on two busy cores (5.26.30, 2026.08.1).
const validateLimit = 2 * time.Minute

// validate lets the server's own tool check the configuration, where the user asks for it and the generation has one.
func (p *preparation) validate(ctx context.Context) error {
	if !p.settings.ValidateConfig {
		return nil
	}
	argv := p.neo4j.dialect.ValidateConfig(p.settings.Home, p.settings.ExtendedConf)
	switch {
	case argv == nil:
		p.log.Warn().Msgf("AGENT_VALIDATE_CONFIG has no effect: Neo4j %v has no tool for it", p.neo4j.dialect.Version)
		return nil
	case p.dry:
		p.would("would run %s", strings.Join(argv, " "))
		return nil
	}
	var output bytes.Buffer
	environ := append(settings.Scrub(settings.Environ()), p.launch.Env...)
	result, err := supervisor.Tool{Argv: argv, Env: environ, Output: &output, Limit: validateLimit}.Run(ctx)
	if err != nil {
		return err
	}
	mistakes, warnings, err := neo4jconf.Validated(result.ExitCode(), strings.Split(output.String(), "\n"))
	if err != nil {
		return err
	}
	for _, warning := range warnings {
		p.log.Warn().Str("from", "validate-config").Msg(warning)
	}
	if len(mistakes) > 0 {
		return withCode(exitConfig, fmt.Errorf("cannot start Neo4j: its own tool calls the configuration invalid: %s", strings.Join(mistakes, "; ")))
	}
	p.log.Info().Msg("configuration validated by Neo4j's own tool")
	return nil
}
