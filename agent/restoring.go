package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"neo4j-agent/agent/health"
	"neo4j-agent/agent/peers"
	"neo4j-agent/agent/restore"
	"neo4j-agent/agent/runstate"
	"neo4j-agent/neo4jconf"
)

const (
	// markersFolder lies at the root of the volume, as in the system replaced.
	markersFolder = "restored_backups"
	// stagingFolder lies in the data directory: what is staged there is moved into its place.
	stagingFolder = ".neo4j-agent-restore"
	// leaderAgain is the pace of asking a running cluster whether it has a leader again.
	leaderAgain = 2 * time.Second
)

// restoreSnapshot restores SNAPSHOT_PATH where this volume has not been restored and no cluster runs that it can join.
func (p *preparation) restoreSnapshot(ctx context.Context) error {
	p.prepared.Markers = p.markers()
	w := &restoring{preparation: p, snapshot: p.settings.SnapshotPath, until: p.settings.RestoreUntil}
	result, err := w.run(ctx)
	if err == nil && result.Outcome == restore.Would {
		p.would("would restore %s (%s)", p.settings.SnapshotPath, result.Name)
	}
	if err == nil {
		err = p.noteHalfDone()
	}
	return err
}

// noteHalfDone tells serve where the statements are that a restore left for the running server.
func (p *preparation) noteHalfDone() error {
	half, err := restore.HalfDone(p.markers())
	if err != nil {
		return restoreErrors(err)
	}
	p.prepared.Scripts = map[string]string{}
	for _, h := range half {
		if h.Seeds != nil {
			p.prepared.Seeding = "its databases are being seeded from " + h.Name
		}
		for _, database := range h.Databases {
			if script := p.neo4j.intent.Config.MetadataScript(database); script != "" && exists(script) {
				p.prepared.Scripts[database] = script
			}
		}
	}
	return nil
}

// markers is the folder that remembers what this volume was restored from.
func (p *preparation) markers() string {
	if p.settings.DataRoot != "" {
		return filepath.Join(p.settings.DataRoot, markersFolder)
	}
	return filepath.Join(p.folders.state, markersFolder)
}

// restoring is one restore, with what the generation needs for it.
type restoring struct {
	*preparation
	snapshot  string
	until     string
	overwrite bool
	now       bool // by hand
	bar       *progress
	moved     movement
}

func (w *restoring) config() neo4jconf.Config { return w.neo4j.intent.Config }

func (w *restoring) run(ctx context.Context) (restore.Result, error) {
	options, err := w.options(ctx)
	if err != nil {
		return restore.Result{}, err
	}
	w.bar = newProgress(w.log, stderrTerminal(), "restoring "+w.snapshot)
	defer w.bar.end()
	begun := time.Now()
	result, err := restore.Run(ctx, options)
	w.bar.end()
	w.prepared.Restore = nil
	if err != nil {
		return result, restoreErrors(err)
	}
	if result.Outcome == restore.Restored {
		w.prepared.FormedBefore = false // the restored store begins a new cluster
		w.log.Info().Str("snapshot", result.Name).Strs("databases", result.Databases).Int64("bytes", result.Bytes).
			Stringer("took", time.Since(begun).Round(time.Millisecond)).Msg("restored; " + w.usersFrom(result.Databases))
	}
	return result, nil
}

func (w *restoring) options(ctx context.Context) (restore.Options, error) {
	s := w.settings
	options := restore.Options{
		Snapshot: w.snapshot, Bucket: s.BackupBucket, Layout: layoutInBucket(s), Pinned: w.clustered(),
		Markers: w.markers(), Staging: w.staging(""), Store: w.replaces,
		Target: w.target, DatabaseName: w.neo4j.dialect.DatabaseName, DefaultDatabase: w.config().DefaultDatabase(), EachNew: s.Restore == "each-new", Overwrite: w.overwrite, Now: w.now, Dry: w.dry,
		Accept: w.accept, Build: w.build, BuildCopies: !w.config().MovesStores(), Unbind: w.unbind, SecondHalf: w.needsServer,
		Agent: version, Progress: w.tellProgress, Log: w.log,
	}
	if s.UpgradeMode {
		options.Accept, options.Build = w.acceptUpgrade, w.upgrade
	}
	if w.clustered() {
		options.Unless, options.Seed = w.clusterRuns, w.seeds()
	}
	if w.clustered() && w.now {
		options.Unless = w.refuseCluster
	}
	if w.neo4j.intent.Role == neo4jconf.ReadReplica {
		options.Skip = "a read replica copies the store from the cores"
	}
	if w.snapshot == "" || filepath.IsAbs(w.snapshot) && !s.UpgradeMode {
		return options, nil
	}
	client, err := s3Client(ctx, s)
	options.S3 = client
	return options, err
}

// seeds tells whether the cluster fetches the snapshot itself, once it runs.
func (w *restoring) seeds() bool { return w.clustered() && w.neo4j.dialect.SeedsClusters() }

