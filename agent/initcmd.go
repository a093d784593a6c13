package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/pflag"

	"neo4j-agent/agent/health"
	"neo4j-agent/agent/initscripts"
	"neo4j-agent/agent/runstate"
	"neo4j-agent/agent/settings"
	"neo4j-agent/supervisor"
)

type initCommand struct{ TakeOver, DryRun, JSON bool }

func (c *initCommand) flags(f *pflag.FlagSet) {
	f.BoolVar(&c.TakeOver, "take-over", false, "Run them on this member of a cluster although another one keeps their record, which will not come back.")
	f.BoolVar(&c.DryRun, "dry-run", false, "Say what would be run and change nothing.")
	f.BoolVar(&c.JSON, "json", false, "Print the result as one JSON object.")
}

// initLine is one script as the result shows it.
type initLine struct {
	File       string `json:"file"`
	State      string `json:"state"` // done, changed, left or failed
	Statements int    `json:"statements"`
	Done       int    `json:"done"` // statements that have run
	Line       int    `json:"line,omitempty"`
	Reason     string `json:"reason,omitempty"`
}

// Run runs what is left of the init scripts against the server of this container, also those that came after its first
// start and what the server has refused before.
func (c initCommand) Run(out output) error {
	loaded, _, err := loadSettings(nil, true)
	if err != nil {
		return err
	}
	outliveReaders()
	hideMemory()
	log, flush := newLog(loaded, "init")
	defer flush()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	r, err := c.find(ctx, loaded, log)
	if err != nil {
		return said(log, err)
	}
	if !c.DryRun { // secrets may be files for root's eyes only, and the record must stay the neo4j user's
		if err := dropRoot(loaded); err != nil {
			return said(log, withCode(exitPermission, err))
		}
		err = initErrors(r.byHand(ctx))
	}
	lines, broken := initLines(r, err)
	if bad := func(l initLine) bool { return l.State == "failed" }; c.DryRun && slices.ContainsFunc(lines, bad) {
		err = withCode(exitBadData, errSaid)
	}
	return errors.Join(said(log, err), broken, c.print(out, lines))
}

// find finds the server of this container and the password for it, and refuses where another member keeps the record.
func (c initCommand) find(ctx context.Context, loaded *settings.Settings, log zerolog.Logger) (initRun, error) {
	folders := layoutOf(loaded)
	var prepared runstate.Prepared
	err := runstate.Read(folders.run, runstate.PreparedFile, &prepared)
	if err != nil {
		err = runstate.Read(filepath.Join(folders.state, "run"), runstate.PreparedFile, &prepared)
	}
	if err != nil || !prepared.Done {
		return initRun{}, withCode(exitUnavailable, errors.New("cannot run the init scripts: this container's database is not prepared yet"))
	}
	if !c.DryRun { // which needs no password
		if loaded, err = withSecrets(ctx, loaded, log); err != nil {
			return initRun{}, err
		}
	}
	r := initRun{
		dir: loaded.InitDir, state: volume(prepared.StateDir), prepared: prepared, again: true, tell: func(health.Init) {}, log: log,
		connect: func() (*health.Client, error) {
			return leaderClient(prepared, adminName, loaded.AdminPassword.Reveal())
		},
	}
	record, err := r.state.initRecord()
	if err == nil && prepared.Role != health.Standalone && !record.Acts && !c.TakeOver && !c.DryRun {
		err = withCode(exitConfig, errors.New("cannot run the init scripts here: "+elsewhere(record)+
			"; run `neo4j-agent init` there, or here with --take-over if that member will not come back: what has run there is run again"))
	}
	return r, err
}

func elsewhere(record initscripts.Record) string {
	if record.Actor == "" {
		return "this member of the cluster has no record of what has run"
	}
	return record.Actor + " keeps the record of what has run"
}

// lockPatience is how long the command waits for serve, which looks every few seconds whether a file has changed.
const lockPatience = 2 * time.Second

func (r initRun) byHand(ctx context.Context) error {
	for begun := time.Now(); ; {
		err := r.run(ctx, r.takeAll)
		if !errors.As(err, new(*supervisor.HeldError)) || time.Since(begun) > lockPatience {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(lockPatience / 20):
		}
	}
}

// takeAll takes all scripts that have not run to their end. Those that are not there any more are let go.
func (r initRun) takeAll(record *initscripts.Record) ([]string, error) {
	names, _, err := initscripts.List(r.dir)
	if err != nil {
		return nil, err
	}
	gone := slices.DeleteFunc(record.Left(), func(name string) bool { return slices.Contains(names, name) })
	if len(gone) > 0 {
		r.log.Warn().Strs("files", gone).Msg("init scripts that had not run are not there any more: they are let go")
		record.Drop(gone)
	}
	record.Add(names)
	record.Acts, record.Actor = true, "" // whoever else there may be
	return record.Left(), r.state.write(initFile, *record)
}

// initErrors gives each way not to run the scripts its exit code (contract.md, Exit codes).
func initErrors(err error) error {
	switch {
	case err == nil:
		return nil
	case waits(err):
		return withCode(exitBadData, err)
	case errors.As(err, new(*supervisor.HeldError)):
		return withCode(exitTryAgain, errors.New("cannot run the init scripts: they are being run already; neo4j-agent status says how far they are"))
	}
	return withCode(exitUnavailable, err)
}

// print shows each script as it is now.
func (c initCommand) print(out output, lines []initLine) error {
	if c.JSON {
		return json.NewEncoder(out).Encode(map[string]any{"scripts": lines})
	}
	for _, line := range lines {
		text := fmt.Sprintf("%s\t%s\t%d of %d statements", line.File, line.State, line.Done, line.Statements)
		if line.Reason != "" {
			text += fmt.Sprintf("\tline %d: %s", line.Line, line.Reason)
		}
		if _, err := fmt.Fprintln(out, text); err != nil {
			return err
		}
	}
	return nil
}

// initLines are the scripts of the folder as the record has them. One that cannot be read has failed.
func initLines(r initRun, failure error) ([]initLine, error) {
	record, err := r.state.initRecord()
	if err != nil {
		return nil, err
	}
	names, _, err := initscripts.List(r.dir)
	lines := make([]initLine, 0, len(names))
	for _, name := range names {
		line := initLine{File: name, State: "left"}
		file := record.File(name)
		scripts, broken := initscripts.Read(r.dir, []string{name}, splitCypher)
		for _, why := range []error{failure, broken} {
			var known *initscripts.Error
			if errors.As(why, &known) && known.File == name {
				line.State, line.Line, line.Reason = "failed", known.Line, known.Err.Error()
			}
		}
		if len(scripts) > 0 {
			line.Statements, line.Done = len(scripts[0].Statements), file.Done
		}
		switch {
		case len(scripts) > 0 && file.Changed(scripts[0].Sum):
			line.State = "changed"
		case file.Sum != "":
			line.State = "done"
		}
		lines = append(lines, line)
	}
	return lines, err
}
