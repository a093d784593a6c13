package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/spf13/pflag"

	"neo4j-agent/agent/restore"
	"neo4j-agent/neo4jconf"
)

type restoreCommand struct {
	Source                  string
	Until                   string
	Overwrite, DryRun, JSON bool
}

const sourceHelp = "<source> is what SNAPSHOT_PATH takes: latest, latest/daily, @2026-01-31T04:00Z, bucket/key, s3://bucket/key, or a path."

func (c *restoreCommand) flags(f *pflag.FlagSet) {
	f.BoolVar(&c.Overwrite, "overwrite", false, "Replace the data that is there.")
	f.StringVar(&c.Until, "until", "", "Only what was committed before this transaction or time (UTC), `ID|TIME`. Needs a backup of Neo4j 5 or later.")
	f.BoolVar(&c.DryRun, "dry-run", false, "Say what would be done and change nothing.")
	f.BoolVar(&c.JSON, "json", false, "Print the result as one JSON object.")
}

// restoredLine is the result as --json prints it.
type restoredLine struct {
	Result    string   `json:"result"` // restored, or would-restore of a dry run
	Snapshot  string   `json:"snapshot"`
	Databases []string `json:"databases,omitempty"`
	Bytes     int64    `json:"bytes,omitempty"`
}

// Run restores onto this container's volume.
func (c restoreCommand) Run(out output) error {
	loaded, _, err := loadSettings(nil, true)
	if err != nil {
		return err
	}
	if here, err := filepath.Abs(c.Source); err == nil && exists(here) { // by hand also a path from here
		c.Source = here
	}
	if c.Until == "" {
		c.Until = loaded.RestoreUntil
	}
	outliveReaders()
	log, flush := newLog(loaded, "restore")
	defer flush()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	p := &preparation{settings: loaded, folders: layoutOf(loaded), log: log, out: out, dry: c.DryRun}
	if err := p.readSecrets(ctx); err != nil { // files may be for root's eyes only
		return said(log, interrupted(ctx, err))
	}
	if !c.DryRun {
		if err := dropRoot(p.settings); err != nil {
			return said(log, withCode(exitPermission, err))
		}
	}
	if p.settings.RunDir, err = p.folders.runFolder(); err != nil {
		return withCode(exitCannotMake, err)
	}
	result, err := c.restore(ctx, p)
	if err != nil {
		return said(log, interrupted(ctx, err))
	}
	return c.print(out, result)
}

// restore takes the steps of prepare that a restore needs. The lock proves that no Neo4j runs on the volume.
func (c restoreCommand) restore(ctx context.Context, p *preparation) (restore.Result, error) {
	if !c.DryRun {
		if err := p.makeFolders(ctx); err != nil {
			return restore.Result{}, err
		}
		lock, err := lockVolume(p.folders)
		if err != nil {
			return restore.Result{}, err
		}
		defer func() { _ = lock.Close() }()
	}
	if err := inTurn(ctx, p.readHome, p.findAddress); err != nil {
		return restore.Result{}, err
	}
	if p.neo4j.intent.Role == neo4jconf.ReadReplica {
		return restore.Result{}, withCode(exitConfig, errors.New("cannot restore a read replica: it copies the store from the cores"))
	}
	w := &restoring{preparation: p, snapshot: c.Source, until: c.Until, overwrite: c.Overwrite, now: true}
	return w.run(ctx)
}

func (c restoreCommand) print(out output, result restore.Result) error {
	line := restoredLine{Result: "restored", Snapshot: result.Name, Databases: result.Databases, Bytes: result.Bytes}
	if result.Outcome == restore.Would {
		line.Result = "would-restore"
	}
	if c.JSON {
		return json.NewEncoder(out).Encode(line)
	}
	if result.Outcome == restore.Would {
		_, err := fmt.Fprintf(out, "would restore %s\n", result.Name)
		return err
	}
	_, err := fmt.Fprintf(out, "restored %s: %v\n", result.Name, result.Databases)
	return err
}
