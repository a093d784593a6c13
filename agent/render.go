package main

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/spf13/pflag"
)

type renderCommand struct{ Diff bool }

func (c *renderCommand) flags(f *pflag.FlagSet) {
	f.BoolVar(&c.Diff, "diff", false, "Print what would change in the files on disk, and where each setting comes from.")
}

// Run prints the configuration with the members that can be found at once.
func (c renderCommand) Run(out output) error {
	return inspect("render", out, c.print)
}

func (c renderCommand) print(ctx context.Context, p *preparation) error {
	config, err := p.configNow(ctx)
	if err != nil {
		return err
	}
	show := p.show
	if c.Diff {
		show = p.compare
	}
	files := filesOf(config)
	for _, file := range files {
		if len(files) > 1 {
			p.would("# %s", p.path(file.name))
		}
		if err := show(file); err != nil {
			return err
		}
	}
	return nil
}

func (p *preparation) show(file configFile) error {
	_, err := p.out.Write(file.text)
	return err
}

// compare prints what writing a file would change: setting by setting, or, where it holds none, whether it would.
func (p *preparation) compare(file configFile) error {
	old, err := readIfThere(p.path(file.name))
	if err != nil {
		return withCode(exitInputOutput, err)
	}
	if file.settings == nil {
		if !bytes.Equal(old, file.text) {
			p.would("would be written anew")
		}
		return nil
	}
	changes, err := file.settings.Diff(old)
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
