package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/term"

	"neo4j-agent/agent/backup"
	"neo4j-agent/agent/settings"
)

type backupCommand struct {
	Database []string      `placeholder:"NAME" help:"Databases to back up, separated by commas. All of them where none is named."`
	Full     bool          `help:"Take a full backup even where the last one could be gone on from."`
	Wait     time.Duration `placeholder:"DURATION" help:"How long to wait for another backup that is running. Without it the second one leaves at once, with exit code 75."`
	From     string        `placeholder:"SOURCE" help:"What to back up, over BACKUP_FROM: this_instance, discovery or an address."`
	Verify   string        `enum:"check,restore" default:"check" help:"How to verify: 'check' runs the consistency check; 'restore' also fetches what was uploaded and starts a throw-away server on it."`
}

// Run takes one backup. The last line on standard output is the result.
func (c backupCommand) Run(out output) error {
	started := time.Now()
	loaded, notes, err := loadSettings(nil, false)
	if err != nil {
		return err
	}
	if c.From != "" {
		loaded.BackupFrom = c.From
	}
	outliveReaders()
	hideMemory()
	log, flush := newLog(loaded, "backup")
	defer flush()
	for _, note := range notes {
		log.Warn().Msg(note)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	p := &preparation{settings: loaded, folders: layoutOf(loaded), log: log, out: out, dry: true}
	job := &backupJob{preparation: p, backupCommand: c, begun: started}
	result, err := job.run(ctx)
	if result.Outcome == "" {
		result = backup.NotRun(loaded.ClusterName, started, err)
	}
	return errors.Join(said(log, backupErrors(ctx, err)), c.print(out, result))
}

// print writes the result, and before it a line that makes CloudWatch keep metrics; people get a sentence.
func (c backupCommand) print(out output, result backup.Result) error {
	if term.IsTerminal(int(os.Stdout.Fd())) {
		if result.Outcome != backup.Done {
			return nil
		}
		_, err := fmt.Fprintf(out, "%s: %s, %s, %s; verified: %s\n", result.Backup, result.Type,
			bytesText(float64(result.Bytes)), time.Duration(result.Seconds*float64(time.Second)).Round(time.Second), result.Verified)
		return err
	}
	metrics, err := result.Metrics()
	if err != nil {
		return err
	}
	last, err := result.JSON()
	if err != nil {
		return err
	}
	for _, line := range [][]byte{metrics, last} {
		if len(line) == 0 {
			continue
		}
		if _, err := out.Write(append(line, '\n')); err != nil {
			return err
		}
	}
	return nil
}

// workFolder is the part of BACKUP_DIR that is ours (see the package backup).
func workFolder(s *settings.Settings) string { return filepath.Join(s.BackupDir, "neo4j-agent-backup") }

// dropRootToBackUp becomes the neo4j user, who must be the one to run Neo4j's tools, after it has got the work folder.
func dropRootToBackUp(s *settings.Settings) error {
	who, known := neo4jIdentity()
	if os.Getuid() != 0 || !known {
		return nil
	}
	folder := workFolder(s)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	return errors.Join(giveTo(who, []string{folder}), become(who))
}
