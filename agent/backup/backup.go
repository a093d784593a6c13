// Package backup takes backups that a restore can trust.
//
// Neo4j's own tool takes each database into a folder, on top of the last backup there where that is possible. What it
// left is packed and streamed to S3, under its final name; a manifest that says "not verified" follows. Then the
// consistency check runs, and if asked a restore of what was uploaded. Only when they have passed does the manifest get
// the name that readers look for, so that a run killed at any instant leaves either a verified backup or none.
package backup

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/rs/zerolog"

	"neo4j-agent/agent/snapshot"
)

// Tool is Neo4j's own admin tool.
type Tool interface {
	// Backup takes one database from the server at source into dir. With full dir is empty; else it holds what an
	// earlier call left, to go on from. It leaves a folder with the database's name, or one artifact (*.backup) more,
	// and tells whether that is a full one, as the tool falls back to when it cannot go on.
	Backup(ctx context.Context, source, database, dir string, full bool) (isFull bool, err error)
	// Check looks whether what Backup left is consistent: path is the folder, or the newest artifact, beside which the
	// older ones of its chain lie. The error of one that is not wraps ErrInconsistent.
	Check(ctx context.Context, database, path string) error
}

// Options say what to back up, from where and to where.
type Options struct {
	S3     *s3.Client
	Bucket string
	Layout snapshot.Layout

	Dir  string // BACKUP_DIR
	Tool Tool
	Selection
	// Select finds the selection once no other run is active, since databases and roles change while a run waits. May be
	// nil, where they are known.
	Select func(context.Context) (Selection, error)
	// Furnish makes what the tool needs, once no other run works in Dir, and gives how to take it away. May be nil.
	Furnish func() (clear func(), err error)
	// Reach tells that a source takes connections, before anything is done to what the last backup left. May be nil.
	Reach func(ctx context.Context, source string) error
	Neo4j string // version of the tool and the servers
	Agent string // version of this agent
	Full  bool   // take a full one in any case
	// Last tells how far a database is at a source or reference, where that can be found out. May be nil.
	Last func(ctx context.Context, source, database string) (at Position, known bool)
	// Uptime tells for how long a source has run: a differential backup is not taken from one that was started since the
	// last backup, since its data may have been put back. May be nil, where the tool itself would see that.
	Uptime func(ctx context.Context, source string) (time.Duration, error)
	// Wait is for how long to wait for another run that is active; 0 leaves at once.
	Wait time.Duration
	// Prove restores what was uploaded and tries it, and gives the words for the manifest. May be nil. folder is the key
	// prefix of the objects, whose manifest is not in its final place yet.
	Prove func(ctx context.Context, folder string, manifest snapshot.Manifest) (how string, err error)

	Progress func(Progress) // may be nil; called often
	Log      zerolog.Logger
}

// Selection is what to back up, and from where.
type Selection struct {
	Sources []string // host:port, the best first; see Sources
	// References are members to which the sources are compared, and no sources; see References.
	References []string
	// Named says that somebody wants this source and no other one.
	Named     bool
	Databases []string
	// Partial says that the server has more databases, Missing as far as they are known; Stopped are those that somebody
	// had stopped. See the manifest.
	Partial bool
	Missing []string
	Stopped []string
	// Chainless says why each backup must be a full one, "" where it need not.
	Chainless string
}

// Stage is what a run is at.
type Stage string

// The stages, in their order.
const (
	Taking    Stage = "taking"
	Uploading Stage = "uploading"
	Checking  Stage = "checking"
	Proving   Stage = "proving"
	Promoting Stage = "promoting"
)

// Progress is how far a run is. Bytes are known of an upload only: those read of the files.
type Progress struct {
	Stage       Stage
	Done, Total int64
}

// run is one run under way.
type run struct {
	Options
	bucket
	work   workspace
	since  time.Time // when the run got the lease, by S3's clock
	got    time.Time // the same by our own
	folder string    // key prefix of this backup
	taken  []takenDatabase
	result Result
}

// takenDatabase is one database that the tool has taken.
type takenDatabase struct {
	database
	left
	source string
	full   bool
	why    string
}

