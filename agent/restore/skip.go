package restore

import (
	"cmp"
	"context"
	"path/filepath"
	"slices"
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
// Where each newer snapshot is restored, the one left alone counts as restored: the cluster's data is newer.
func (r *run) join(ctx context.Context, spec spec, known markers, reason string, err error) (Result, error) {
	if err != nil {
		return Result{}, err
	}
	result, err := r.skip(spec, known, reason)
	if err != nil || r.Dry {
		return result, err
	}
	name := joinedMarker
	if r.EachNew {
		name = cmp.Or(r.leftAlone(ctx, spec), name)
	}
	if known.isDone(name) || name == joinedMarker && len(known.done) > 0 {
		return result, nil
	}
	record := marker{Name: name, Time: time.Now().UTC(), Agent: r.Agent, State: stateJoined, Spec: r.Snapshot}
	return result, writeRecord(r.disk, r.Markers, record, doneSuffix)
}

// leftAloneWithin bounds the search for the name of a snapshot that is not restored: joining does not depend on it.
const leftAloneWithin = 30 * time.Second

// leftAlone is the name of the snapshot that is not restored, "" where that cannot be found out.
func (r *run) leftAlone(ctx context.Context, wanted spec) string {
	if wanted.kind == nothing {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, leftAloneWithin)
	defer cancel()
	key, from := wanted.key, objects(folder{})
	var err error
	switch wanted.kind {
	case newest:
		from = r.bucket(r.Bucket)
		key, err = r.lookForNewest(ctx, wanted)
	case local:
	default:
		from = r.bucket(wanted.bucket)
	}
	var found origin
	if err == nil {
		found, err = r.open(ctx, from, key)
	}
	if err != nil {
		r.Log.Warn().Str("snapshot", r.Snapshot).Err(err).Msg("cannot find out which snapshot is left alone: it may be restored at a later start without a running cluster")
		return ""
	}
	return found.name
}

// copied tells whether this volume has data: a member that was to copy a running cluster's store may have been stopped
// before it did.
func (r *run) copied(known markers) (bool, error) {
	if slices.ContainsFunc(known.done, func(m marker) bool { return m.State != stateJoined }) {
		return true, nil
	}
	file, err := firstFile(r.Store(nil))
	return file != "", err
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
