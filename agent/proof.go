package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"neo4j-agent/agent/backup"
	"neo4j-agent/agent/restore"
	"neo4j-agent/agent/settings"
	"neo4j-agent/agent/snapshot"
	"neo4j-agent/neo4jconf"
)

// proofMemory is for the throw-away server: it answers a few questions.
var proofMemory = neo4jconf.Memory{Heap: "512m", PageCache: "64m"}

// proof fetches what was uploaded, restores it as a member would, starts a throw-away server on it and compares what that
// says with what the source said.
type proof struct {
	*backupJob
	tool    *backupTool
	client  *s3.Client
	scratch *preparation // of the throw-away server
	server  *throwaway
}

// run gives the words for the manifest.
func (p *proof) run(ctx context.Context, folder string, manifest snapshot.Manifest) (string, error) {
	defer func() { _ = os.RemoveAll(p.tool.place("proof")) }()
	if err := p.prepare(manifest); err != nil {
		return "", err
	}
	restored, err := p.fetch(ctx, "s3://"+p.settings.BackupBucket+"/"+strings.TrimSuffix(folder, "/"))
	if err != nil {
		return "", err
	}
	words, err := p.start(ctx, restored)
	if err != nil {
		return "", err
	}
	for _, database := range restored { // the server has recovered it, which a check wants
		p.show("checking "+database+" as restored", 0, 0)
		if err := p.tool.check(ctx, p.scratch.adminTool(p.scratch.neo4j.folder), neo4jconf.Check{Database: database}); err != nil {
			return "", fmt.Errorf("as restored, %s: %w", database, err)
		}
	}
	how := "restored into a throw-away server, started and checked there: " + strings.Join(words, "; ")
	if slices.Contains(manifest.Databases(), systemDatabase) {
		how += "; system: fetched, not started"
	}
	p.log.Info().Msg(how)
	return how, nil
}