// Run takes one backup. The result is complete also when there is an error.
func Run(ctx context.Context, options Options) (Result, error) {
	started := time.Now()
	r := &run{Options: options, bucket: bucket{patient(options.S3), options.Bucket}}
	r.result = Result{Cluster: options.Layout.Cluster, Neo4j: options.Neo4j}
	err := r.alone(ctx)
	r.result.Databases, r.result.Partial, r.result.Missing, r.result.Stopped = r.Databases, r.Partial, r.Missing, r.Stopped
	r.result.end(started, err)
	return r.result, err
}

// alone runs while no other run does, on this machine or elsewhere.
func (r *run) alone(ctx context.Context) error {
	err := r.check()
	if err != nil {
		return err
	}
	if r.work, err = openWorkspace(r.Dir, r.Layout.Cluster); err != nil {
		return err
	}
	deadline := time.Now().Add(r.Wait)
	unlock, err := lock(ctx, r.work.lockFile(), r.Wait)
	if err != nil {
		return err
	}
	defer unlock()
	holder, err := r.work.name()
	if err != nil {
		return err
	}
	l := &lease{bucket: r.bucket, key: r.Layout.Of("leases") + "backup.json", holder: holder, every: leaseRenewal}
	if err := l.take(ctx, max(0, time.Until(deadline))); err != nil {
		return err
	}
	r.since, r.got = l.since, time.Now()
	ctx, release := l.keep(ctx)
	defer release()
	if err := r.choose(ctx); err != nil {
		return orLost(ctx, err)
	}
	if r.Furnish != nil {
		clear, err := r.Furnish()
		if err != nil {
			return err
		}
		defer clear()
	}
	return orLost(ctx, r.steps(ctx))
}

// orLost says that the lease was lost where that is why a step failed.
func orLost(ctx context.Context, err error) error {
	if lost := context.Cause(ctx); err != nil && errors.Is(lost, ErrLeaseLost) {
		return fmt.Errorf("cannot finish the backup: %w", lost)
	}
	return err
}

// choose finds the selection.
func (r *run) choose(ctx context.Context) (err error) {
	if r.Select == nil {
		return nil
	}
	if r.Selection, err = r.Select(ctx); err != nil {
		return err
	}
	return r.Selection.check()
}

// check refuses what was asked for and cannot become a manifest.
func (r *run) check() error {
	if r.Select != nil { // the rest is not known yet
		return checkNames(r.Databases)
	}
	return r.Selection.check()
}

func (s Selection) check() error {
	if len(s.Databases) == 0 || len(s.Sources) == 0 {
		return errors.New("cannot back up: no database or no source was named")
	}
	return checkNames(s.Databases)
}

func checkNames(databases []string) error {
	seen := map[string]bool{}
	for _, name := range databases {
		folded := strings.ToLower(name)
		switch {
		case !snapshot.IsDatabase(name):
			return fmt.Errorf("cannot back up %q: it is not the name of a database", name)
		case seen[folded]:
			return fmt.Errorf("cannot back up %s: it is named twice", name)
		}
		seen[folded] = true
	}
	return nil
}

func (r *run) steps(ctx context.Context) error {
	aborted, err := r.abortLeftovers(ctx, r.Layout, r.since)
	if err != nil {
		return err
	}
	if aborted > 0 {
		r.Log.Info().Int("uploads", aborted).Msg("aborted the uploads of runs that died")
	}
	if err := r.plan(ctx, r.since); err != nil {
		return err
	}
	for _, name := range r.Databases {
		taken, err := r.take(ctx, r.work.database(name))
		if err != nil {
			return err
		}
		r.taken = append(r.taken, taken)
		r.result.Sources = append(r.result.Sources, taken.source)
	}
	manifest, err := r.uploadAll(ctx)
	if err != nil {
		return err
	}
	how, err := r.verify(ctx, manifest)
	if err != nil {
		return err
	}
	return r.promote(ctx, manifest, how)
}

func (r *run) say(p Progress) {
	if r.Progress != nil {
		r.Progress(p)
	}
}
