package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"neo4j-agent/supervisor"
)

// runs is a command: its fields are its flags.
type runs interface{ Run(output) error }

// hasFlags is a command with flags.
type hasFlags interface{ flags(*pflag.FlagSet) }

// grammar is every command with its flags. What the command that is run gave goes to result.
func grammar(result *error) *cobra.Command {
	cobra.EnableCommandSorting = false // help tells them as they come in a container's life
	root := &cobra.Command{
		Use: "neo4j-agent <command>", Long: description, Version: versionText(), SilenceErrors: true, SilenceUsage: true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true}, Args: cobra.NoArgs,
	}
	root.SetHelpCommand(&cobra.Command{Hidden: true}) // `help` is for the container's own program of that name
	add := func(name, help string, c runs) *cobra.Command {
		command := &cobra.Command{Use: name, Short: help, Args: cobra.NoArgs, DisableFlagsInUseLine: true}
		command.Run = func(*cobra.Command, []string) { *result = c.Run(output{os.Stdout}) }
		command.Flags().SortFlags = false
		if c, ok := c.(hasFlags); ok {
			c.flags(command.Flags())
		}
		root.AddCommand(command)
		return command
	}
	add("start", "Run the whole life of the container: prepare, start and supervise Neo4j. Meant to be PID 1.", &startCommand{}).Aliases = []string{"neo4j"}
	add("prepare", "Run the one-shot stage alone: directories, initial password, members, neo4j.conf.", &prepareCommand{})
	add("serve", "Run the long-running stage alone: health and status over HTTP.", &serveCommand{})
	restoring := &restoreCommand{}
	takesSource(add("restore <source>", "Restore a snapshot now, while Neo4j does not run.", restoring), &restoring.Source)
	add("backup", "Take a backup of the databases, upload it, verify it, and only then let it count.", &backupCommand{})
	add("backups", "List the backups in the bucket.", &backupsCommand{})
	add("init", "Run what is left of the init scripts, on the member that keeps their record.", &initCommand{})
	add("render", "Print the neo4j.conf that would be used, and beside it apoc.conf and server-logs.xml where there are any.", &renderCommand{})
	add("dump-config", "Write the configuration that would be used into /conf, as the official image does.", &dumpConfigCommand{})
	add("peers", "Print the members found.", &peersCommand{})
	add("healthcheck", "Exit 0 when this member is healthy, 1 with one line saying why when not. For HEALTHCHECK and ECS.", &healthcheckCommand{})
	add("status", "Print this member and the cluster as a table.", &statusCommand{})
	add("version", "Print version, commit and Go version.", &versionCommand{})
	return root
}

// takesSource has a command demand the one word that says what to restore.
func takesSource(command *cobra.Command, source *string) {
	command.Long = command.Short + " " + sourceHelp
	command.Args = func(_ *cobra.Command, words []string) error {
		if len(words) != 1 {
			return fmt.Errorf("restore takes one <source>, and %d were given", len(words))
		}
		*source = words[0]
		return nil
	}
}

const description = `Entrypoint of a Neo4j container: finds the other members, writes neo4j.conf, starts and supervises
Neo4j, answers the health check. Any other command is run as PID 1 would run it: neo4j-agent cypher-shell …, neo4j-agent bash;
-- before it forces that.`

// names are the words that are ours, so that everything else is passed through.
var names = []string{"start", "neo4j", "prepare", "serve", "restore", "backup", "backups", "init", "render", "dump-config", "peers", "healthcheck", "status", "version"}

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
	var result error
	root := grammar(&result)
	root.SetHelpFunc(func(command *cobra.Command, _ []string) { printHelp(os.Stdout, command) })
	if len(args) == 0 {
		args = []string{"--help"}
	}
	root.SetArgs(args)
	if err := root.Execute(); err != nil {
		return complain(withCode(exitUsage, fmt.Errorf("%v; neo4j-agent --help lists the commands", err)))
	}
	return complain(result)
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
	_, err := fmt.Fprintln(out, "neo4j-agent", versionText())
	return err
}
