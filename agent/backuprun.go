package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"neo4j-agent/agent/backup"
	"neo4j-agent/neo4jconf"
)

// backupJob is one backup under way: what a preparation finds out of this installation, and the source.
type backupJob struct {
	*preparation
	backupCommand
	begun   time.Time
	folder  string            // for the tool: its configuration, reports, temporary files
	members map[string]source // by the address of their backup listener
	bar     *progress
	rate    rate
}

// run takes the backup. The result is without an outcome where nothing was begun.
func (b *backupJob) run(ctx context.Context) (backup.Result, error) {
	var none backup.Result
	if b.settings.BackupBucket == "" {
		return none, noBucket("back up")
	}
	if err := b.readHome(ctx); err != nil {
		return none, err
	}
	if err := dropRootToBackUp(b.settings); err != nil {
		return none, withCode(exitPermission, err)
	}
	tool, err := b.newTool()
	if err != nil {
		return none, err
	}
	client, err := s3Client(ctx, b.settings)
	if err != nil {
		return none, err
	}
	sources, err := b.sources(ctx)
	if err != nil {
		return none, err
	}
	b.bar = newProgress(b.log, stderrTerminal(), "backing up")
	defer b.bar.end()
	options := backup.Options{
		S3: client, Bucket: b.settings.BackupBucket, Layout: layoutInBucket(b.settings), Dir: b.settings.BackupDir,
		Tool: tool, Sources: sources, Reach: reach, Databases: b.databases(ctx, sources),
		Neo4j: b.neo4j.dialect.Version.String(), Agent: version, Full: b.Full, Wait: b.Wait,
		Progress: b.tellProgress, Log: b.log,
	}
	if b.Verify == "restore" {
		options.Prove = (&proof{backupJob: b, tool: tool, client: client}).run
	}
	result, err := backup.Run(ctx, options)
	b.bar.end()
	if err == nil {
		b.log.Info().Str("backup", result.Backup).Str("type", result.Type).Str("why", result.Why).
			Strs("sources", result.Sources).Int64("bytes", result.Bytes).Str("verified", result.Verified).
			Stringer("took", time.Since(b.begun).Round(time.Millisecond)).Msg("backed up")
	}
	return result, err
}

// newTool is the tool, with a configuration of its own: a scheduled task has but the image's, and 3.5 needs one.
func (b *backupJob) newTool() (*backupTool, error) {
	b.folder = filepath.Join(workFolder(b.settings), "tool-"+b.settings.ClusterName)
	conf := filepath.Join(b.folder, "conf")
	if err := os.MkdirAll(conf, 0o700); err != nil {
		return nil, withCode(exitCannotMake, fmt.Errorf("cannot make the backup folder: %w", err))
	}
	// The whole configuration, and not the directories only: it has the certificates for an encrypted backup.
	for _, file := range filesOf(b.neo4j.intent.Config) {
		if err := writeDurably(filepath.Join(conf, file.name), file.text, 0o600); err != nil {
			return nil, err
		}
	}
	tool := &backupTool{backupJob: b, admin: b.adminTool(conf), seen: map[string]testimony{}, checked: map[string]error{}}
	_, err := tool.admin.admin.Command(tool.backup("localhost:0", "any", b.folder))
	return tool, withCode(exitConfig, err)
}

// databases are those asked for, or all that a source says it has.
func (b *backupJob) databases(ctx context.Context, sources []string) []string {
	standard := b.neo4j.intent.Config.DefaultDatabase()
	switch {
	case len(b.Database) > 0:
		return b.Database
	case b.neo4j.dialect.DatabaseList() == "":
		return []string{standard}
	}
	err := errors.New("no password of user neo4j is given")
	for _, source := range sources {
		if !b.canAsk() {
			break
		}
		var names []string
		if names, err = b.databasesOf(ctx, source); err == nil && len(names) > 0 {
			return names
		}
	}
	b.log.Warn().Err(err).Msgf("cannot list the databases: only %s and %s are backed up", standard, systemDatabase)
	return []string{standard, systemDatabase}
}

func (b *backupJob) databasesOf(ctx context.Context, source string) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, askedFor)
	defer cancel()
	w, err := newWitness(b.neo4j.dialect, b.members[source].bolt, b.settings.AdminPassword)
	if err != nil {
		return nil, err
	}
	defer w.Close()
	names, err := w.databases(ctx)
	slices.Sort(names)
	return names, err
}

// canAsk tells whether a server would answer us.
func (b *backupJob) canAsk() bool {
	return b.settings.AuthDisabled || !b.settings.AdminPassword.IsZero()
}

// tellProgress shows how far the backup is.
func (b *backupJob) tellProgress(now backup.Progress) {
	b.show(string(now.Stage), now.Done, now.Total)
}

func (b *backupJob) show(step string, done, total int64) {
	perSecond := b.rate.at(step, done, time.Now())
	var left time.Duration
	if perSecond > 0 && total > done {
		left = time.Duration(float64(total-done) / perSecond * float64(time.Second))
	}
	b.bar.tell(step, done, total, perSecond, left)
}

// clusterSpeaks tells whether a member is asked as one of a cluster, for the versions in which that is another protocol.
func (b *backupJob) clusterSpeaks(source string) bool {
	return b.members[source].clustered || b.neo4j.intent.Role != neo4jconf.Standalone
}
