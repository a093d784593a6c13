package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/pflag"
	"golang.org/x/term"

	"neo4j-agent/agent/health"
)

// askLimit bounds a question to the agent that serves here; it answers from memory.
const askLimit = 5 * time.Second

type healthcheckCommand struct{ Alive bool }

func (c *healthcheckCommand) flags(f *pflag.FlagSet) {
	f.BoolVar(&c.Alive, "alive", false, "Follow /healthz alone, whether or not the member has been ready.")
}

// Run asks the agent of this container how the member is.
func (c healthcheckCommand) Run(out output) error {
	loaded, _, _ := loadSettings(nil, false) // mistakes are for start to tell; this process may not even read its files
	ctx, cancel := context.WithTimeout(context.Background(), askLimit)
	defer cancel()
	ok, line := health.Check(ctx, loaded.HTTPAddr, c.Alive)
	_, _ = fmt.Fprintln(out, line)
	if !ok {
		return withCode(exitFailed, errSaid)
	}
	return nil
}

type statusCommand struct{ JSON, Watch bool }

func (c *statusCommand) flags(f *pflag.FlagSet) {
	f.BoolVar(&c.JSON, "json", false, "Print what /status answers.")
	f.BoolVar(&c.Watch, "watch", false, "Print again every two seconds until Ctrl-C.")
}

// watchEvery is the pace of status --watch.
const watchEvery = 2 * time.Second

// Run prints the status of the member that this container runs.
func (c statusCommand) Run(out output) error {
	loaded, _, _ := loadSettings(nil, false) // mistakes are for start to tell; this process may not even read its files
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	terminal := term.IsTerminal(int(os.Stdout.Fd()))
	for {
		status, text, err := ask(ctx, loaded.HTTPAddr)
		if err != nil && (!c.Watch || ctx.Err() != nil) {
			return withCode(exitUnavailable, err)
		}
		if c.Watch && terminal {
			_, _ = io.WriteString(out, "\x1b[H\x1b[2J") // ECMA-48: cursor home, erase display
		}
		switch {
		case err != nil:
			_, _ = fmt.Fprintln(out, err)
		case c.JSON:
			_, _ = out.Write(text)
		default:
			err = health.WriteTable(out, status, time.Now(), terminal && !loaded.NoColor)
		}
		if !c.Watch {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(watchEvery):
		}
	}
}

func ask(ctx context.Context, address string) (health.Status, []byte, error) {
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	return health.Ask(ctx, address)
}
