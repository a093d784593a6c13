package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"neo4j-agent/agent/settings"
	"neo4j-agent/neo4jconf"
	"neo4j-agent/supervisor"
)

const (
	// adminLimit bounds one run of neo4j-admin, which hung for ever on a Java that it does not know (3.5 with Java 17);
	// a store of terabytes takes hours. Who waits for a restore sees much earlier that nothing moves.
	adminLimit = 24 * time.Hour
	// adminTail is how many of the tool's last lines are kept, and shownTail how many of them its error shows: the cause
	// stands above a stack trace.
	adminTail = 200
	shownTail = 12
)

// adminTool runs the neo4j-admin of this installation. Its environment carries no secret.
type adminTool struct {
	admin neo4jconf.Admin
	log   zerolog.Logger // gets every line of the tool's output, at level debug
	heard func()         // called at each of them; may be nil
	lines func(string)   // gets them too; may be nil
}

// adminTool is the tool for this home, whose directories are those of the neo4j.conf in the folder conf.
func (p *preparation) adminTool(conf string) adminTool {
	return adminTool{log: p.log, admin: neo4jconf.Admin{
		Dialect: p.neo4j.dialect, Home: p.settings.Home, Conf: conf, Java: p.settings.JavaHome, Heap: p.settings.HeapSize,
	}}
}

// does runs a job and wants it done.
func (t adminTool) does(ctx context.Context, job neo4jconf.Job) error {
	outcome, tail, err := t.run(ctx, job)
	if err == nil && outcome.Verdict != neo4jconf.Done {
		err = &adminError{outcome, tail}
	}
	return err
}

// adminError is a run of the tool that did not end well, with the tool's own words.
type adminError struct {
	outcome neo4jconf.Outcome
	tail    []string
}

func (e *adminError) Error() string {
	return fmt.Sprintf("neo4j-admin: %s: %s", e.outcome.Text, lastWords(e.tail))
}

// lastWords are the last lines of a tool, as an error shows them.
func lastWords(lines []string) string {
	return strings.Join(lines[max(0, len(lines)-shownTail):], " | ")
}

// says tells whether a text is among the tool's last words.
func (e *adminError) says(text string) bool {
	return slices.ContainsFunc(e.tail, func(line string) bool { return strings.Contains(strings.ToLower(line), strings.ToLower(text)) })
}

// run runs a job to its end and gives what its exit code means, and the tool's last lines.
func (t adminTool) run(ctx context.Context, job neo4jconf.Job) (neo4jconf.Outcome, []string, error) {
	command, err := t.admin.Command(job)
	if err != nil {
		return neo4jconf.Outcome{}, nil, err
	}
	lines := lineLog{t.log.With().Str("from", "neo4j-admin").Logger(), t.heard, t.lines}
	t.log.Debug().Str("command", command.String()).Msg("running neo4j-admin")
	result, err := supervisor.Tool{
		Argv: command.Argv, Env: append(settings.Scrub(settings.Environ()), command.Env...), Dir: command.Dir,
		Output: lines, Limit: adminLimit, Tail: adminTail,
	}.Run(ctx)
	if err != nil {
		return neo4jconf.Outcome{}, result.Tail, err
	}
	if code := result.ExitCode(); code >= notRun {
		return neo4jconf.Outcome{}, result.Tail, fmt.Errorf("neo4j-admin was killed or could not be run (exit code %d): %s",
			code, lastWords(result.Tail))
	}
	return command.Outcome(result.ExitCode()), result.Tail, nil
}

// notRun is the first of the exit codes that say nothing of the work: the program cannot be run, or it, or the Java that
// its script waits for, was killed by a signal (POSIX XCU 2.8.2).
const notRun = 126

// lineLog writes each line that it is given into a log, at level debug.
type lineLog struct {
	log   zerolog.Logger
	heard func()
	lines func(string)
}

func (l lineLog) Write(line []byte) (int, error) {
	if l.heard != nil {
		l.heard()
	}
	if text := strings.TrimSpace(string(line)); text != "" {
		l.log.Debug().Msg(text)
		if l.lines != nil {
			l.lines(text)
		}
	}
	return len(line), nil
}
