package backup

import (
	"context"
	"fmt"
	"time"
)

// take has the tool take one database, differential where that is possible. When no source gives a differential one,
// a full one is tried: what the folder holds may no longer fit what the servers have.
func (r *run) take(ctx context.Context, d database) (takenDatabase, error) {
	r.say(Progress{Stage: Taking})
	why := fullBecause(d.state(), r.Full, r.Neo4j)
	if why == "" {
		source, err := r.takeFrom(ctx, d, false)
		if err == nil {
			left, err := d.left()
			return takenDatabase{d, left, source, false, "it goes on from the last one"}, err
		}
		if ctx.Err() != nil {
			return takenDatabase{}, err
		}
		why = fmt.Sprintf("a differential one failed (%v)", err)
		r.Log.Warn().Str("database", d.name).Err(err).Msg("no source gives a differential backup: taking a full one")
	}
	if err := d.empty(); err != nil {
		return takenDatabase{}, err
	}
	source, err := r.takeFrom(ctx, d, true)
	if err != nil {
		return takenDatabase{}, &SourceError{fmt.Errorf("no backup of %s: %w", d.name, err)}
	}
	left, err := d.left()
	return takenDatabase{d, left, source, true, why}, err
}

// takeFrom tries one source after the other. The error is the last one's.
func (r *run) takeFrom(ctx context.Context, d database, full bool) (source string, err error) {
	began := state{Condition: taking, Neo4j: r.Neo4j, Time: time.Now().UTC()}
	for _, source := range r.Sources {
		if full { // also after a source that failed half-way
			if err := d.empty(); err != nil {
				return "", err
			}
		}
		if err := d.note(began); err != nil {
			return "", err
		}
		if err = r.Tool.Backup(ctx, source, d.name, d.files, full); err == nil {
			began.Condition = taken
			return source, d.note(began)
		}
		err = fmt.Errorf("from %s: %w", source, err)
		if ctx.Err() != nil {
			return "", err
		}
		r.Log.Warn().Str("database", d.name).Bool("full", full).Err(err).Msg("this source gave no backup")
	}
	return "", err
}
