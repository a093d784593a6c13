package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"neo4j-agent/agent/backup"
	"neo4j-agent/agent/restore"
	"neo4j-agent/agent/snapshot"
	"neo4j-agent/neo4jconf"
)

// UPGRADE_MODE brings the backup of an older generation into a store of this one: neo4j-admin copy reads it and writes a
// new store, which is dumped and uploaded, so that a new cluster can start from the dump; then Neo4j starts alone on it
// (manual 4.x, "Copy a database store" and "Migrate from Neo4j 3.5").

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
	err := w.withScratch(func(tool adminTool) error {
		if err := tool.does(ctx, w.copying(staged[0])); err != nil {
			return err
		}
		return tool.does(ctx, neo4jconf.Dump{Database: database, Dir: folder})
	})
	if kind, known := blame(err); known && kind != restore.Corrupt {
		return nil, restore.Fail(kind, "upgrade %s: %v", w.snapshot, err)
	}
	if err != nil {
		return nil, err
	}
	client, err := s3Client(ctx, w.settings)
	if err != nil {
		return nil, err
	}
	key := layoutInBucket(w.settings).Dumps(time.Now()) + database + ".dump"
	// Nothing in the staging folder grows meanwhile: without a word health would take a long upload for a restore that stands still.
	moved := func(int64) { w.moved.hear() }
	where, err := backup.UploadFile(ctx, client, w.settings.BackupBucket, key, filepath.Join(folder, database+".dump"), moved)
	if err != nil {
		return nil, err
	}
	w.log.Info().Str("dump", where).Msg("the upgraded database is dumped and uploaded: SNAPSHOT_PATH of a new cluster takes it")
	return w.built(database)
}
