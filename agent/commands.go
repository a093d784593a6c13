package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"neo4j-agent/agent/settings"
	"neo4j-agent/supervisor"
)

// grammar is every command with its flags; kong makes the help from it.
type grammar struct {
	Start       startCommand       `cmd:"" aliases:"neo4j" help:"Run the whole life of the container: prepare, start and supervise Neo4j. Meant to be PID 1."`
	Prepare     prepareCommand     `cmd:"" help:"Run the one-shot stage alone: directories, initial password, members, neo4j.conf."`
	Serve       serveCommand       `cmd:"" help:"Run the long-running stage alone: health and status over HTTP."`
	Restore     restoreCommand     `cmd:"" help:"Restore a snapshot now, while Neo4j does not run."`
	Backup      backupCommand      `cmd:"" help:"Take a backup of the databases, upload it, verify it, and only then let it count."`
	Backups     backupsCommand     `cmd:"" help:"List the backups in the bucket."`
	Render      renderCommand      `cmd:"" help:"Print the neo4j.conf that would be used, and beside it apoc.conf and server-logs.xml where there are any."`
	DumpConfig  dumpConfigCommand  `cmd:"" name:"dump-config" help:"Write the configuration that would be used into /conf, as the official image does."`
	Peers       peersCommand       `cmd:"" help:"Print the members found."`
	Healthcheck healthcheckCommand `cmd:"" help:"Exit 0 when this member is healthy, 1 with one line saying why when not. For HEALTHCHECK and ECS."`
	Status      statusCommand      `cmd:"" help:"Print this member and the cluster as a table."`
	Version     versionCommand     `cmd:"" help:"Print version, commit and Go version."`
}

const description = `Entrypoint of a Neo4j container: finds the other members, writes neo4j.conf, starts and supervises
Neo4j, answers the health check. Any other command is run as PID 1 would run it: neo4j-agent cypher-shell …, neo4j-agent bash;
-- before it forces that.`

// names are the words that are ours, so that everything else is passed through.
var names = []string{"start", "neo4j", "prepare", "serve", "restore", "backup", "backups", "render", "dump-config", "peers", "healthcheck", "status", "version"}

func isOurs(word string) bool {
	return strings.HasPrefix(word, "-") && word != "--" || slices.Contains(names, word)
}

func isStart(args []string) bool {
	return len(args) > 0 && (args[0] == "start" || args[0] == "neo4j")
}

// output is where a command writes for its caller. Logs go to standard error.
type output struct{ io.Writer }

// dispatch parses args and runs the command that they name.
func dispatch(args []string) int {
	var commands grammar
	exit := -1
	parser, err := kong.New(&commands,
		kong.Name("neo4j-agent"), kong.Description(description), kong.UsageOnError(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 110}),
		kong.Exit(func(code int) { exit = code }),
		kong.Help(helpWithSettings),
	)
	if err != nil {
		return complain(withCode(exitUsage, err))
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parsed, err := parser.Parse(args)
	if exit >= 0 { // --help was served
		return exit
	}
	if err != nil {
		return complain(withCode(exitUsage, fmt.Errorf("%v; neo4j-agent --help lists the commands", err)))
	}
	return complain(parsed.Run(output{os.Stdout}))
}

// helpWithSettings appends the environment table to the help of the whole program.
func helpWithSettings(options kong.HelpOptions, ctx *kong.Context) error {
	if err := kong.DefaultHelpPrinter(options, ctx); err != nil {
		return err
	}
	if ctx.Selected() == nil {
		_, _ = io.WriteString(ctx.Stdout, "\nEnvironment:\n"+settings.Help())
	}
	return nil
}

// complain prints err, where there is one, and gives its exit code.
func complain(err error) int {
	if err == nil {
		return exitOK
	}
	if text := err.Error(); text != "" {
		lines := supervisor.NewLogWriter(os.Stderr) // which nobody may be reading
		_, _ = fmt.Fprintln(lines, "neo4j-agent: "+text)
		lines.Flush(flushLimit)
	}
	return codeOf(err)
}

type versionCommand struct{}

// Run prints the version.
func (versionCommand) Run(out output) error {
	_, err := fmt.Fprintln(out, versionText())
	return err
}
