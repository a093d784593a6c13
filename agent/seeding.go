package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"neo4j-agent/neo4jconf"
)

const (
	// noDatabase is noted as the id of one that was not there before it was seeded.
	noDatabase = "none"
	// settle is how long a new cluster's empty database is left before it is made anew, so that every member has looked at
	// it before, and how long a missing one is left to the member that leads.
	settle = 4 * halfAgain
	// leaderless is how long the member that leads may leave all to itself: one that joined later knows of no seed.
	leaderless = 2 * time.Minute
)

// seed has the cluster fetch a database from its backup. The default one exists in a new cluster, and is made anew as long
// as it is empty; one that holds anything is never touched. The member that leads the system database acts.
//
// A database that was seeded has another id than the one before, which every member notes at its first look. So what
// somebody wrote into the new cluster before it was seeded is not taken for the backup's data.
func (f *finishing) seed(ctx context.Context, name, uri string, there *listed) error {
	before := f.half.Before[name]
	switch {
	case there == nil:
		return f.sow(ctx, name, uri, before)
	case !there.up:
		return fmt.Errorf("%v; it is seeded from %s, and again once it has been dropped", there.online(name), uri)
	case len(there.ids) == 0:
		return fmt.Errorf("database %s is online, and its id is not known yet", name)
	case before != "" && !there.was(before):
		return nil
	case before == "" && f.seeded[name]: // this member came late, whether it leads by now or not
		return nil
	}
	empty, err := f.isEmpty(ctx, name)
	if err != nil {
		return err
	}
	if !empty && before == "" && !f.leads { // this member came late: another one has seen to it
		return nil
	}
	if before == "" {
		if err := f.note(name, strings.Join(there.ids, " ")); err != nil {
			return err
		}
	}
	if !empty {
		return fmt.Errorf("database %s held data when this member first looked at it, which cannot be told to come from %s: it is left as it is; "+
			"where they do, or are to stay, empty the file %s; where not, drop the database, and it is seeded", name, uri, f.half.Marker)
	}
	return f.reseed(ctx, name, uri)
}

// seededBy tells which databases have been seeded, by when they were made. The servers make the default database and system
// at once (neo4j 5 and later, DefaultSystemGraphComponent.java: in one transaction, with one time), and whoever seeds leaves
// the default one for longer. All others of a backup have been sown before that.
func seededBy(there map[string]*listed) map[string]bool {
	seeded := map[string]bool{}
	system := there[systemDatabase]
	if system == nil || system.created.IsZero() {
		return seeded
	}
	all := false
	for name, d := range there {
		seeded[name] = d.created.Sub(system.created) >= settle/2
		all = all || d.standard && seeded[name]
	}
	for name := range there {
		seeded[name] = seeded[name] || all
	}
	return seeded
}

// was tells whether it is one of those that were noted.
func (d *listed) was(before string) bool {
	return slices.ContainsFunc(d.ids, func(id string) bool { return slices.Contains(strings.Fields(before), id) })
}

// reseed makes an empty database anew.
func (f *finishing) reseed(ctx context.Context, name, uri string) error {
	if !f.mine("empty "+name, settle, leaderless) {
		return fmt.Errorf("database %s is empty and will be made anew: the member that leads the system database sees to it", name)
	}
	if err := f.do(ctx, "DROP DATABASE $database", map[string]any{"database": name}); err != nil {
		return fmt.Errorf("cannot make the empty database %s anew: %v", name, err)
	}
	return f.sowNow(ctx, name, uri)
}

// sow creates a database that is not there.
func (f *finishing) sow(ctx context.Context, name, uri, before string) error {
	if before == "" {
		if err := f.note(name, noDatabase); err != nil {
			return err
		}
	}
	if !f.mine("no "+name, 0, settle) {
		return fmt.Errorf("database %s is not there yet: the member that leads the system database seeds it", name)
	}
	return f.sowNow(ctx, name, uri)
}

// sowNow creates a database from its backup, which takes its time.
func (f *finishing) sowNow(ctx context.Context, name, uri string) error {
	statement, err := f.dialect.Seed(neo4jconf.Seed{Database: name, URI: uri})
	if err == nil {
		err = f.do(ctx, statement.Text, statement.Parameters)
	}
	if err != nil {
		return fmt.Errorf("cannot seed database %s from %s: %v", name, uri, err)
	}
	return fmt.Errorf("database %s is being seeded from %s", name, uri)
}

// mine tells whether it is this member that does what has been due since it was first asked.
func (f *finishing) mine(what string, leader, others time.Duration) bool {
	if f.leads {
		return f.patience.over(what, leader)
	}
	return f.patience.over(what, others)
}

// patience remembers since when things have been due.
type patience map[string]time.Time

// over tells whether it has lasted so long.
func (p patience) over(what string, bound time.Duration) bool {
	if p[what].IsZero() {
		p[what] = time.Now()
	}
	return time.Since(p[what]) >= bound
}

func (f *finishing) isEmpty(ctx context.Context, database string) (bool, error) {
	rows, err := f.server.LeaderRows(ctx, database, "MATCH (n) RETURN n LIMIT 1", nil)
	if err != nil {
		return false, fmt.Errorf("cannot tell whether database %s is empty: %v", database, err)
	}
	return len(rows) == 0, nil
}
