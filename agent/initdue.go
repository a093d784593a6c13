package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"neo4j-agent/agent/health"
	"neo4j-agent/agent/initscripts"
	"neo4j-agent/agent/peers"
	"neo4j-agent/agent/restore"
	"neo4j-agent/neo4jconf"
)

// initFile is what a volume remembers of its init scripts.
const initFile = "init.json"

// initRecord is that record, all zero for none.
func (v volume) initRecord() (initscripts.Record, error) {
	var record initscripts.Record
	err := v.read(initFile, &record)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return record, err
}

// noteInit decides whether init scripts are due on this member's volume, as long as Neo4j has not been started on it. Later
// they are no reason not to start the database.
func (p *preparation) noteInit(ctx context.Context) error {
	empty, err := restore.Empty(p.neo4j.intent.Config.Stores(nil))
	if err == nil {
		err = p.decideInit(ctx, empty)
	}
	if err != nil && !empty {
		p.log.Error().Msg(err.Error())
		return nil
	}
	return withCode(exitInputOutput, err)
}

func (p *preparation) decideInit(ctx context.Context, empty bool) error {
	scripts, others, err := initscripts.List(p.settings.InitDir)
	if err != nil {
		return err
	}
	record, err := volume(p.folders.state).initRecord()
	if err != nil || len(scripts)+len(record.Files) == 0 {
		return err
	}
	why, err := p.initNotDue(ctx, empty)
	switch {
	case err != nil:
		return err
	case why != "":
		return p.leaveInit(record, why)
	case !empty: // the record holds
		p.remarkInit(record, scripts)
		return nil
	}
	if len(scripts) == 0 && !p.dry { // the record is of a store that has gone
		return volume(p.folders.state).forget(initFile)
	}
	return p.beginInit(scripts, others)
}

// leaveInit says why init scripts are not run. Those that were due before a backup was restored are due no more.
func (p *preparation) leaveInit(record initscripts.Record, why string) error {
	if len(record.Files) == 0 {
		p.log.Info().Str("folder", p.settings.InitDir).Msg("init scripts are not run: " + why)
	}
	if !record.Due || len(record.Left()) == 0 {
		return nil
	}
	p.log.Warn().Strs("files", record.Left()).Msg("init scripts that were due are not run any more: " + why)
	record.Due = false
	return p.keepInit(record)
}

// remarkInit names scripts that are new or were changed since they have run, which changes nothing by itself.
func (p *preparation) remarkInit(record initscripts.Record, scripts []string) {
	for _, name := range scripts {
		file := record.File(name)
		sum, err := initscripts.Sum(p.settings.InitDir, name)
		switch {
		case !record.Acts:
		case err == nil && file.Changed(sum):
			p.log.Warn().Str("file", name).Msg("this init script was changed after it has run; it is not run again")
		case !record.Has(name):
			p.log.Info().Str("file", name).Msg("this init script came after the first start; it is run by `neo4j-agent init` only")
		}
	}
}

// beginInit records what is due on a new volume, and which member runs it.
func (p *preparation) beginInit(scripts, others []string) error {
	for _, name := range others {
		p.log.Info().Str("file", filepath.Join(p.settings.InitDir, name)).Msg("this is no init script: its name does not end in .cypher, or begins with a dot")
	}
	record := initscripts.Record{Due: true, Acts: true}
	record.Add(scripts)
	if p.neo4j.intent.Role == neo4jconf.Core {
		record.Known = p.addresses()
		record.Actor, record.Acts = p.initActor()
	}
	if p.dry {
		p.would("would run init scripts once the database is ready: %s", strings.Join(scripts, ", "))
		return nil
	}
	said := p.log.Info().Strs("files", scripts)
	if record.Actor != "" {
		said = said.Str("member", record.Actor)
	}
	said.Bool("here", record.Acts).Msg("init scripts are due")
	return p.keepInit(record)
}

func (p *preparation) keepInit(record initscripts.Record) error {
	if p.dry {
		return nil
	}
	return volume(p.folders.state).write(initFile, record)
}

// initNotDue says why this volume's database is not a new one of its own, "" where it is. One that is not empty is left to
// its record, unless a backup was restored.
func (p *preparation) initNotDue(ctx context.Context, empty bool) (string, error) {
	marked, err := restore.Marked(p.markers())
	recorded := exists(volume(p.folders.state).path(initFile))
	switch {
	case err != nil:
		return "", err
	case p.neo4j.intent.Role == neo4jconf.ReadReplica:
		return "a read replica copies the store from the cores", nil
	case p.settings.UpgradeMode:
		return "a store is upgraded", nil
	case marked:
		return "this volume's data comes from a backup or a running cluster", nil
	case !empty && !recorded:
		return "this volume holds data already, and no record of them", nil
	case !empty || p.neo4j.intent.Role != neo4jconf.Core:
		return "", nil
	case p.prepared.FormedBefore:
		return "this member was part of a cluster that has formed", nil
	}
	ports, ask := p.neo4j.intent.Ports, p.askFor(p.neo4j.intent.Config)
	others := health.Neighbours(ctx, health.Member{
		Role: string(p.neo4j.intent.Role), Address: p.own.Advertised, Members: p.addresses(),
		Ports: health.Ports{Bolt: ports.Bolt, HTTP: ports.HTTP},
	}, health.Dialect{StatusPath: ask.StatusPath})
	if up := slices.Concat(others.Up, others.Answered); len(up) > 0 {
		return fmt.Sprintf("a cluster runs (%s answers): this member joins it", up[0]), nil
	}
	return "", nil
}

// initActor is the one of the members that begin a cluster together that runs the scripts: whose discovery address sorts
// first. They find the same where they start with the same list; else see givesWay.
func (p *preparation) initActor() (actor string, own bool) {
	actor = slices.MinFunc(p.addresses(), func(a, b string) int { return cmp.Compare(health.HostOf(a), health.HostOf(b)) })
	return actor, actor == hosts([]peers.Member{p.own.Member(p.ownPort())})[0]
}
