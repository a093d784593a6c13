package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"neo4j-agent/agent/restore"
	"neo4j-agent/agent/snapshot"
	"neo4j-agent/neo4jconf"
)

// systemDatabase holds users and the list of databases, from 4.0 on (manual, "The system database").
const systemDatabase = "system"

// forms are those of a snapshot in the words of the dialects.
var forms = map[snapshot.Form]neo4jconf.Form{
	snapshot.Store: neo4jconf.StoreFolder, snapshot.Dump: neo4jconf.DumpFile, snapshot.Artifact: neo4jconf.Artifact,
}

// accept refuses databases that this version or edition cannot have, or not from what was staged.
func (w *restoring) accept(staged []restore.Staged) error {
	if w.until != "" && w.seeds() {
		return restore.Refuse("restore %s until %s: a new cluster fetches it as it is; restore it into a server of its own, back that up, and start the cluster from there", w.snapshot, w.until)
	}
	tool := w.adminTool("")
	others := 0
	for _, s := range staged {
		if err := w.neo4j.dialect.Older(s.Neo4j); err != nil && s.Neo4j != "" {
			return restore.Refuse("restore %s: %v", w.snapshot, err)
		}
		job, err := w.building(s)
		if err == nil && job != nil {
			_, err = tool.admin.Command(job)
		}
		if err != nil {
			return restore.Refuse("restore %s: %v", w.snapshot, err)
		}
		if w.foreign(s.Database) {
			others++
		}
	}
	renamed := !w.neo4j.dialect.KeepsUsersInSystem() && len(staged) == 1
	if w.neo4j.dialect.OneDatabase() && others > 0 && !renamed {
		return restore.Refuse("restore %s: it holds %d databases beside %s, and this Neo4j has one", w.snapshot, others, w.config().DefaultDatabase())
	}
	return nil
}

// foreign tells whether a database is neither the default one nor system.
func (w *restoring) foreign(database string) bool {
	return database != w.config().DefaultDatabase() && database != systemDatabase
}

// target is what a staged database will be called: in 3.5 there is one, whatever it was called before, and an upgrade
// copies the one of 3.5 into the default one.
func (w *restoring) target(s restore.Staged) string {
	if !w.neo4j.dialect.KeepsUsersInSystem() || w.settings.UpgradeMode {
		return w.config().DefaultDatabase()
	}
	return cmp.Or(s.Database, w.config().DefaultDatabase())
}

// building is the job that makes a store of a staged database, nil where its folder is one.
func (w *restoring) building(s restore.Staged) (neo4jconf.Job, error) {
	placed := neo4jconf.Placed{Form: forms[s.Form], Database: w.target(s), Path: s.Path, Until: w.until, Scratch: w.staging("scratch")}
	job, err := w.neo4j.dialect.Place(placed)
	if err == nil && placed.Form == neo4jconf.StoreFolder && w.config().MovesStores() && w.until == "" {
		return nil, nil
	}
	return job, err
}

// staging is a place in the staging folder.
func (w *restoring) staging(name string) string {
	return filepath.Join(w.prepared.DataDir, stagingFolder, name)
}

// replaces are the paths that a restore of these databases replaces, and for none all that can hold a store.
func (w *restoring) replaces(databases []string) []string {
	paths := w.config().Stores(databases)
	for _, name := range databases {
		if script := w.config().MetadataScript(name); script != "" {
			paths = append(paths, script)
		}
	}
	return paths
}

// build makes stores of what was staged, the generation's own way and beside the real ones, so that what the tool refuses
// replaces nothing.
func (w *restoring) build(ctx context.Context, staged []restore.Staged) ([]restore.Move, error) {
	var moves []restore.Move
	for _, s := range staged {
		job, err := w.building(s)
		if err != nil {
			return nil, err
		}
		if job == nil {
			moves = append(moves, restore.Move{From: s.Path, To: w.config().Store(w.target(s))})
			continue
		}
		w.log.Info().Str("database", w.target(s)).Str("form", string(s.Form)).Msg("building the store of a database")
		if err := w.withScratch(func(tool adminTool) error { return tool.does(ctx, job) }); err != nil {
			return nil, unusable(w.snapshot, w.target(s), err)
		}
		parts, err := w.built(w.target(s))
		if err != nil {
			return nil, err
		}
		moves = append(moves, parts...)
	}
	return moves, nil
}

// unusable is the error of a database that neo4j-admin made no store of.
func unusable(snapshot, database string, err error) error {
	kind, known := blame(err)
	if !known {
		return fmt.Errorf("cannot build the store of database %s: %w", database, err)
	}
	if kind == restore.Corrupt {
		return restore.Fail(kind, "restore %s: no store of database %s can be made of it: %v", snapshot, database, err)
	}
	return restore.Fail(kind, "build the store of database %s: %v", database, err)
}

