package main

import (
	"context"
	"os"
	"path/filepath"
)

// sourcing runs EXTENSION_SCRIPT as the official image does: read by bash with -eu in the shell that becomes the server,
// so that its exports, limits and background jobs are the server's. It finds the command of the container in $1 and $cmd.
// What the image's entrypoint has beside that, functions and secrets, it does not find.
const sourcing = `script=$1 cmd=neo4j; shift
trap 'echo "neo4j-agent: EXTENSION_SCRIPT $script ended with exit code $?: Neo4j is not started" >&2' EXIT
. "$script" neo4j
trap - EXIT
exec "$@"`

// findCommand finds what runs the server. A script that the user adds may change anything that the command is made from,
// so that Neo4j's launcher makes it then.
func (p *preparation) findCommand(ctx context.Context) error {
	dialect, home, expand := p.neo4j.dialect, p.settings.Home, p.settings.ExtendedConf
	if expand && len(dialect.Console(home, true)) == len(dialect.Console(home, false)) {
		p.log.Warn().Msgf("EXTENDED_CONF has no effect: Neo4j %v runs no commands in neo4j.conf", dialect.Version)
	}
	script := p.settings.ExtensionScript
	if script == "" {
		return p.findLine(ctx)
	}
	info, err := os.Stat(script)
	if err == nil {
		script, err = filepath.Abs(script)
	}
	if err != nil || !info.Mode().IsRegular() { // as in the image
		p.log.Warn().Msgf("EXTENSION_SCRIPT %s is not a file: it is not run", p.settings.ExtensionScript)
		return p.findLine(ctx)
	}
	p.launch.Script = script
	p.launch.Argv = append([]string{"bash", "-eu", "-c", sourcing, "bash", script}, dialect.Console(home, expand)...)
	return nil
}