// clusterRuns tells whether the other members run as a cluster: then this member joins it and copies its store, since a
// restored one would be older. A cluster that is just without a leader is waited for, never replaced.
func (w *restoring) clusterRuns(ctx context.Context) (string, error) {
	limited, cancel := context.WithTimeout(ctx, w.settings.DiscoveryTimeout)
	defer cancel()
	said := ""
	for {
		w.moved.hear() // this wait has its own bound and its own reason: health must not end it before, for standing still
		others, err := w.askOthers(limited)
		why := fmt.Sprintf("the members that run (%v) have no leader", others.Up)
		switch {
		case err != nil && hopelessSearch(err):
			return "", err
		case err != nil:
			why = err.Error()
		case len(others.Led) > 0:
			return fmt.Sprintf("a cluster with a leader runs (says %s): this member joins it and copies its store", others.Led[0]), nil
		case len(others.Up) == 0:
			return "", nil
		case w.keeps():
			return fmt.Sprintf("members of the cluster run (%s) and may need this one to elect a leader: it keeps its data", others.Up[0]), nil
		case len(others.Answered) == 0:
			return fmt.Sprintf("a cluster runs (%s answers): this member joins it and copies its store", others.Up[0]), nil
		}
		if said != why {
			w.log.Warn().Msg("cannot tell yet whether to restore, waiting: " + why)
			said = why
		}
		select {
		case <-limited.Done():
			if ctx.Err() != nil {
				return "", ctx.Err()
			}
			return "", withCode(exitTryAgain, fmt.Errorf("cannot tell whether to restore %s: %s; restoring could replace newer data", w.snapshot, why))
		case <-time.After(leaderAgain):
		}
	}
}

// keeps tells whether this volume has data of its own: a cluster that lost its majority waits for them.
func (w *restoring) keeps() bool {
	kept, err := restore.Kept(w.markers(), w.config().Stores(nil))
	return kept && err == nil
}

// refuseCluster refuses a restore by hand into a cluster that runs.
func (w *restoring) refuseCluster(ctx context.Context) (string, error) {
	reason, err := w.clusterRuns(ctx)
	if reason != "" {
		err = restore.Refuse("restore %s: %s; stop all its members first", w.snapshot, reason)
	}
	return "", err
}

// hopelessSearch tells whether looking for members again would come to the same.
func hopelessSearch(err error) bool {
	return errors.As(err, new(*peers.WrongServiceError)) || errors.As(err, new(*peers.PermissionError)) || errors.Is(err, context.Canceled)
}

// askOthers asks the members that discovery finds now.
func (w *restoring) askOthers(ctx context.Context) (health.Others, error) {
	if err := w.take(ctx, false); err != nil {
		return health.Others{}, err
	}
	ports, ask := w.neo4j.intent.Ports, w.askFor(w.config())
	return health.Neighbours(ctx, health.Member{
		Role: string(w.neo4j.intent.Role), Address: w.own.Advertised, Members: w.addresses(),
		Ports: health.Ports{Bolt: ports.Bolt, HTTP: ports.HTTP},
	}, health.Dialect{StatusPath: ask.StatusPath}), nil
}

// tellProgress says how far the restore is: in prepare.json, in the log or on the terminal.
func (w *restoring) tellProgress(now restore.Progress) {
	stores := int64(0)
	switch now.Step {
	case restore.Building:
		stores = treeSize([]string{w.staging("")})
	case restore.Placing: // where it has to be copied
		stores = treeSize(w.config().Stores(nil))
	}
	if w.dry {
		return
	}
	w.prepared.Restore = &runstate.Restore{
		Snapshot: w.snapshot, Step: now.Step, Done: now.Done, Total: now.Total, Rate: now.Rate, Left: now.Left,
		Moved: w.moved.at(now.Step, now.Done, stores),
	}
	w.save()
	w.bar.tell(now.Step, now.Done, now.Total, now.Rate, now.Left)
}

// treeSize is how many bytes the files at or below the paths have, as far as they can be counted.
func treeSize(paths []string) int64 {
	var size int64
	for _, root := range paths {
		_ = filepath.WalkDir(root, func(_ string, entry os.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return nil // files come and go while a tool works
			}
			if info, err := entry.Info(); err == nil {
				size += info.Size()
			}
			return nil
		})
	}
	return size
}

// restoreErrors gives each way not to restore its exit code (contract.md, Exit codes).
func restoreErrors(err error) error {
	var known *restore.Error
	if !errors.As(err, &known) {
		return err
	}
	return withCode(map[restore.Kind]int{
		restore.Corrupt: exitBadData, restore.Missing: exitNoInput, restore.NoSpace: exitInputOutput,
		restore.DiskError: exitInputOutput, restore.Later: exitTryAgain, restore.Denied: exitPermission, restore.Refused: exitConfig,
	}[known.Kind], err)
}