// What the tool says when something else than the snapshot is to blame, in Java's words.
var (
	fullWords   = []string{diskFull, "Disk quota exceeded"}
	brokenWords = []string{"Input/output error"}
	deniedWords = []string{"Permission denied", "AccessDeniedException", "Read-only file system"}
	otherWords  = []string{"OutOfMemoryError", "insufficient memory for the Java Runtime", "UnsupportedClassVersionError", "Could not find or load main class", "Failed to read config"}
)

// blame tells what kept the tool from its work, where it says so: it gives one code for all.
func blame(err error) (kind restore.Kind, known bool) {
	var refusal *adminError
	if !errors.As(err, &refusal) || refusal.outcome.Verdict != neo4jconf.Failed {
		return 0, false
	}
	says := func(words []string) bool { return slices.ContainsFunc(words, refusal.says) }
	switch {
	case says(fullWords):
		return restore.NoSpace, true
	case says(brokenWords):
		return restore.DiskError, true
	case says(deniedWords):
		return restore.Denied, true
	}
	return restore.Corrupt, !says(otherWords)
}

// built is what the tool made of a database, and where it belongs.
func (w *restoring) built(database string) ([]restore.Move, error) {
	from, to := w.elsewhere().Stores([]string{database}), w.config().Stores([]string{database})
	if empty, err := restore.Empty(from[:1]); err != nil || empty {
		return nil, cmp.Or(err, fmt.Errorf("cannot find the store of database %s that neo4j-admin has made: %s holds nothing", database, from[0]))
	}
	from, to = append(from, w.elsewhere().MetadataScript(database)), append(to, w.config().MetadataScript(database))
	var moves []restore.Move
	for i := range from {
		if from[i] != "" && exists(from[i]) && !slices.ContainsFunc(moves, func(m restore.Move) bool { return within(m.From, from[i]) }) {
			moves = append(moves, restore.Move{From: from[i], To: to[i]})
		}
	}
	return moves, nil
}

// within tells whether a path is in a folder.
func within(folder, path string) bool { return strings.HasPrefix(path, folder+"/") }

// elsewhere is the configuration of what is built in the staging folder.
func (w *restoring) elsewhere() neo4jconf.Config { return w.config().Elsewhere(w.staging("built")) }

// withScratch gives a job the tool that works in the staging folder, and an empty folder for temporary files.
func (w *restoring) withScratch(do func(adminTool) error) error {
	tool, err := w.toolFor(w.elsewhere())
	if err != nil {
		return err
	}
	for _, folder := range append(w.elsewhere().Stores(nil), w.staging("scratch")) {
		if err := os.MkdirAll(folder, 0o750); err != nil {
			return err
		}
	}
	defer func() { _ = os.RemoveAll(w.staging("scratch")) }()
	return do(tool)
}

// unbind forgets what the member knew of its cluster: the restored store begins a new one.
func (w *restoring) unbind(ctx context.Context) error {
	if exists(w.config().ClusterState()) && w.neo4j.dialect.Edition == neo4jconf.Enterprise {
		tool, err := w.toolFor(w.config())
		if err == nil {
			err = tool.does(ctx, neo4jconf.Unbind{Database: w.config().DefaultDatabase()})
		}
		if err != nil {
			return fmt.Errorf("cannot unbind this member from its old cluster: %w", err)
		}
	}
	return volume(w.folders.state).forget(formedFile)
}

// toolFor is neo4j-admin with a configuration that tells it where things are and nothing else.
func (w *restoring) toolFor(config neo4jconf.Config) (adminTool, error) {
	folder := filepath.Join(w.settings.RunDir, "admin")
	err := os.MkdirAll(folder, 0o750)
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, confName), config.ForAdmin(), 0o640)
	}
	if err != nil {
		return adminTool{}, fmt.Errorf("cannot write the configuration of neo4j-admin: %v", err)
	}
	tool := w.adminTool(folder)
	tool.heard = w.moved.hear
	return tool, nil
}

// needsServer tells whether a running server has something left to do: to create databases that it does not know, or the
// users and roles that came with them. What a backup's own system database says needs neither.
func (w *restoring) needsServer(staged []restore.Staged) bool {
	if !w.neo4j.dialect.KeepsUsersInSystem() || slices.ContainsFunc(staged, func(s restore.Staged) bool { return s.Database == systemDatabase }) {
		return false
	}
	return slices.ContainsFunc(staged, func(s restore.Staged) bool {
		script := w.config().MetadataScript(s.Database)
		return w.foreign(s.Database) || script != "" && exists(script)
	})
}

// usersFrom says whose users and passwords count after a restore.
func (w *restoring) usersFrom(databases []string) string {
	if slices.Contains(databases, systemDatabase) {
		return "users, passwords and the list of databases are those of the backup: the settings' password is not set"
	}
	return "users and passwords are those of the settings: the backup holds none"
}
