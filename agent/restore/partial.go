package restore

import (
	"context"

	"neo4j-agent/agent/snapshot"
)

// statPartial finds the manifest of a backup that lacks databases, for who named its key. Where there is none, the error is
// that of the manifest looked for first.
func (r *run) statPartial(ctx context.Context, from objects, folder string, missing error) (object, error) {
	found, err := r.stat(ctx, from, folder+snapshot.Partial)
	switch {
	case isMissing(err):
		return found, missing
	case err == nil:
		r.Log.Warn().Str("snapshot", folder).Msg("this backup is a partial one: it lacks databases that the server had")
	}
	return found, err
}
