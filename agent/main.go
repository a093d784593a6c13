// Command neo4j-agent is the entrypoint of a Neo4j container on AWS ECS or in a local cluster: it finds the other
// members, writes neo4j.conf, starts and supervises Neo4j and answers the health check.
//
//	neo4j-agent start        the whole life of the container (PID 1)
//	neo4j-agent healthcheck  for HEALTHCHECK and ECS
//	neo4j-agent status       this member and the cluster as a table
//	neo4j-agent --help       everything else
//
// `start` becomes PID 1 of four processes: itself, which knows processes only; `serve`, which answers health and status
// over HTTP; `prepare`, which runs before each start of the database and decides whether it starts; and Neo4j. Any of
// the first three but PID 1 may crash without the database noticing.
//
// A command that is not one of ours is run as PID 1 should run it: signals and exit code passed through, orphans
// reaped, the terminal handed over.
package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
)

// Set by the linker.
var (
	version = "unknown"
	commit  = "unknown"
)

func main() {
	os.Exit(run(os.Args[1:]))
}

// run is the whole program but its exit.
func run(args []string) int {
	hideMemory() // also of the short commands: docker exec gives them the container's whole environment
	if len(args) > 0 && !isOurs(args[0]) {
		return passThrough(args)
	}
	if os.Getpid() == 1 && len(args) > 0 && !isStart(args) {
		return asChild(args)
	}
	if len(args) == 1 && args[0] == "healthcheck" { // asked every few seconds for ever: no need to build the grammar
		return complain(healthcheckCommand{}.Run(output{os.Stdout}))
	}
	if len(args) > 0 && args[0] == "neo4j" && !slices.Contains(args, "--help") {
		args = args[:1] // `neo4j console`: the official image takes no notice of what follows
	}
	return dispatch(args)
}

func versionText() string {
	revision := commit
	if info, ok := debug.ReadBuildInfo(); ok && revision == "unknown" {
		for _, setting := range info.Settings {
			if setting.Key == "vcs.revision" {
				revision = setting.Value
			}
		}
	}
	return fmt.Sprintf("%s (commit %s, %s)", version, revision, runtime.Version())
}
