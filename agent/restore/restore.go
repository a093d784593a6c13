// Package restore puts the store of a snapshot onto a volume: once, verified before anything is touched, and so that a
// process killed at any instant leaves either the old store or the record that there is none.
//
// A snapshot is streamed into a staging folder on the volume's file system, decompressed on the way, and checked there
// to its last byte; there the caller makes stores of it. Only when they are on the disk is the restore recorded, what it
// replaces removed, the new stores moved into place, and the record turned into the marker. Until the record is on the
// disk the old store is whole; from then on, until it is the marker, the store counts as half done and the restore begins
// again.
package restore

import (
	"cmp"
	"context"
	"errors"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"neo4j-agent/agent/snapshot"
)

// Options say what to restore, and where to.
type Options struct {
	// Snapshot is SNAPSHOT_PATH: bucket/key, s3://bucket/key, latest, latest/hourly, latest/daily, @time, or the
	// absolute path of a file or folder. Empty restores nothing.
	Snapshot string
	S3       S3              // may be nil for a path
	Bucket   string          // where latest and @time look
	Layout   snapshot.Layout // where in it
	// Unverified takes a folder of S3 by its key whose manifest says that it is not verified yet: for who verifies it.
	Unverified bool
	// Pinned makes the members of one cluster agree on what latest and @time stand for.
	Pinned bool

	Markers string // folder of the markers
	Staging string // folder on the file system of the store; only ours, emptied at start and end
	// Store gives the paths that a restore of these databases replaces, and for none all that can hold a store.
	Store func(databases []string) []string
	// Target is what a staged database will be called here; its own name where it is nil.
	Target func(Staged) string
	// DefaultDatabase is whose store an archive holds that does not say it.
	DefaultDatabase string
	// DatabaseName is how the server here writes the name of a database, whatever a file is called. May be nil.
	DatabaseName func(string) string
	// EachNew restores again when the snapshot is another one than those restored before (AGENT_RESTORE=each-new).
	EachNew bool
	// Overwrite is the explicit word for restoring over existing data, and again.
	Overwrite bool
	// Now restores whatever was restored before; existing data still needs Overwrite.
	Now bool
	// Skip says why this member takes no snapshot at all, "" when it may.
	Skip string
	// Unless gives a reason why there is a better way than restoring, such as a running cluster that this member can join,
	// "" for none. It is asked before anything is fetched, and again before anything is replaced. May be nil.
	Unless func(context.Context) (reason string, err error)
	// Accept refuses what cannot be put in place here, before anything is replaced. May be nil.
	Accept func([]Staged) error
	// Dry finds out what would be done, and does nothing.
	Dry bool

	// Build makes stores of what was staged, below Staging, and tells what of them belongs where. Nothing has been replaced
	// yet: what cannot be made a store is found out while the old one is whole.
	Build func(context.Context, []Staged) ([]Move, error)
	// BuildCopies says that Build copies what was staged, so that it needs the space twice.
	BuildCopies bool
	// Unbind makes this member forget its cluster once the restore is recorded, since a restored store begins a new one. It is
	// called again after a kill. May be nil.
	Unbind func(context.Context) error
	// SecondHalf tells whether a running server is needed to finish: the marker says so until Finish. May be nil.
	SecondHalf func([]Staged) bool
	// Seed leaves the databases to a running cluster, which fetches them itself: nothing is fetched or put in place here,
	// and the marker names what there is to fetch (see Half).
	Seed bool

	Agent    string         // version of this agent, for the marker
	Progress func(Progress) // may be nil; called every second
	Log      zerolog.Logger
}

// Staged is one database of a snapshot, verified.
type Staged struct {
	Database string
	Form     snapshot.Form
	// Path is the folder of a store, the file of a dump, or the newest artifact; older ones lie beside it.
	// Of a cluster that is seeded it is the URI.
	Path string
	// Neo4j is the version it was taken from, "" where the snapshot does not say.
	Neo4j string
}

// Outcome is what became of a restore.
type Outcome int

// The outcomes of a restore that did not fail.
const (
	Nothing  Outcome = iota // no snapshot was asked for
	Already                 // this volume was restored before
	Restored                // the files are in place
	Skipped                 // there is a better way
	Would                   // a dry run: it would be restored
)

