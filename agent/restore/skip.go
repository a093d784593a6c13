package restore

import (
	"context"
	"path"
	"path/filepath"
	"slices"
	"strings"
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
	if len(known.unfinished) > 0 && r.Unbind != nil && !r.Dry { // it may have been broken off before it did
		if err := r.Unbind(ctx); err != nil {
			return Result{}, err
		}
	}
	result, err := r.skip(spec, known, reason)
	if err != nil || r.Dry {
		return result, err
	}
	name, source := joinedMarker, ""
	if r.EachNew {
		if left := r.leftAlone(ctx, spec); left.name != "" {
			name, source = left.name, left.String()
		}
	}
	if known.isDone(name) || name == joinedMarker && len(known.done) > 0 {
		return result, nil
	}
	record := marker{Name: name, Source: source, Time: time.Now().UTC(), Agent: r.Agent, State: stateJoined, Spec: r.Snapshot}
	return result, writeRecord(r.disk, r.Markers, record, doneSuffix)
}

// leftAloneWithin bounds the search for the name of a snapshot that is not restored: joining does not depend on it.
const leftAloneWithin = 30 * time.Second

// leftAlone is the snapshot that is not restored, without a name where that cannot be found out.
func (r *run) leftAlone(ctx context.Context, wanted spec) origin {
	if wanted.kind == nothing {
		return origin{}
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
		return origin{}
	}
	return found
}

// copied tells whether this volume has data: a member that was to copy a running cluster's store may have been stopped
// before it did.
func (r *run) copied(known markers) (bool, error) {
	if slices.ContainsFunc(known.done, func(m marker) bool { return m.State != stateJoined }) {
		return true, nil
	}
	empty, err := Empty(r.Store(nil))
	return !empty, err
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

// isDone tells whether the snapshot that was found is not to be restored again. Of one that was left alone for the data of
// a running cluster the members that agree on it decide alike: who keeps its data while another one restores is alone
// afterwards. Without data there is nothing to keep.
func (r *run) isDone(known markers) (bool, error) {
	i := slices.IndexFunc(known.done, func(m marker) bool { return m.Name == r.source.name })
	if i >= 0 && known.done[i].State != stateJoined {
		return true, nil
	}
	left := i >= 0
	if p := r.source.pin; p != nil && time.Now().Before(p.held.Expires) && !p.held.Since.IsZero() {
		left = p.held.Left
	}
	if !left {
		return false, nil
	}
	empty, err := Empty(r.Store(nil))
	return !empty, err
}

// leaves tells whether this member has data, and a marker that its snapshot lies under that key or was left alone.
func (r *run) leaves(known markers, key string) bool {
	at := r.bucket(r.Bucket).String() + key
	return len(known.unfinished) == 0 && !r.blank() && slices.ContainsFunc(known.done, func(m marker) bool { // an older agent noted the name alone
		return m.Source == at || m.Source == "" && m.State == stateJoined && strings.HasSuffix(m.Name, path.Base(key))
	})
}

// blank tells whether this member has no data. One that cannot be looked into is not taken for empty.
func (r *run) blank() bool {
	empty, err := Empty(r.Store(nil))
	return empty && err == nil
}
