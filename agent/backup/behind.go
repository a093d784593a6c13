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
// not follow is the source.
func (r *run) following(ctx context.Context, database string) ([]string, error) {
	if r.Last == nil {
		return r.Sources, nil
	}
	var foremost int64
	for _, member := range slices.Concat(r.Sources, r.References) {
		if at, known := r.last(ctx, member, database); known {
			foremost = max(foremost, at.Own, at.Foremost)
		}
	}
	until := time.Now().Add(catchUp)
	left := slices.DeleteFunc(slices.Clone(r.Sources), func(source string) bool {
		for {
			at, known := r.last(ctx, source, database)
			if !known || at.Own >= foremost {
				return false
			}
			if time.Now().After(until) || pause(ctx, lookCatch) != nil {
				r.Log.Warn().Str("database", database).Str("source", source).Int64("behind", foremost-at.Own).Msg("this source does not follow the others: it is left out")
				return true
			}
		}
	})
	if len(left) == 0 && len(r.References) > 0 && ctx.Err() == nil {
		r.Log.Warn().Str("database", database).Strs("sources", r.References).Msg("no source follows: the backup is taken from the leader")
		return r.References, nil
	}
	if len(left) == 0 {
		return nil, &SourceError{fmt.Errorf("no backup of %s: no source gets to transaction %d, which another member has", database, foremost)}
	}
	return left, nil
}

// goesOn refuses a source that has less than the last backup: its data was put back since, or it is behind. The tool would
// find nothing new there, and later mix both.
func (r *run) goesOn(ctx context.Context, source, database string, transaction int64) error {
	if at, known := r.last(ctx, source, database); known && at.Own < transaction {
		return fmt.Errorf("its last transaction is %d, and the last backup was taken at %d: its data is older, or was put back", at.Own, transaction)
	}
	return nil
}
