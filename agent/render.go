package main

import (
	"context"
	"fmt"
	"os/signal"
	"strings"
	"syscall"
)

type renderCommand struct {
	Diff bool `help:"Print what would change in the neo4j.conf on disk, and where each setting comes from."`
}

// Run prints the configuration with the members that can be found at once.
func (c renderCommand) Run(out output) error {
	loaded, _, err := loadSettings(nil, true)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	log, flush := newLog(loaded, "render")
	defer flush()
	p := &preparation{settings: loaded, folders: layoutOf(loaded), log: log, out: out, dry: true}
	for _, step := range []func(context.Context) error{p.readHome, p.findAddress, p.lookOnce} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	config, err := p.render()
	if err != nil {
		return err
	}
	if !c.Diff {
		_, err = out.Write(config.Bytes())
		return err
	}
	old, err := p.written()
	if err != nil {
		return err
	}
	changes, err := config.Diff(old)
	if err != nil {
		return withCode(exitConfig, err)
	}
	for _, change := range changes {
		if !change.Added {
			_, _ = fmt.Fprintf(out, "-%s=%s\n", change.Name, change.Old)
		}
		if !change.Removed {
			_, _ = fmt.Fprintf(out, "+%s=%s\t(%s)\n", change.Name, change.New, strings.TrimSpace(change.Source.String()+" "+change.From))
		}
	}
	return nil
}
