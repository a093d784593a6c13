package main

import (
	"context"
	"fmt"
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
	// adminTail is how many of the tool's last lines its error shows.
	adminTail = 12
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
		err = adminFailed(outcome, tail)
	}
	return err
}

// adminFailed is the error of a run of the tool that did not end well, with the tool's own words.
func adminFailed(outcome neo4jconf.Outcome, tail []string) error {
	return fmt.Errorf("neo4j-admin: %s: %s", outcome.Text, strings.Join(tail, " | "))
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
	return command.Outcome(result.ExitCode()), result.Tail, nil
}

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
