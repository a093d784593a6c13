package main

import (
	"context"
	"errors"
	"time"

	"github.com/rs/zerolog"

	"neo4j-agent/agent/health"
	"neo4j-agent/agent/initscripts"
	"neo4j-agent/agent/runstate"
	"neo4j-agent/neo4jconf"
	"neo4j-agent/supervisor"
)

const (
	// initAgain is the pace of looking for init scripts that wait; what fails for a reason that may pass is tried again
	// after twice as long each time, up to initSlowest.
	initAgain   = 5 * time.Second
	initSlowest = time.Minute
	// statementLimit bounds one statement, which may load a file for hours. A server that has gone ends it at once, one
	// that cannot be reached after some minutes (TCP keep-alive).
	statementLimit = 24 * time.Hour
	// initLock keeps serve and `neo4j-agent init` from running scripts at the same time.
	initLock = "init.lock"
)

// initRun runs init scripts against the server of this container.
type initRun struct {
	dir      string
	state    volume
	prepared runstate.Prepared
	connect  func() (*health.Client, error)
	again    bool // also what the server has refused
	tell     func(health.Init)
	log      zerolog.Logger
}

// run runs what choose takes of the record, all of it read and split before the first statement.
func (r initRun) run(ctx context.Context, choose func(*initscripts.Record) ([]string, error)) error {
	lock, err := supervisor.Lock(r.state.path(initLock))
	if err != nil {
		return err
	}
	defer func() { _ = lock.Close() }()
	record, err := r.state.initRecord()
	if err != nil {
		return err
	}
	names, err := choose(&record)
	if err != nil {
		return err
	}
	scripts, err := initscripts.Read(r.dir, names, splitCypher)
	if err != nil {
		return err
	}
	client, err := r.connect()
	if err != nil {
		return err
	}
	defer client.Close()
	database := ""
	if r.prepared.Ask.DatabaseSelectable {
		database = r.prepared.Ask.DefaultDatabase
	}
	keep := func(record initscripts.Record) error { return r.keep(ctx, record) }
	if len(names) > 0 {
		if err := keep(record); err != nil {
			return err
		}
	}
	last := progressPace{log: r.log}
	run := &initscripts.Run{
		Record: record, Again: r.again, Log: r.log,
		Save: keep,
		Do: func(ctx context.Context, statement string) error {
			ctx, cancel := context.WithTimeout(ctx, statementLimit)
			defer cancel()
			return client.Execute(ctx, database, statement)
		},
		Lasting: func(err error) bool { return errors.As(err, new(*health.Refusal)) },
		Tell: func(file string, line int, record initscripts.Record) {
			now := initState(record)
			now.State, now.File, now.Line, now.Reason = health.InitRunning, file, line, ""
			r.tell(now)
			last.tell(now)
		},
	}
	return run.Run(ctx, scripts)
}

// keep has the record on the disk before anything else is run, however long that takes: what has run and is not recorded
// would run again.
func (r initRun) keep(ctx context.Context, record initscripts.Record) error {
	for said := false; ; said = true {
		err := r.state.write(initFile, record)
		if err == nil {
			return nil
		}
		if !said {
			r.log.Error().Msgf("cannot record how far the init scripts are, so they wait: %v", err)
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(initAgain):
		}
	}
}

// progressPace logs how far init scripts are: at each file, and every few seconds.
type progressPace struct {
	log  zerolog.Logger
	file string
	at   time.Time
}

func (p *progressPace) tell(now health.Init) {
	if p.file == now.File && time.Since(p.at) < lineEvery {
		return
	}
	p.file, p.at = now.File, time.Now()
	p.log.Info().Str("file", now.File).Int("line", now.Line).Int("done", now.Done).Int("of", now.Of).Msg("running init scripts")
}

// splitCypher is how Cypher is split into statements.
func splitCypher(text string) (found []initscripts.Statement, line int, reason string) {
	statements, unclosed := neo4jconf.Script(text)
	if unclosed.What != "" {
		return nil, unclosed.Line, "the " + unclosed.What + " that begins there has no end"
	}
	for _, s := range statements {
		found = append(found, initscripts.Statement(s))
	}
	return found, 0, ""
}

// initState is what the record tells of the scripts.
func initState(record initscripts.Record) health.Init {
	now := health.Init{State: health.InitNone, Done: record.Done(), Of: len(record.Files)}
	left := record.Left()
	switch {
	case len(record.Files) > 0 && len(left) == 0:
		now.State = health.InitDone
	case record.Due && !record.Acts:
		now.Reason = record.Actor + ", whose discovery address sorts first, runs them and keeps their record"
	case record.Due:
		now.State, now.Reason = health.InitPending, "they wait until this member is ready"
	}
	for _, name := range left {
		if refused := record.File(name).Refused; refused != nil {
			now.State, now.File, now.Line, now.Reason = health.InitFailed, name, refused.Line, refused.Reason
		}
	}
	return now
}
