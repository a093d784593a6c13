package main

import (
	"fmt"
	"os"
	"strings"

	"neo4j-agent/agent/settings"
	"neo4j-agent/supervisor"
)

// passThrough runs a command that is not ours as PID 1 should: `neo4j-agent bash`, `neo4j-agent -- status`.
func passThrough(args []string) int {
	if args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		return complain(withCode(exitUsage, fmt.Errorf("cannot run a command: none given after --")))
	}
	if err := commandUser(); err != nil {
		return complain(withCode(exitPermission, err))
	}
	code := supervisor.Passthrough(supervisor.Command{Name: args[0], Argv: args, Env: settings.Environ()})
	if hint := nearMiss(args[0]); code == 127 && hint != "" {
		fmt.Fprintf(os.Stderr, "neo4j-agent: %s: command not found; did you mean neo4j-agent %s?\n", args[0], hint)
	}
	return code
}

// commandUser makes root the neo4j user, as the official image does for every command: neo4j-admin would else leave files
// behind that Neo4j cannot write. It is for a container's own command: in `docker exec` the user was chosen.
func commandUser() error {
	who, known := neo4jIdentity()
	if os.Getpid() != 1 || os.Getuid() != 0 || !known {
		return nil
	}
	return become(who)
}

// asChild runs one of our own commands as a child, since a scheduled `backup` task finds itself PID 1.
func asChild(args []string) int {
	self, err := os.Executable()
	if err != nil {
		return complain(fmt.Errorf("cannot find the agent's own binary: %v", err))
	}
	return supervisor.Passthrough(supervisor.Command{
		Name: args[0], Argv: append([]string{self}, args...), Env: settings.Environ(),
	})
}

// nearMiss is the command of ours that word was probably meant to be.
func nearMiss(word string) string {
	for _, name := range names {
		if strings.EqualFold(word, name) || settings.Near(word, name) {
			return name
		}
	}
	return ""
}