// Result is how a restore ended.
type Result struct {
	Outcome   Outcome
	Name      string // of the snapshot, as in the marker
	Databases []string
	Bytes     int64 // that were read
}

// run is one restore under way.
type run struct {
	Options
	disk  disk
	space func(path string) (room, error)
	pace  pace
	part  int64 // bytes of the ranges asked for

	meter  *meter
	source origin
	staged []Staged
	half   []string // what restores that were broken off may have left
	dumped int64    // bytes that the staged dumps unpack to
}

// memoryLimit is what the Go runtime tries to stay below meanwhile, in bytes: 64 MiB less what the program itself takes.
// The buffers of a transfer live long and what each request leaves behind does not, so that without it the collector
// would let the heap grow to twice the buffers before it looks.
const memoryLimit = 46 << 20

// Run restores the snapshot if it is to be restored. Errors are of type *Error wherever an exit code depends on it.
func Run(ctx context.Context, options Options) (Result, error) {
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(memoryLimit))
	r := &run{Options: options, disk: osDisk{}, space: roomAt, pace: defaultPace, part: partSize}
	return r.run(ctx)
}

func (r *run) run(ctx context.Context) (Result, error) {
	if !r.Dry { // what a run that was killed has left
		if err := discard(r.disk, r.Staging); err != nil {
			return Result{}, err
		}
	}
	known, err := readMarkers(r.Markers)
	if err != nil {
		return Result{}, err
	}
	spec, err := parseSpec(r.Snapshot)
	if err != nil {
		return Result{}, err
	}
	r.half = r.halfStores(known)
	if r.Skip != "" {
		return r.skip(spec, known, r.Skip)
	}
	if result, over, err := r.decide(spec, known); over || err != nil {
		return result, err
	}
	r.pace.trouble = r.trouble
	r.meter = newMeter(r.Progress)
	defer r.meter.stop()
	if reason, err := r.unless(ctx); reason != "" || err != nil {
		return r.join(ctx, spec, known, reason, err)
	}
	if r.source, err = r.resolve(ctx, spec, known); err != nil {
		return Result{}, err
	}
	done, err := r.isDone(known)
	if err != nil {
		return Result{}, err
	}
	if done && !r.Overwrite && !r.Now && len(known.unfinished) == 0 {
		r.Log.Info().Str("snapshot", r.source.name).Msg("this snapshot was restored before, or left alone for newer data")
		return Result{Outcome: Already, Name: r.source.name}, nil
	}
	if err := r.notInstead(known); err != nil {
		return Result{}, err
	}
	if r.Dry {
		return Result{Outcome: Would, Name: r.source.name}, nil
	}
	if r.Seed {
		return r.seed(known)
	}
	moves, err := r.stageAgreed(ctx)
	if err != nil {
		return Result{}, err
	}
	if reason, err := r.unless(ctx); reason != "" || err != nil {
		return r.join(ctx, spec, known, reason, errors.Join(err, discard(r.disk, r.Staging)))
	}
	if err := r.place(ctx, known, moves); err != nil {
		return Result{}, err
	}
	return Result{Outcome: Restored, Name: r.source.name, Databases: r.databases(), Bytes: r.meter.moved()}, nil
}

// trouble says what is being tried again, not more often than somebody could read.
func (r *run) trouble(doing string, err error) {
	if r.meter.mayTell() {
		r.Log.Warn().Msgf("cannot %s: %s: trying again", doing, reason(err))
	}
}

