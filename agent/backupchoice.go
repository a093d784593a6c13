package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// errNoPassword says why a server is not asked.
var errNoPassword = errors.New("no password of user neo4j is given")

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

// choose gives the databases asked for, or all that a source says it has. A backup that would pass for one of all
// databases and is not is refused or called partial.
func (b *backupJob) choose(ctx context.Context, sources []string) (selection, error) {
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
	all, err := b.hosted(ctx, sources)
	chosen, err := selected(b.Database, all, err)
	if err != nil {
		return chosen, withCode(exitUnavailable, err)
	}
	return b.told(chosen), nil
}

// selected are the databases asked for, or all that run; trouble is why they could not be listed.
func selected(asked []string, all hosted, trouble error) (selection, error) {
	switch {
	case len(asked) > 0:
		return named(asked, all, trouble == nil), nil
	case trouble != nil:
		return selection{}, fmt.Errorf("cannot list the databases, and a backup of some of them would pass for one of all; name them with --database: %v", trouble)
	case len(all.lost) > 0:
		return selection{}, fmt.Errorf("cannot back up %s: to be online, and online on no member; stop it, or name the others with --database", strings.Join(all.lost, ", "))
	}
	return selection{databases: all.running, stopped: all.stopped}, nil
}

// named is a selection by names. Where nobody could say which databases there are, it counts as a partial one.
func named(databases []string, all hosted, known bool) selection {
	without := func(names []string) []string {
		return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
			return slices.ContainsFunc(databases, func(taken string) bool { return strings.EqualFold(name, taken) })
		})
	}
	missing := without(append(slices.Clone(all.running), all.lost...))
	slices.Sort(missing)
	return selection{databases: databases, partial: !known || len(missing) > 0, missing: missing, stopped: without(all.stopped)}
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

// hosted asks the sources for all databases, until one answers.
func (b *backupJob) hosted(ctx context.Context, sources []string) (all hosted, err error) {
	for _, source := range sources {
		err = b.asking(ctx, source, func(ctx context.Context, w witness) (err error) {
			all, err = w.databases(ctx)
			return err
		})
		if err == nil && len(all.running) > 0 {
			return all, nil
		}
	}
	if err == nil {
		err = errors.New("none is online")
	}
	return hosted{}, err
}
