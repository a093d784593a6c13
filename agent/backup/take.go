package backup

import (
	"context"
	"fmt"
)

// take has the tool take one database, differential where that is possible. When no source gives one, a full one is
// tried: what the folder holds may be why.
func (r *run) take(ctx context.Context, d database) (takenDatabase, error) {
	r.say(Progress{Stage: Taking})
	was := d.state()
	why := fullBecause(was, r.Full, r.Neo4j)
	if why == "" {
		why = r.Chainless
	}
	sources, err := r.following(ctx, d.name)
	if err != nil {
		return takenDatabase{}, err
	}
	if why == "" {
		t, err := r.takeFrom(ctx, d, sources, &was)
		if err == nil || ctx.Err() != nil {
			return t, err
		}
		why = fmt.Sprintf("a differential one failed (%v)", err)
		r.Log.Warn().Str("database", d.name).Err(err).Msg("no source gives a differential backup: taking a full one")
	}
	t, err := r.takeFrom(ctx, d, sources, nil)
	if err != nil {
		return t, &SourceError{fmt.Errorf("no backup of %s: %w", d.name, err)}
	}
	t.why = why
	return t, nil
}

// takeFrom tries one source after the other: on top of what was taken last, or a full one where that is nil. The error is
// the last one's.
func (r *run) takeFrom(ctx context.Context, d database, sources []string, onto *state) (t takenDatabase, err error) {
	for _, source := range sources {
		if t, err = r.takeOnce(ctx, d, source, onto); err == nil {
			return t, nil
		}
		err = fmt.Errorf("from %s: %w", source, err)
		if ctx.Err() != nil {
			return t, err
		}
		r.Log.Warn().Str("database", d.name).Bool("full", onto == nil).Err(err).Msg("this source gave no backup")
	}
	return t, err
}

func (r *run) takeOnce(ctx context.Context, d database, source string, onto *state) (takenDatabase, error) {
	full := onto == nil
	t := takenDatabase{database: d, source: source, why: "it goes on from the last one"}
	if r.Reach != nil {
		if err := r.Reach(ctx, source); err != nil {
			return t, err
		}
	}
	if full { // also after a source that failed half-way
		if err := d.empty(); err != nil {
			return t, err
		}
	} else if err := r.goesOn(ctx, source, d.name, *onto); err != nil {
		return t, err
	}
	s := state{Condition: taking, Neo4j: r.Neo4j, Time: r.since.UTC()}
	if err := d.note(s); err != nil {
		return t, err
	}
	var err error
	if t.full, err = r.Tool.Backup(ctx, source, d.name, d.files, full); err != nil {
		return t, err
	}
	if t.full && !full {
		t.why = "the tool could not go on from the last one"
	}
	if t.left, err = d.left(t.full); err != nil {
		return t, err
	}
	s.Condition = taken
	at, _ := r.last(ctx, source, d.name)
	s.Transaction = at.Own
	return t, d.note(s)
}
