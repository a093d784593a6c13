package main

import (
	"context"
	"fmt"
	"strings"
)

type renderCommand struct {
	Diff bool `help:"Print what would change in the neo4j.conf on disk, and where each setting comes from."`
}

// Run prints the configuration with the members that can be found at once.
func (c renderCommand) Run(out output) error {
	return inspect("render", out, c.print)
}

func (c renderCommand) print(ctx context.Context, p *preparation) error {
	if err := inTurn(ctx, p.readHome, p.findAddress, p.lookOnce); err != nil {
		return err
	}
	config, err := p.render()
	if err != nil {
		return err
	}
	if !c.Diff {
		_, err = p.out.Write(config.Bytes())
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
			_, _ = fmt.Fprintf(p.out, "-%s=%s\n", change.Name, change.Old)
		}
		if !change.Removed {
			_, _ = fmt.Fprintf(p.out, "+%s=%s\t(%s)\n", change.Name, change.New, strings.TrimSpace(change.Source.String()+" "+change.From))
		}
	}
	return nil
}
