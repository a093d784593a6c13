package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/signal"
	"path/filepath"
	"syscall"

	"neo4j-agent/agent/restore"
	"neo4j-agent/neo4jconf"
)

type restoreCommand struct {
	Source    string `arg:"" help:"What to restore, as SNAPSHOT_PATH takes it: latest, latest/daily, @2026-01-31T04:00Z, bucket/key, s3://bucket/key, or a path."`
	Overwrite bool   `help:"Replace the data that is there."`
	Until     string `placeholder:"ID|TIME" help:"Only what was committed before this transaction or time (UTC). Needs a backup of Neo4j 5 or later."`
	DryRun    bool   `help:"Say what would be done and change nothing."`
	JSON      bool   `name:"json" help:"Print the result as one JSON object."`
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
	hideMemory()
	if !c.DryRun {
		if err := dropRoot(loaded); err != nil {
			return withCode(exitPermission, err)
		}
	}
	log, flush := newLog(loaded, "restore")
	defer flush()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	p := &preparation{settings: loaded, folders: layoutOf(loaded), log: log, out: out, dry: c.DryRun}
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
