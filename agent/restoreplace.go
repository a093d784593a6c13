package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

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
	tool := w.adminTool("")
	others := 0
	for _, s := range staged {
		if err := w.neo4j.dialect.Older(s.Neo4j); err != nil && s.Neo4j != "" {
			return restore.Refuse("restore %s: %v", w.snapshot, err)
		}
		job, err := w.placing(s)
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

// target is what a staged database will be called: in 3.5 there is one, whatever it was called before.
func (w *restoring) target(s restore.Staged) string {
	if !w.neo4j.dialect.KeepsUsersInSystem() {
		return w.config().DefaultDatabase()
	}
	return s.Database
}

// placing is the job that puts a staged database in place, nil where its folder is only moved.
func (w *restoring) placing(s restore.Staged) (neo4jconf.Job, error) {
	placed := neo4jconf.Placed{
		Form: forms[s.Form], Database: w.target(s), Path: s.Path, Until: w.until, Scratch: filepath.Join(w.prepared.DataDir, stagingFolder, "scratch"),
	}
	job, err := w.neo4j.dialect.Place(placed)
	if err == nil && placed.Form == neo4jconf.StoreFolder && w.config().MovesStores() && w.until == "" {
		return nil, nil
	}
	return job, err
}

// place puts what was staged where Neo4j looks for it, the generation's own way. What the member knew of its cluster is
// forgotten first: the restored store begins a new one.
func (w *restoring) place(ctx context.Context, staged []restore.Staged) error {
	tool, err := w.toolFor()
	if err != nil {
		return err
	}
	if exists(w.config().ClusterState()) && w.neo4j.dialect.Edition == neo4jconf.Enterprise {
		if err := tool.does(ctx, neo4jconf.Unbind{Database: w.config().DefaultDatabase()}); err != nil {
			return fmt.Errorf("cannot unbind this member from its old cluster: %w", err)
		}
	}
	if err := volume(w.folders.state).forget(formedFile); err != nil {
		return err
	}
	for _, s := range staged {
		job, err := w.placing(s)
		if err != nil {
			return err
		}
		w.log.Info().Str("database", w.target(s)).Str("form", string(s.Form)).Msg("putting a database in place")
		if job == nil {
			err = restore.Move(s, w.config().Store(w.target(s)))
		} else {
			err = w.withScratch(func() error { return tool.does(ctx, job) })
		}
		if err != nil {
			return fmt.Errorf("database %s: %w", w.target(s), err)
		}
	}
	return nil
}

// withScratch gives a job an empty folder for temporary files.
func (w *restoring) withScratch(do func() error) error {
	scratch := filepath.Join(w.prepared.DataDir, stagingFolder, "scratch")
	if err := os.MkdirAll(scratch, 0o750); err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(scratch) }()
	return do()
}

// toolFor is neo4j-admin with a configuration that tells it where things are and nothing else.
func (w *restoring) toolFor() (adminTool, error) {
	folder := filepath.Join(w.settings.RunDir, "admin")
	err := os.MkdirAll(folder, 0o750)
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, confName), w.config().ForAdmin(), 0o640)
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
