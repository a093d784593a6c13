package backup

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// catchUp is how long a member is given to have what the foremost one had when it was asked. One that follows at all needs
// a second.
const (
	catchUp   = 30 * time.Second
	lookCatch = time.Second
)

// Position is the last transaction of a database at a member, and at the foremost one that this member tells of.
type Position struct{ Own, Foremost int64 }

func (r *run) last(ctx context.Context, source, database string) (Position, bool) {
	if r.Last == nil {
		return Position{}, false
	}
	return r.Last(ctx, source, database)
}

// following gives the sources without those that lack what another member has and do not get it: a backup of a read
// replica that stopped following would be an old one. A source that does not tell stays. Where none is left, what they do
// not follow is the source, but for a source that somebody named.
func (r *run) following(ctx context.Context, database string) ([]string, error) {
	if r.Last == nil {
		return r.Sources, nil
	}
	at := map[string]int64{}
	var foremost int64
	for _, member := range slices.Concat(r.Sources, r.References) {
		if position, known := r.last(ctx, member, database); known {
			at[member], foremost = position.Own, max(foremost, position.Own, position.Foremost)
		}
	}
	until := time.Now().Add(catchUp)
	left := slices.DeleteFunc(slices.Clone(r.Sources), func(source string) bool {
		return at[source] < foremost && !r.catchesUp(ctx, source, database, foremost, until)
	})
	if len(left) == 0 && len(r.References) > 0 && !r.Named && ctx.Err() == nil {
		r.Log.Warn().Str("database", database).Strs("sources", r.References).Msg("no source follows: the backup is taken from the leader")
		return r.References, nil
	}
	if len(left) == 0 {
		return nil, &SourceError{fmt.Errorf("no backup of %s: no source gets to transaction %d, which another member has", database, foremost)}
	}
	return left, nil
}

// catchesUp waits until a source has what another member had when it was asked, or does not tell.
func (r *run) catchesUp(ctx context.Context, source, database string, foremost int64, until time.Time) bool {
	for {
		at, known := r.last(ctx, source, database)
		if !known || at.Own >= foremost {
			return true
		}
		if time.Now().After(until) || pause(ctx, lookCatch) != nil {
			r.Log.Warn().Str("database", database).Str("source", source).Int64("behind", foremost-at.Own).Msg("this source does not follow the others: it is left out")
			return false
		}
	}
}

// goesOn refuses a source whose data may have been put back since the last backup, or which is behind. The tool of 3.5
// fetches what comes after its last transaction, whatever that was (run of 3.5.0-beta03): with the lost data it would mix
// what was written in its place. Where more was written since than was lost no number tells of it, but that a server has
// to be stopped for it. Since 4.0 a database can be stopped and replaced while the server runs, and what the tool does then
// was not run.
func (r *run) goesOn(ctx context.Context, source, database string, onto state) error {
	if at, known := r.last(ctx, source, database); known && at.Own < onto.Transaction {
		return fmt.Errorf("its last transaction is %d, and the last backup was taken at %d: its data is older, or was put back", at.Own, onto.Transaction)
	}
	if r.Uptime == nil {
		return nil
	}
	up, err := r.Uptime(ctx, source)
	if err != nil {
		return fmt.Errorf("cannot tell whether its data was put back since the last backup: %w", err)
	}
	if started := r.since.Add(time.Since(r.got) - up); started.After(onto.Time) { // by S3's clock, as the other
		return fmt.Errorf("it was started after the last backup, at %s: its data may have been put back", started.UTC().Format(time.RFC3339))
	}
	return nil
}
