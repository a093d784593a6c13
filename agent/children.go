package main

import (
	"fmt"
	"os"
	"slices"
	"time"

	"neo4j-agent/agent/runstate"
	"neo4j-agent/neo4jconf"
	"neo4j-agent/supervisor"
)

// serve is the command of the long-running stage. The supervisor puts its end of the talk before our descriptors. It
// reads what prepare said from the same memory file as PID 1, so that it works without a run directory too.
func (s *starter) serve() (supervisor.Command, error) {
	argv, err := s.self("serve", "--talk-fd", "3", "--secrets-fd", "4", "--result-fd", "5", "--kept-fd", "6",
		"--container", s.began.Format(time.RFC3339Nano))
	return supervisor.Command{Name: "serve", Argv: argv, Env: s.environ, Files: []*os.File{s.secrets, s.result, s.kept}}, err
}

// prepare is the command of the one-shot stage. It holds the lock too, so that a killed start cannot leave a second
// writer behind unnoticed.
func (s *starter) prepare() (supervisor.Command, error) {
	if err := s.result.Truncate(0); err != nil { // what the one before said does not hold any more
		return supervisor.Command{}, fmt.Errorf("cannot forget how neo4j was launched: %v", err)
	}
	argv, err := s.self("prepare", "--secrets-fd", "3", "--result-fd", "4", "--kept-fd", "5")
	return supervisor.Command{
		Name: "prepare", Argv: argv, Env: s.environ, Files: []*os.File{s.secrets, s.result, s.kept, s.lock}, Session: true,
	}, err
}

// database is the command that the last prepare asked for. It inherits the lock: as long as Neo4j runs, no other start
// can begin.
func (s *starter) database() (supervisor.Command, error) {
	said, err := readLaunch(s.result)
	if err != nil {
		return supervisor.Command{}, err
	}
	path := said.Prepared.Logs["debug"]
	s.last.Store(&attempt{debugLog: path, logSize: sizeOf(path), script: said.Script})
	env := append(slices.Clone(s.environ), said.Env...)
	return supervisor.Command{Name: "neo4j", Argv: said.Argv, Env: env, Files: []*os.File{s.lock}}, nil
}

// self is this binary with other arguments.
func (s *starter) self(args ...string) ([]string, error) {
	binary, err := os.Executable()
	return append([]string{binary}, args...), err
}

// linesOfLog is how many of the log's last lines go into the message about a dead database.
const linesOfLog = 15

// lastLines are the last lines that Neo4j wrote into its own log since its start.
func (s *starter) lastLines() []string {
	lines := s.linesOfLastAttempt()
	return lines[max(0, len(lines)-linesOfLog):]
}

// hopeless gives the reason when no restart can cure what ended the database: a text in its log that is known for that,
// or an exit code, or that it ended before it had anything to log, which means that Java or Neo4j refused its configuration.
func (s *starter) hopeless(exit supervisor.Exit) string {
	lines := s.linesOfLastAttempt()
	if reason, ok := neo4jconf.Hopeless(lines); ok && exit.Signal == 0 {
		return reason
	}
	if last := s.last.Load(); last != nil && last.script != "" && exit.Signal == 0 && neo4jconf.Speechless(lines) {
		return fmt.Sprintf("EXTENSION_SCRIPT %s failed, or Neo4j did before it had anything to log; see the output above", last.script)
	}
	if reason, ok := neo4jconf.HopelessExit(exit.ExitCode()); ok && exit.Signal == 0 {
		return reason + ": Neo4j says more on its own output above"
	}
	if exit.ExitCode() == 1 && neo4jconf.Speechless(lines) {
		return "it ended before it had anything to log: Java or Neo4j refuses its configuration, and says why on its own output above"
	}
	return ""
}

func (s *starter) linesOfLastAttempt() []string {
	last := s.last.Load()
	if last == nil {
		return nil
	}
	return linesSince(last.debugLog, last.logSize)
}

// observer writes supervisor.json. A write that fails is counted and told with the next one that works.
func (s *starter) observer() func(supervisor.State) {
	failed := 0
	return func(state supervisor.State) {
		err := runstate.Write(s.settings.RunDir, runstate.SupervisorFile, runstate.Supervisor{
			Version: version, PID: os.Getpid(), StartedAt: s.began,
			Phase: state.Phase, Since: state.Since, Reason: state.Reason, RestartsLeft: state.RestartsLeft,
			Database: child(state.Database), Serve: child(state.Serve), Prepare: child(state.Prepare), FailedWrites: failed,
		})
		if err != nil {
			failed++
		}
	}
}

func child(c supervisor.ChildState) runstate.Child {
	return runstate.Child{PID: c.PID, StartedAt: c.StartedAt, Starts: c.Starts, LastEnd: c.LastEnd, LastExit: c.LastExit}
}
