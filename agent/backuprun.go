package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"neo4j-agent/agent/backup"
	"neo4j-agent/agent/certs"
	"neo4j-agent/neo4jconf"
)

// backupJob is one backup under way: what a preparation finds out of this installation, and the source.
type backupJob struct {
	*preparation
	backupCommand
	begun   time.Time
	folder  string            // for the tool: its configuration, reports, temporary files
	members map[string]source // by the address of their backup listener
	// references are those of them that are no sources, and tell how far a source must be.
	references []string
	bar        *progress
	rate       rate
}

// run takes the backup. The result is without an outcome where nothing was begun.
func (b *backupJob) run(ctx context.Context) (backup.Result, error) {
	var none backup.Result
	if b.settings.BackupBucket == "" {
		return none, noBucket("back up")
	}
	if err := b.readSecrets(ctx); err != nil {
		return none, err
	}
	if b.From != "" {
		b.settings.BackupFrom = b.From
	}
	if err := b.readHome(ctx); err != nil {
		return none, err
	}
	b.Database = b.named(b.Database)
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
	b.bar = newProgress(b.log, stderrTerminal(), "backing up")
	defer b.bar.end()
	options := backup.Options{
		S3: client, Bucket: b.settings.BackupBucket, Layout: layoutInBucket(b.settings), Dir: b.settings.BackupDir,
		Tool: tool, Selection: backup.Selection{Databases: b.Database}, Select: b.choose, Furnish: b.furnish, Reach: reach, Last: tool.last, Uptime: tool.uptime,
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

// named are databases as the server calls them, and its tool what it leaves.
func (b *backupJob) named(databases []string) (names []string) {
	for _, name := range databases {
		names = append(names, b.neo4j.dialect.DatabaseName(name))
	}
	return names
}

// choose finds the sources and the databases.
func (b *backupJob) choose(ctx context.Context) (backup.Selection, error) {
	var none backup.Selection
	sources, err := b.sources(ctx)
	if err != nil {
		return none, err
	}
	chosen, err := b.chooseDatabases(ctx, sources)
	return backup.Selection{
		Sources: sources, References: b.references, Named: b.settings.BackupFrom != backup.FromDiscovery, Chainless: b.chainless(sources),
		Databases: chosen.databases, Partial: chosen.partial, Missing: chosen.missing, Stopped: chosen.stopped,
	}, err
}

// newTool is the tool, with a folder of its own.
func (b *backupJob) newTool() (*backupTool, error) {
	b.folder = filepath.Join(workFolder(b.settings), "tool-"+b.settings.ClusterName)
	tool := &backupTool{backupJob: b, admin: b.adminTool(filepath.Join(b.folder, "conf")), seen: map[string]testimony{}, checked: map[string]error{}}
	_, err := tool.admin.admin.Command(tool.backup("localhost:0", "any", b.folder))
	return tool, withCode(exitConfig, err)
}

// furnish gives the tool a configuration of its own: a scheduled task has but the image's, and 3.5 needs one. It is the
// whole configuration, and not the directories only, since an encrypted backup needs its certificates, and 3.5's tool looks
// at those of all channels. The private keys do not stay.
func (b *backupJob) furnish() (clear func(), err error) {
	own := *b.preparation
	own.pairsIn = filepath.Join(b.folder, "certificates")
	clear = func() {
		if err := os.RemoveAll(own.pairsIn); err != nil {
			b.log.Warn().Msgf("cannot remove the certificates of the backup: %v", err)
		}
	}
	intent, err := own.input().Intent()
	if err != nil {
		return nil, withCode(exitConfig, err)
	}
	conf := filepath.Join(b.folder, "conf")
	if err := os.MkdirAll(conf, 0o700); err != nil {
		return nil, withCode(exitCannotMake, fmt.Errorf("cannot make the backup folder: %w", err))
	}
	for _, file := range filesOf(intent.Config) {
		if err := writeDurably(filepath.Join(conf, file.name), file.text, 0o600); err != nil {
			return nil, err
		}
	}
	for channel, pair := range own.pairs {
		if pair.Leaf == nil { // self-signed, which nobody will see
			if pair, err = certs.SelfSigned([]string{"localhost"}, time.Now()); err != nil {
				return nil, withCode(exitCannotMake, err)
			}
		}
		if err := certs.Keep(own.pairFolder(channel), pair); err != nil {
			clear()
			return nil, withCode(exitCannotMake, err)
		}
	}
	return clear, nil
}

// chainless is why each backup is a full one. Where the tool cannot say what an artifact goes on from, it may check
// another chain than the one that a restore would take (manual 5, "Check database consistency": the one of the greatest
// transaction). The servers of a cluster that fetch a backup take one file (manual 5, "Create a database from a URI"), so
// that a chain could not become the new cluster that replaces this one.
func (b *backupJob) chainless(sources []string) string {
	d := b.neo4j.dialect
	switch {
	case !d.FolderBackups() && !d.InspectsBackups():
		return "this version cannot say what a backup goes on from"
	case d.SeedsClusters() && slices.ContainsFunc(sources, b.clusterSpeaks):
		return "a new cluster is seeded from a full one only"
	}
	return ""
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
