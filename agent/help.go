package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"neo4j-agent/agent/settings"
)

// helpWidth is what help is wrapped to, in columns.
const helpWidth = 110

// printHelp is the help of one command, or of the whole program with its environment.
func printHelp(w io.Writer, command *cobra.Command) {
	about, usage := command.Long, command.CommandPath()
	if command.HasParent() {
		usage = command.UseLine()
	}
	if about == "" {
		about = command.Short
	}
	text := "Usage: " + usage
	if command.HasAvailableSubCommands() {
		text += " <command>"
	} else if command.HasAvailableLocalFlags() {
		text += " [flags]"
	}
	text += "\n\n" + settings.Wrap(about, "", helpWidth) + "\n"
	if command.HasAvailableSubCommands() {
		text += "\nCommands:\n"
		for _, c := range command.Commands() {
			if c.IsAvailableCommand() {
				name := strings.Join(append([]string{c.Name()}, c.Aliases...), ", ")
				text += fmt.Sprintf("  %-15s%s\n", name, settings.Wrap(c.Short, strings.Repeat(" ", 17), helpWidth))
			}
		}
	}
	text += "\nFlags:\n" + command.LocalFlags().FlagUsagesWrapped(helpWidth)
	if command.HasAvailableSubCommands() {
		text += "\nneo4j-agent <command> --help tells more of a command.\n\nEnvironment:\n" + settings.Help()
	}
	_, _ = io.WriteString(w, text)
}
