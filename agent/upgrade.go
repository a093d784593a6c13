package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"neo4j-agent/agent/backup"
	"neo4j-agent/agent/restore"
	"neo4j-agent/agent/snapshot"
	"neo4j-agent/neo4jconf"
)

// UPGRADE_MODE brings the backup of an older generation into a store of this one: neo4j-admin copy reads it and writes a
// new store, which is dumped and uploaded, so that a new cluster can start from the dump; then Neo4j starts alone on it
// (manual 4.x, "Copy a database store" and "Migrate from Neo4j 3.5"). Indexes and constraints are left to people: the
// statements that make them anew are uploaded beside the dump.

// acceptUpgrade refuses what cannot be copied.
func (w *restoring) acceptUpgrade(staged []restore.Staged) error {
	if len(staged) != 1 || staged[0].Form != snapshot.Store {
		return restore.Refuse("upgrade %s: it must hold the store of one database, as a backup of 3.5 does", w.snapshot)
	}
	if w.until != "" {
		return restore.Refuse("upgrade %s until %s: a store of 3.5 holds one state only", w.snapshot, w.until)
	}
	if w.settings.BackupBucket == "" {
		return restore.Refuse("upgrade %s: AWS_BACKUP_BUCKET is not set, which takes the dump", w.snapshot)
	}
	if _, err := w.adminTool("").admin.Command(w.copying(staged[0])); err != nil {
		return restore.Refuse("upgrade %s: %v", w.snapshot, err)
	}
	return nil
}

func (w *restoring) copying(s restore.Staged) neo4jconf.Copy {
	return neo4jconf.Copy{From: s.Path, Database: w.config().DefaultDatabase(), PageCache: w.settings.PageCache}
}

// upgrade copies the staged store, dumps the copy and uploads the dump, before the copy is put in place. All of it is done
// again after a kill.
func (w *restoring) upgrade(ctx context.Context, staged []restore.Staged) ([]restore.Move, error) {
	database, folder := w.config().DefaultDatabase(), w.staging("dump")
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return nil, fmt.Errorf("cannot dump the copy: %v", err)
	}
	w.log.Info().Str("database", database).Msg("copying the store of the older generation; it may take hours")
	schema, err := w.copyAndDump(ctx, w.copying(staged[0]), folder)
	if kind, known := blame(err); known && kind != restore.Corrupt {
		return nil, restore.Fail(kind, "upgrade %s: %v", w.snapshot, err)
	}
	if err != nil {
		return nil, err
	}
	if err := w.uploadUpgraded(ctx, folder, database, schema); err != nil {
		return nil, err
	}
	return w.built(database)
}

// copyAndDump makes the copy and its dump in the folder, and gives the statements of the schema, which is in neither.
func (w *restoring) copyAndDump(ctx context.Context, job neo4jconf.Copy, folder string) (schema []string, err error) {
	err = w.withScratch(func(tool adminTool) error {
		copier := tool
		copier.lines = func(line string) {
			if statement, ok := neo4jconf.SchemaStatement(line); ok {
				schema = append(schema, statement)
			}
		}
		if err := copier.does(ctx, job); err != nil {
			return err
		}
		return tool.does(ctx, neo4jconf.Dump{Database: job.Database, Dir: folder})
	})
	return schema, err
}

// uploadUpgraded uploads the dump in the folder, and the statements of the schema before it: where the dump is they are too.
func (w *restoring) uploadUpgraded(ctx context.Context, folder, database string, schema []string) error {
	client, err := s3Client(ctx, w.settings)
	if err != nil {
		return err
	}
	prefix := layoutInBucket(w.settings).Dumps(time.Now())
	upload := func(name string) (string, error) {
		// Nothing in the staging folder grows meanwhile: without a word health takes a long upload for a restore that
		// stands still.
		moved := func(int64) { w.moved.hear() }
		return backup.UploadFile(ctx, client, w.settings.BackupBucket, prefix+name, filepath.Join(folder, name), moved)
	}
	if err := w.keepSchema(folder, database+".schema.cypher", schema, upload); err != nil {
		return err
	}
	where, err := upload(database + ".dump")
	if err == nil {
		w.log.Info().Str("dump", where).Msg("the upgraded database is dumped and uploaded: SNAPSHOT_PATH of a new cluster takes it")
	}
	return err
}

// keepSchema uploads the statements of the schema as a file that cypher-shell takes, and says that somebody has to run them.
// A copy without any is told of too: the tool also ends well where it could not read the schema (its source of 4.x).
func (w *restoring) keepSchema(folder, name string, schema []string, upload func(string) (string, error)) error {
	const missing = "indexes and constraints are not in the copy, nor in its dump: "
	if len(schema) == 0 {
		w.log.Warn().Msg(missing + "neo4j-admin printed no statements for them; where the old database had any, make them anew by hand")
		return nil
	}
	text := strings.Join(schema, ";\n") + ";\n"
	if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o640); err != nil {
		return fmt.Errorf("cannot keep the statements of indexes and constraints: %v", err)
	}
	where, err := upload(name)
	if err == nil {
		w.log.Warn().Str("schema", where).Int("statements", len(schema)).
			Msg(missing + "run the statements that neo4j-admin printed for them, which are uploaded, in the new database")
	}
	return err
}
