package restore

import (
	"context"
	"path/filepath"
	"time"
)

// joinedMarker is the name of the marker of a volume that copied the store of a running cluster.
const joinedMarker = "joined-cluster"

// unless asks whether there is a better way than restoring.
func (r *run) unless(ctx context.Context) (string, error) {
	if r.Unless == nil {
		return "", nil
	}
	return r.Unless(ctx)
}

// skip leaves the snapshot alone. What a restore that was broken off left is no store: it goes.
func (r *run) skip(spec spec, known markers, reason string) (Result, error) {
	if spec.kind == nothing && len(known.unfinished) == 0 {
		return Result{}, nil
	}
	r.Log.Info().Str("snapshot", r.Snapshot).Msg("nothing is restored: " + reason)
	if r.Dry {
		return Result{Outcome: Skipped}, nil
	}
	return Result{Outcome: Skipped}, r.abandon(known)
}

// join is skip for a member whose store will be the cluster's: the marker keeps that from being taken for one of unknown
// origin, or from being replaced, at the next start.
func (r *run) join(spec spec, known markers, reason string, err error) (Result, error) {
	if err != nil {
		return Result{}, err
	}
	result, err := r.skip(spec, known, reason)
	if err != nil || r.Dry || len(known.done) > 0 {
		return result, err
	}
	record := marker{Name: joinedMarker, Time: time.Now().UTC(), Agent: r.Agent, State: stateJoined, Spec: r.Snapshot}
	return result, writeRecord(r.disk, r.Markers, record, doneSuffix)
}

// abandon removes the stores that are half done, then the records that say so.
func (r *run) abandon(known markers) error {
	for _, path := range r.halfStores(known) {
		if err := discard(r.disk, path); err != nil {
			return err
		}
	}
	for _, broken := range known.unfinished {
		if err := remove(r.disk, filepath.Join(r.Markers, broken.Name+restoringSuffix)); err != nil {
			return err
		}
	}
	return nil
}
