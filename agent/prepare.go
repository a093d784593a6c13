package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/pflag"

	"neo4j-agent/agent/peers"
	"neo4j-agent/agent/runstate"
	"neo4j-agent/agent/settings"
)

// prepareCommand is the one-shot stage before each start of the database. Its exit code decides whether that starts.
type prepareCommand struct {
	DryRun                      bool
	SecretsFD, ResultFD, KeptFD int
}

func (c *prepareCommand) flags(f *pflag.FlagSet) {
	f.BoolVar(&c.DryRun, "dry-run", false, "Say what would be done and change nothing.")
	descriptorFlag(f, &c.SecretsFD, "secrets-fd", "has the secrets")
	descriptorFlag(f, &c.ResultFD, "result-fd", "takes how to launch Neo4j")
	descriptorFlag(f, &c.KeptFD, "kept-fd", "takes what Secrets Manager gave")
}

// Run prepares, and says how to launch the database to whoever asked.
func (c prepareCommand) Run(out output) error {
	secrets := inherited(c.SecretsFD, "secrets")
	loaded, warnings, err := loadSettings(secrets, c.DryRun)
	if err != nil {
		return err
	}
	outliveReaders()
	log, flush := newLog(loaded, "prepare")
	defer flush()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	p := &preparation{settings: loaded, folders: layoutOf(loaded), log: log, out: out, dry: c.DryRun,
		secrets: secrets, kept: keptSecrets{inherited(c.KeptFD, "kept-secrets")}}
	if c.DryRun {
		for _, warning := range warnings {
			p.would("warn: %s", warning)
		}
		return p.run(ctx)
	}
	return said(log, c.forReal(ctx, p))
}

// forReal prepares. By hand nobody else holds the lock for us, and nobody waits for what we say.
func (c prepareCommand) forReal(ctx context.Context, p *preparation) error {
	if c.ResultFD >= 0 {
		result := inherited(c.ResultFD, "launch")
		if err := p.run(ctx); err != nil {
			return err
		}
		return p.launch.writeTo(result)
	}
	lock, err := lockVolume(p.folders)
	if err != nil {
		return err
	}
	defer func() { _ = lock.Close() }()
	return p.run(ctx)
}

// preparation is the one-shot stage at work: what its steps have found out so far.
type preparation struct {
	settings *settings.Settings
	secrets  *os.File // what PID 1 handed over, nil when run by hand
	kept     keptSecrets
	folders  layout
	log      zerolog.Logger
	out      io.Writer
	dry      bool

	neo4j    neo4jHome // version, edition, base configuration
	pairs    pairs     // certificates that are not the user's own affair
	pairsIn  string    // where they are kept, "" for the run directory
	own      peers.Own
	found    []string // discovery members, host or host:port
	prepared runstate.Prepared
	launch   launch
}

// run takes the steps in the order in which each needs the ones before.
func (p *preparation) run(ctx context.Context) error {
	steps := []struct {
		name string
		take func(context.Context) error
	}{
		{"creating directories", p.makeFolders},
		{"reading secrets from Secrets Manager", p.readSecrets},
		{"reading neo4j's version and configuration", p.readHome},
		{"checking users", p.checkUsers},
		{"installing plugins", p.installPlugins},
		{"finding the own address", p.findAddress},
		{"looking for a snapshot to restore", p.restoreSnapshot},
		{"setting the initial password", p.setPassword},
		{"waiting for members", p.findMembers},
		{"looking for init scripts", p.noteInit},
		{"writing neo4j.conf", p.writeConfig},
		{"validating the configuration", p.validate},
		{"finding neo4j's command", p.findCommand},
		{"resetting the administrator's password", p.resetPassword},
	}
	begun := time.Now()
	for _, step := range steps {
		p.tell(step.name)
		if err := step.take(ctx); err != nil {
			return interrupted(ctx, err)
		}
	}
	p.finish()
	if !p.dry {
		p.log.Info().Stringer("took", time.Since(begun).Round(time.Millisecond)).Str("role", p.prepared.Role).Msg("prepared")
	}
	return nil
}

// interrupted gives the exit code of a process that a signal ended to work that was told to stop.
func interrupted(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return withCode(stopCode(ctx), errors.New("told to stop while preparing"))
	}
	return err
}

// tell says in prepare.json what is being done.
func (p *preparation) tell(step string) {
	if p.dry {
		return
	}
	p.prepared.Step, p.prepared.Since = step, time.Now().UTC()
	p.save()
}

// save writes prepare.json. That it cannot be written is no reason not to start the database.
func (p *preparation) save() {
	if err := runstate.Write(p.settings.RunDir, runstate.PreparedFile, p.prepared); err != nil {
		p.log.Debug().Msg(err.Error())
	}
}

// would says what a dry run leaves out.
func (p *preparation) would(format string, args ...any) {
	_, _ = fmt.Fprintf(p.out, format+"\n", args...)
}

// makeFolders creates what the data root and the run directory lack.
func (p *preparation) makeFolders(context.Context) error {
	if p.dry {
		for _, path := range p.folders.missing() {
			p.would("would create %s", path)
		}
		return nil
	}
	return withCode(exitCannotMake, p.folders.create())
}

// finish completes what serve and PID 1 are told.
func (p *preparation) finish() {
	p.prepared.Done, p.prepared.Step, p.prepared.Since = true, "", time.Now().UTC()
	p.launch.Prepared = p.prepared
	if p.dry {
		return
	}
	p.save()
}
