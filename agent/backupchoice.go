package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// selection are the databases of a backup, and what it leaves out.
type selection struct {
	databases []string
	partial   bool     // the server has more of them
	missing   []string // these, as far as known
	stopped   []string // on purpose, which makes no backup partial
}

// hosted are the databases that servers tell of, by what became of them.
type hosted struct {
	running []string
	stopped []string // somebody stopped them
	lost    []string // to be online, and online nowhere
}

// hostedIn reads the rows of SHOW DATABASES. A composite database holds nothing of its own.
func hostedIn(rows []map[string]any) (all hosted) {
	there := listedIn(rows)
	for _, name := range slices.Sorted(maps.Keys(there)) {
		switch d := there[name]; {
		case name == "" || d.composite:
		case d.up:
			all.running = append(all.running, name)
		case d.wanted:
			all.lost = append(all.lost, name)
		default:
			all.stopped = append(all.stopped, name)
		}
	}
	return all
}

// chooseDatabases gives the databases asked for, or all that a source says it has. A backup that would pass for one of all
// databases and is not is refused or called partial.
func (b *backupJob) chooseDatabases(ctx context.Context, sources []string) (selection, error) {
	standard := b.neo4j.intent.Config.DefaultDatabase()
	switch {
	case b.neo4j.dialect.DatabaseList() == "": // there is one
		if len(b.Database) > 0 {
			return selection{databases: b.Database}, nil
		}
		return selection{databases: []string{standard}}, nil
	case !b.canAsk() && len(b.Database) == 0:
		b.log.Warn().Msgf("no password of user neo4j is given, so that the databases cannot be listed: only %s and %s are backed up, and the backup is partial; --database names others", standard, systemDatabase)
		return selection{databases: []string{standard, systemDatabase}, partial: true}, nil
	}
	all, err := b.listing(sources).all(ctx)
	if said := unlisted(b.Database, err); said != "" {
		b.log.Warn().Strs("databases", b.Database).Msg(said)
	}
	chosen, err := selected(b.Database, all, err)
	switch {
	case err != nil && ctx.Err() != nil: // told to stop
		return chosen, err
	case err != nil:
		return chosen, withCode(exitUnavailable, err)
	}
	return b.told(chosen), nil
}

// listing asks the sources, and the members that are none, for all databases.
func (b *backupJob) listing(sources []string) listing {
	return listing{
		members: slices.Concat(sources, b.references), exact: len(b.Database) == 0,
		nameless: b.neo4j.dialect.SystemDatabase() == "", log: b.log,
		ask: func(ctx context.Context, member string) (all hosted, err error) {
			err = b.asking(ctx, member, func(ctx context.Context, w witness) (err error) {
				all, err = w.databases(ctx)
				return err
			})
			return all, err
		},
	}
}

// unlisted says what databases that were named count for where no list can ever be had, "" where that is not so.
func unlisted(named []string, trouble error) string {
	switch {
	case len(named) == 0:
		return ""
	case errors.Is(trouble, errNoPassword):
		return "no password of user neo4j is given, so that nobody can say whether the databases named are all that there are: the backup is partial"
	case errors.Is(trouble, errNoList):
		return "the databases named are taken for all that there are: " + trouble.Error()
	}
	return ""
}

// selected are the databases asked for, or all that run; trouble is why they could not be listed.
func selected(asked []string, all hosted, trouble error) (selection, error) {
	switch {
	case len(asked) > 0 && errors.Is(trouble, errNoList):
		return selection{databases: asked}, nil
	case len(asked) > 0 && errors.Is(trouble, errNoPassword):
		return selection{databases: asked, partial: true}, nil
	case len(asked) > 0 && trouble != nil:
		return selection{}, fmt.Errorf("cannot tell whether %s are all databases, which decides what the backup passes for: %v", strings.Join(asked, ", "), trouble)
	case len(asked) > 0:
		return named(asked, all), nil
	case trouble != nil:
		return selection{}, fmt.Errorf("cannot list the databases, and a backup of some of them would pass for one of all: %v", trouble)
	case len(all.lost) > 0:
		return selection{}, fmt.Errorf("cannot back up %s: to be online, and online on no member; stop it, or name the others with --database", strings.Join(all.lost, ", "))
	}
	return selection{databases: all.running, stopped: all.stopped}, nil
}

// named is a selection by names.
func named(databases []string, all hosted) selection {
	missing := without(append(slices.Clone(all.running), all.lost...), databases)
	slices.Sort(missing)
	return selection{databases: databases, partial: len(missing) > 0, missing: missing, stopped: without(all.stopped, databases)}
}

// told says in the log what a backup leaves out.
func (b *backupJob) told(c selection) selection {
	if len(c.stopped) > 0 {
		b.log.Info().Strs("databases", c.stopped).Msg("these databases are stopped: they are not backed up")
	}
	if c.partial {
		b.log.Warn().Strs("missing", c.missing).Msg("the backup is partial, as it lacks databases or they cannot be listed: nothing but its own key finds it")
	}
	return c
}