// prepare makes the folders and the configuration of the throw-away server.
func (p *proof) prepare(manifest snapshot.Manifest) error {
	if err := p.tool.emptied("proof"); err != nil {
		return err
	}
	root := p.tool.place("proof")
	database := p.neo4j.intent.Config.DefaultDatabase()
	if names := withoutSystem(manifest.Databases()); len(names) > 0 && !slices.Contains(names, database) {
		database = names[0]
	}
	port, err := freePort()
	if err != nil {
		return err
	}
	conf := filepath.Join(root, "conf")
	config, err := p.neo4j.dialect.Throwaway(neo4jconf.Throwaway{
		Home: p.settings.Home, Conf: conf, Root: root, Bolt: port, Database: database, Memory: proofMemory,
	})
	if err != nil {
		return err
	}
	own := *p.settings
	own.RunDir, own.DataRoot, own.ExtendedConf = filepath.Join(root, "run"), root, false
	own.AdminPassword, own.AuthDisabled, own.RequirePasswordChange = settings.NewSecret(rand.Text()), false, false
	home := p.neo4j
	home.folder, home.conf, home.intent = conf, filepath.Join(conf, confName), neo4jconf.Intent{Role: neo4jconf.Standalone, Config: config}
	p.scratch = &preparation{settings: &own, folders: layoutOf(&own), log: p.log, neo4j: home}
	p.scratch.prepared.DataDir = config.DataDir()
	p.scratch.launch.Env = []string{"NEO4J_HOME=" + own.Home, "NEO4J_CONF=" + conf, "NEO4J_ACCEPT_LICENSE_AGREEMENT=" + own.LicenseAgreement}
	if own.JavaHome != "" {
		p.scratch.launch.Env = append(p.scratch.launch.Env, "JAVA_HOME="+own.JavaHome)
	}
	for _, path := range append([]string{conf, own.RunDir, p.scratch.folders.state}, config.Directories()...) {
		if err := os.MkdirAll(path, 0o700); err != nil {
			return fmt.Errorf("cannot make the folders of a throw-away server: %w", err)
		}
	}
	p.server = &throwaway{bolt: config.BoltAddress(), log: p.log}
	for _, file := range filesOf(config) {
		if err := writeDurably(filepath.Join(conf, file.name), file.text, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// withoutSystem are the databases without system, whose users would be those of the source.
func withoutSystem(databases []string) []string {
	return slices.DeleteFunc(slices.Clone(databases), func(name string) bool { return name == systemDatabase })
}

// fetch restores what was uploaded, and gives the databases that are there.
func (p *proof) fetch(ctx context.Context, snapshot string) ([]string, error) {
	config := p.scratch.neo4j.intent.Config
	w := &restoring{preparation: p.scratch, snapshot: snapshot}
	var names []string
	_, err := restore.Run(ctx, restore.Options{
		Snapshot: snapshot, Unverified: true, S3: p.client, Bucket: p.settings.BackupBucket, Layout: layoutInBucket(p.settings),
		Markers: p.tool.place("proof/markers"), Staging: w.staging(""), Store: config.Stores,
		DefaultDatabase: config.DefaultDatabase(), DatabaseName: w.neo4j.dialect.DatabaseName, BuildCopies: !config.MovesStores(), Overwrite: true,
		Build: func(ctx context.Context, staged []restore.Staged) ([]restore.Move, error) {
			staged = slices.DeleteFunc(staged, func(s restore.Staged) bool { return s.Database == systemDatabase })
			for _, s := range staged {
				names = append(names, w.target(s))
			}
			return w.build(ctx, staged)
		},
		Agent: version, Log: p.log,
		Progress: func(now restore.Progress) { p.bar.tell("proving: "+now.Step, now.Done, now.Total, now.Rate, now.Left) },
	})
	return names, err
}

// start starts the server, asks it about each database, and stops it.
func (p *proof) start(ctx context.Context, databases []string) ([]string, error) {
	p.show("starting a throw-away server", 0, 0)
	// Without the launcher, so that the server is our own child and ends with us however we end.
	if err := inTurn(ctx, p.scratch.setPassword, p.scratch.findLine); err != nil {
		return nil, err
	}
	stop, err := p.server.start(ctx, p.scratch)
	defer stop()
	if err != nil {
		return nil, err
	}
	var words []string
	for _, database := range databases {
		if err := p.server.opens(ctx, database, p.scratch.neo4j.intent.Config.DefaultDatabase()); err != nil {
			return nil, err
		}
		said, err := p.compare(ctx, database)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", database, err)
		}
		words = append(words, database+": "+said)
	}
	return words, nil
}

// compare tells how a restored database compares with the source.
func (p *proof) compare(ctx context.Context, database string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, askedFor)
	defer cancel()
	source := p.tool.seen[database]
	has, err := p.server.witness.counts(ctx, database)
	if err != nil {
		return "", err
	}
	last, err := p.server.witness.transactions(ctx, database)
	// Later generations may write something of their own when they start.
	if exact := p.neo4j.dialect.SystemDatabase() == ""; err == nil && exact && source.trouble == nil && source.blind == nil && last.greatest > source.after.greatest {
		return "", fmt.Errorf("%w: its last transaction is %d, the source has none after %d", backup.ErrUnproven, last.greatest, source.after.greatest)
	}
	return verdict(source, last, err == nil, has)
}

// verdict compares what the source said with what was restored, whose last transaction is perhaps not known. An error
// wraps backup.ErrUnproven.
func verdict(source testimony, last span, known bool, has counts) (string, error) {
	reached := fmt.Sprintf("last transaction %d, the source had %d when the backup began", last.greatest, source.before.least)
	switch {
	case !known:
		reached = "the last transaction cannot be asked of the restored server"
	case source.blind != nil:
		reached = fmt.Sprintf("last transaction %d, that of the source is not known: %v", last.greatest, source.blind)
	case last.greatest < source.before.least:
		return "", fmt.Errorf("%w: its last transaction is %d, the source had %d when the backup began",
			backup.ErrUnproven, last.greatest, source.before.least)
	}
	switch {
	case source.counts == nil:
		return fmt.Sprintf("%s; %s; not compared with the source: %v", reached, has.orNothing(), cmp.Or(source.trouble, source.blind)), nil
	case !source.quiet():
		return fmt.Sprintf("%s; %s: it then had %s, restored are %s", reached, source.meanwhile(), source.counts.orNothing(), has.orNothing()), nil
	case !maps.Equal(has, source.counts):
		return "", fmt.Errorf("%w: it has %s, the source has %s, and nothing was written meanwhile",
			backup.ErrUnproven, has.orNothing(), source.counts.orNothing())
	}
	return fmt.Sprintf("%s, and as many of each label and type as there: %s", reached, has.orNothing()), nil
}

// orNothing are the counts in words.
func (c counts) orNothing() string {
	if len(c) == 0 {
		return "nothing"
	}
	return c.String()
}
