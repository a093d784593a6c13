package main

import (
	"context"
	"fmt"
	"os/signal"
	"syscall"

	"github.com/spf13/pflag"

	"neo4j-agent/agent/backup"
)

type backupsCommand struct{ JSON bool }

func (c *backupsCommand) flags(f *pflag.FlagSet) {
	f.BoolVar(&c.JSON, "json", false, "Print a JSON object for each backup, one a line.")
}

// Run lists the backups of this cluster, the newest first.
func (c backupsCommand) Run(out output) error {
	loaded, _, err := loadSettings(nil, true)
	if err != nil {
		return err
	}
	if loaded.BackupBucket == "" {
		return noBucket("list the backups")
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	client, err := s3Client(ctx, loaded)
	if err != nil {
		return err
	}
	layout := layoutInBucket(loaded)
	entries, err := backup.Inventory(ctx, client, loaded.BackupBucket, layout)
	switch {
	case err != nil:
		return s3Errors(err)
	case c.JSON:
		return backup.WriteJSON(out, entries)
	case len(entries) == 0:
		_, err := fmt.Fprintf(out, "there are no backups of cluster %s in s3://%s/%s\n", layout.Cluster, loaded.BackupBucket, layout.Prefix)
		return err
	}
	return backup.WriteTable(out, entries)
}

// noBucket says what to do where nobody said where the backups are.
func noBucket(doing string) error {
	return withCode(exitConfig, fmt.Errorf("cannot %s: AWS_BACKUP_BUCKET is not set; set it to the name of the bucket for backups", doing))
}