// decide tells whether this restore is over before it has begun.
func (r *run) decide(spec spec, known markers) (Result, bool, error) {
	switch {
	case spec.kind == nothing && len(known.unfinished) > 0:
		return Result{}, true, refused("start on %s: the restore of %s was broken off and its store is half done; set SNAPSHOT_PATH again to restore it anew",
			filepath.Dir(r.Markers), known.unfinished[0].Name)
	case spec.kind == nothing:
		return Result{}, true, nil
	case len(known.unfinished) > 0:
		r.Log.Warn().Str("snapshot", known.unfinished[0].Name).Str("asked", r.Snapshot).Msg("a restore was broken off: its store is discarded and the restore begins again")
		return Result{}, false, nil
	case r.Overwrite:
		return Result{}, false, nil
	case len(known.done) > 0 && !r.EachNew && !r.Now:
		copied, err := r.copied(known)
		if err != nil || !copied {
			return Result{}, err != nil, err
		}
		return r.onceOnly(spec, known), true, nil
	case len(known.done) > 0 && !r.Now:
		return Result{}, false, nil
	}
	file, err := firstFile(r.Store(nil))
	if err != nil {
		return Result{}, true, err
	}
	if file != "" && r.Now {
		return Result{}, true, refused("restore %s: there is a store already (%s); to replace it, say --overwrite", r.Snapshot, file)
	}
	if file != "" {
		return Result{}, true, refused("restore %s: there is a store already (%s) and nothing says that it came from a snapshot; "+
			"to keep it, unset SNAPSHOT_PATH or create %s; to replace it, run `neo4j-agent restore --overwrite`",
			r.Snapshot, file, filepath.Join(r.Markers, spec.markerHint()+doneSuffix))
	}
	return Result{}, false, nil
}

// onceOnly says what was restored before, and that a newer wish is not followed.
func (r *run) onceOnly(spec spec, known markers) Result {
	last := known.done[len(known.done)-1]
	event := r.Log.Info().Str("restored", last.Name)
	if last.State == stateJoined {
		event.Msg("this volume joined a running cluster and copied its store: no snapshot is restored")
	} else if spec.kind == key && !known.isDone(spec.markerHint()) && last.Spec != r.Snapshot {
		event.Str("asked", r.Snapshot).Msg("this volume was restored from another snapshot before: it is left as it is; AGENT_RESTORE=each-new would replace it")
	} else {
		event.Msg("this volume was restored before")
	}
	return Result{Outcome: Already, Name: last.Name}
}

// place makes what was built the store. The order is what keeps a half-restored store from being opened.
func (r *run) place(ctx context.Context, known markers, moves []Move) error {
	if err := r.notBeside(known); err != nil {
		return err
	}
	r.meter.say(Placing)
	replaced := r.replaced(known)
	record := marker{
		Name: r.source.name, Source: r.source.String(), Checksum: r.source.checksum, Databases: r.databases(),
		Spec: r.Snapshot, Store: replaced, Time: time.Now().UTC(), Agent: r.Agent, State: stateRestoring,
	}
	if err := begin(r.disk, r.Markers, record, known.unfinished); err != nil {
		return err
	}
	if r.Unbind != nil {
		if err := r.Unbind(ctx); err != nil {
			return err
		}
	}
	for _, path := range replaced {
		if err := discard(r.disk, path); err != nil {
			return err
		}
	}
	for _, m := range moves {
		if err := m.do(r.disk); err != nil {
			return err
		}
	}
	for _, path := range r.Store(r.databases()) {
		if err := syncTree(r.disk, path, r.above(path)); err != nil {
			return err
		}
	}
	if record.State = stateDone; r.SecondHalf != nil && r.SecondHalf(r.staged) {
		record.State = stateFiles
	}
	if err := finish(r.disk, r.Markers, record); err != nil {
		return err
	}
	return remove(r.disk, r.Staging)
}

// above is the folder below which names may be new.
func (r *run) above(path string) string {
	if data := filepath.Dir(r.Staging); strings.HasPrefix(path, data+"/") {
		return data
	}
	return filepath.Dir(r.Markers)
}

// replaced are the paths to remove: what this restore writes to, and what a broken one may have written to.
func (r *run) replaced(known markers) []string {
	paths := append(r.Store(r.databases()), r.halfStores(known)...)
	slices.Sort(paths)
	return slices.Compact(paths)
}

// halfStores are the paths that a broken restore may have written to.
func (r *run) halfStores(known markers) []string {
	var paths []string
	for _, broken := range known.unfinished {
		paths = append(paths, broken.Store...)
		if broken.Store == nil { // a record whose text did not reach the disk
			paths = append(paths, r.Store(nil)...)
		}
	}
	return paths
}

func (r *run) databases() []string {
	names := make([]string, 0, len(r.staged))
	for _, s := range r.staged {
		name := cmp.Or(s.Database, r.DefaultDatabase)
		if r.Target != nil {
			name = r.Target(s)
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
