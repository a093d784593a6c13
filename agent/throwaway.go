package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"neo4j-agent/agent/settings"
	"neo4j-agent/supervisor"
)

const (
	// throwawayStart bounds the start: a restored store may have to be recovered first.
	throwawayStart = 30 * time.Minute
	// throwawayLife bounds all of it.
	throwawayLife = time.Hour
	// throwawayStop bounds the clean shutdown, which takes a checkpoint: what is killed instead cannot be checked.
	throwawayStop = 2 * time.Minute
	// throwawayAgain is the pace of asking whether it answers.
	throwawayAgain = 500 * time.Millisecond
)

// throwaway is a Neo4j server that lives for a few questions.
type throwaway struct {
	bolt    string // host:port
	log     zerolog.Logger
	witness witness
	ended   chan struct{} // closed when the process is gone
	end     error         // why, then
}

// start starts what was prepared and waits until it answers. stop ends it and must be called in any case.
func (t *throwaway) start(ctx context.Context, p *preparation) (stop func(), err error) {
	if t.witness, err = newWitness(p.neo4j.dialect, t.bolt, p.settings.AdminPassword, nil); err != nil {
		return func() {}, err
	}
	tool := supervisor.Tool{
		Argv: p.launch.Argv, Env: append(settings.Scrub(settings.Environ()), p.launch.Env...), Limit: throwawayLife, Tail: shownTail, Grace: throwawayStop,
		Output: lineLog{log: t.log.With().Str("from", "throw-away neo4j").Logger()},
	}
	running, cancel := context.WithCancel(ctx)
	t.ended = make(chan struct{})
	var waiting sync.WaitGroup
	waiting.Go(func() {
		defer close(t.ended)
		result, err := tool.Run(running)
		if t.end = err; err == nil {
			t.end = fmt.Errorf("it ended with %v: %s", result.Exit, lastWords(result.Tail))
		}
	})
	stop = func() {
		t.witness.Close()
		cancel()
		waiting.Wait()
	}
	limited, done := context.WithTimeout(ctx, throwawayStart)
	defer done()
	return stop, t.answers(limited, "")
}

// answers waits until a query in a database is answered, "" for the default one.
func (t *throwaway) answers(ctx context.Context, database string) error {
	for {
		asked, cancel := context.WithTimeout(ctx, askedFor)
		_, err := t.witness.Rows(asked, database, "RETURN 1", nil)
		cancel()
		if err == nil {
			return nil
		}
		select {
		case <-t.ended:
			return fmt.Errorf("cannot start a throw-away server: %w", t.end)
		case <-ctx.Done():
			return fmt.Errorf("cannot start a throw-away server: %w: %v", context.Cause(ctx), err)
		case <-time.After(throwawayAgain):
		}
	}
}

// opens makes sure that the server serves a database. One that is not its default one it does not know yet.
func (t *throwaway) opens(ctx context.Context, database, standard string) error {
	if database == standard {
		return nil
	}
	system := t.witness.dialect.SystemDatabase()
	if system == "" {
		return errors.New("this version does not let the agent open a second database")
	}
	ctx, cancel := context.WithTimeout(ctx, throwawayStart)
	defer cancel()
	if err := t.witness.Do(ctx, system, "CREATE DATABASE $database", map[string]any{"database": database}); err != nil {
		return fmt.Errorf("cannot open database %s on a throw-away server: %w", database, err)
	}
	return t.answers(ctx, database)
}

// freePort is a port of the loopback that nobody listens on.
func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("cannot find a free port: %w", err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().(*net.TCPAddr).Port, nil
}
