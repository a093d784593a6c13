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

	"github.com/spf13/pflag"
	"golang.org/x/term"

	"neo4j-agent/agent/backup"
	"neo4j-agent/agent/settings"
)

type backupCommand struct {
	Database []string
	Full     bool
	Wait     time.Duration
	From     string
	Verify   string
}

func (c *backupCommand) flags(f *pflag.FlagSet) {
	f.StringSliceVar(&c.Database, "database", nil, "Databases to back up, `NAMES` separated by commas. All of them where none is named.")
	f.BoolVar(&c.Full, "full", false, "Take a full backup even where the last one could be gone on from.")
	f.DurationVar(&c.Wait, "wait", 0, "How long to wait for another backup that is running, a `DURATION` as 10m. Without it the second one leaves at once, with exit code 75.")
	f.StringVar(&c.From, "from", "", "`SOURCE` to back up, over BACKUP_FROM: this_instance, discovery or an address.")
	choiceFlag(f, &c.Verify, "verify", "`HOW` to verify: 'check' runs the consistency check; 'restore' also fetches what was uploaded and starts a throw-away server on it.", "check", "restore")
}

// Run takes one backup. The last line on standard output is the result.
func (c backupCommand) Run(out output) error {
	started := time.Now()
	loaded, notes, err := loadSettings(nil, false) // also with an error it has what was right
	if err != nil {
		result := aged(context.Background(), loaded, backup.NotRun(loaded.ClusterName, started, err))
		return errors.Join(err, c.print(out, result))
	}
	outliveReaders()
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
	if result.Outcome == backup.Failed {
		result = aged(ctx, loaded, result)
	}
	return errors.Join(said(log, backupErrors(ctx, err)), c.print(out, result))
}

// ageLimit bounds the look for the newest backup after a run that failed, perhaps told to stop.
const ageLimit = 10 * time.Second

// aged is a result of a run that failed, with the age of the newest backup where that can be found out: an alarm on it is to
// see an outage, not a gap.
func aged(ctx context.Context, s *settings.Settings, result backup.Result) backup.Result {
	if s.BackupBucket == "" {
		return result
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), ageLimit)
	defer cancel()
	if client, err := s3Client(ctx, s); err == nil {
		_ = result.Age(ctx, client, s.BackupBucket, layoutInBucket(s)) // the run's own error is what counts
	}
	return result
}

// print writes the result, and before it a line that makes CloudWatch keep metrics; people get a sentence.
func (c backupCommand) print(out output, result backup.Result) error {
	if term.IsTerminal(int(os.Stdout.Fd())) {
		if result.Outcome != backup.Done {
			return nil
		}
		kind := result.Type
		if result.Partial {
			kind += ", partial"
		}
		_, err := fmt.Fprintf(out, "%s: %s, %s, %s; verified: %s\n", result.Backup, kind,
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

// makeWorkFolder also makes BACKUP_DIR where that is not there, for others to pass through: who backs up is not root.
func makeWorkFolder(s *settings.Settings) (string, error) {
	folder := workFolder(s)
	return folder, errors.Join(os.MkdirAll(s.BackupDir, 0o755), os.MkdirAll(folder, 0o700))
}

// dropRootToBackUp becomes the neo4j user, who must be the one to run Neo4j's tools, after it has got the work folder.
func dropRootToBackUp(s *settings.Settings) error {
	who, known := neo4jIdentity()
	if os.Getuid() != 0 || !known {
		return nil
	}
	folder, err := makeWorkFolder(s)
	if err != nil {
		return err
	}
	return errors.Join(giveTo(who, []string{folder}), become(who))
}
