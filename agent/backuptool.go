package main

import (
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"neo4j-agent/agent/backup"
	"neo4j-agent/neo4jconf"
)

// backupTool is neo4j-admin for the package backup.
type backupTool struct {
	*backupJob
	admin adminTool
	seen  map[string]testimony // by database; only for a proof
	// checked is what the tool's own check came to in the run that took a database, where it does that.
	checked map[string]error
}

// backup is the job that takes a database from a source.
func (t *backupTool) backup(source, database, dir string) neo4jconf.Backup {
	return neo4jconf.Backup{
		Dir: dir, Databases: []string{database}, From: source, Clustered: t.clusterSpeaks(source),
		PageCache: t.settings.PageCache, Scratch: t.place("scratch"),
		Check: t.neo4j.dialect.ChecksWhatItTakes(), ReportDir: t.place("report"),
	}
}

// place is one of the tool's own folders.
func (t *backupTool) place(name string) string { return filepath.Join(t.folder, name) }

// emptied makes folders of the tool anew.
func (t *backupTool) emptied(names ...string) error {
	for _, name := range names {
		if err := os.RemoveAll(t.place(name)); err != nil {
			return fmt.Errorf("cannot empty the tool's folder: %w", err)
		}
		if err := os.MkdirAll(t.place(name), 0o700); err != nil {
			return fmt.Errorf("cannot make the tool's folder: %w", err)
		}
	}
	return nil
}

// Backup takes one database, and for a proof asks the source before and after what it has.
func (t *backupTool) Backup(ctx context.Context, source, database, dir string, full bool) (bool, error) {
	var said testimony
	if t.Verify == "restore" {
		said = t.askBefore(ctx, source, database)
	}
	isFull, err := t.take(ctx, t.backup(source, database, dir), full)
	if err == nil && t.Verify == "restore" {
		t.seen[database] = t.askAfter(ctx, source, database, said)
	}
	return isFull, err
}

// take runs the job. Where a server alone and a member of a cluster speak different protocols, the other one is tried too:
// what is at an address nobody said.
func (t *backupTool) take(ctx context.Context, job neo4jconf.Backup, full bool) (bool, error) {
	if err := t.emptied("scratch", "report"); err != nil {
		return false, err
	}
	isFull, err := t.runOnce(ctx, job, full)
	if err == nil || ctx.Err() != nil || !t.neo4j.dialect.Protocols() {
		return isFull, err
	}
	job.Clustered = !job.Clustered
	isFull, again := t.runOnce(ctx, job, full)
	if again != nil {
		return false, err // the one that was expected says more
	}
	return isFull, nil
}

func (t *backupTool) runOnce(ctx context.Context, job neo4jconf.Backup, full bool) (bool, error) {
	database := job.Databases[0]
	written := t.neo4j.dialect.Written(job.Dir, database)
	before := matching(written)
	outcome, lines, err := t.heard(ctx, job, job.Dir, "taking "+database)
	if err != nil {
		return false, err
	}
	all := matching(written)
	fresh := slices.DeleteFunc(slices.Clone(all), func(path string) bool { return slices.Contains(before, path) })
	if err := judge(outcome, lines, len(fresh) > 0); err != nil {
		return false, err
	}
	if job.Check {
		t.checked[database] = t.sound(outcome, lines)
	} else if outcome.Verdict != neo4jconf.Done {
		t.log.Warn().Str("database", database).Msg("neo4j-admin: " + outcome.Text)
	}
	if len(fresh) > 0 && fresh[len(fresh)-1] != all[len(all)-1] { // by their times in their names
		return false, fmt.Errorf("%s is not the newest by its name: the clock was set back", path.Base(fresh[len(fresh)-1]))
	}
	if full || len(before) == 0 || t.isFull(job, lines) {
		return true, nil
	}
	return t.inspectsFull(ctx, job.Dir, fresh)
}

// judge tells whether there is a backup: the check comes later, and 5 and later fail also where one was written.
func judge(outcome neo4jconf.Outcome, lines []string, fresh bool) error {
	switch outcome.Verdict {
	case neo4jconf.Done, neo4jconf.Unchecked, neo4jconf.Inconsistent:
		return nil
	case neo4jconf.Doubtful:
		if fresh {
			return nil
		}
	}
	return &adminError{outcome, lines}
}

// isFull tells whether the tool took all, though it could have gone on: by its words, or by what it moved aside.
func (t *backupTool) isFull(job neo4jconf.Backup, lines []string) bool {
	aside := t.neo4j.dialect.MovedAside(job.Dir, job.Databases[0])
	return slices.ContainsFunc(lines, t.neo4j.dialect.TookAll) || aside != "" && len(matching(aside)) > 0
}

// inspectsFull asks the tool about the newest artifact. What cannot be found out is an error: the check may be of another
// chain than the one that a restore would take.
func (t *backupTool) inspectsFull(ctx context.Context, dir string, fresh []string) (bool, error) {
	if len(fresh) == 0 || !t.neo4j.dialect.InspectsBackups() {
		return false, nil
	}
	outcome, lines, err := t.heard(ctx, neo4jconf.Inspect{Dir: dir}, "", "")
	full, known := neo4jconf.Inspected(lines, path.Base(fresh[len(fresh)-1]))
	if err != nil || outcome.Verdict != neo4jconf.Done || !known {
		return false, fmt.Errorf("neo4j-admin does not tell whether the backup is a full one (%v): %s", err, lastWords(lines))
	}
	return full, nil
}

// last is how far a database is at a source, or where members cannot be told apart, at the foremost.
func (t *backupTool) last(ctx context.Context, source, database string) (backup.Position, bool) {
	own, all, err := t.transactions(ctx, source, database)
	return backup.Position{Own: own.greatest, Foremost: all.greatest}, err == nil
}

// uptime is for how long a source has run.
func (t *backupTool) uptime(ctx context.Context, source string) (up time.Duration, err error) {
	err = t.asking(ctx, source, func(ctx context.Context, w witness) (err error) {
		up, err = w.uptime(ctx)
		return err
	})
	return up, err
}

func (t *backupTool) transactions(ctx context.Context, source, database string) (own, all span, err error) {
	err = t.asking(ctx, source, func(ctx context.Context, w witness) (err error) {
		own, all, err = w.transactionsAt(ctx, database, t.members[source].told())
		return err
	})
	return own, all, err
}

// Check looks whether what Backup left is consistent. Before 5 the run that took it has: what was written meanwhile lies
// beside the store as logs, and a check of its own refuses such a backup until a server has started on it (run of
// 3.5.0-beta03).
func (t *backupTool) Check(ctx context.Context, database, path string) error {
	if err, done := t.checked[database]; done {
		return err
	}
	return t.check(ctx, t.admin, neo4jconf.Check{Database: database, Backup: folderOf(path)})
}

// check runs a check and tells a store with faults from one that could not be checked.
func (t *backupTool) check(ctx context.Context, admin adminTool, job neo4jconf.Check) error {
	if err := t.emptied("report", "scratch"); err != nil {
		return err
	}
	job.ReportDir, job.Scratch = t.place("report"), t.place("scratch")
	outcome, tail, err := admin.run(ctx, job)
	if err != nil {
		return err
	}
	return t.sound(outcome, tail)
}

// sound is nil where a check has found nothing. The report tells a store with faults from one that could not be checked.
func (t *backupTool) sound(outcome neo4jconf.Outcome, tail []string) error {
	reports := matching(filepath.Join(t.place("report"), "inconsistencies-*.report"))
	switch {
	case outcome.Verdict == neo4jconf.Done:
		return nil
	case outcome.Verdict == neo4jconf.Inconsistent, outcome.Verdict == neo4jconf.Doubtful && len(reports) > 0:
		return fmt.Errorf("%w, see %s", backup.ErrInconsistent, strings.Join(append(reports, "its log"), ", "))
	}
	return &adminError{outcome, tail}
}

// folderOf is where the backup at a path is looked for: itself, or the folder of an artifact.
func folderOf(path string) string {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return path
	}
	return filepath.Dir(path)
}

// heard runs a job, keeps its lines, and shows how the folder that it writes to grows.
func (t *backupTool) heard(ctx context.Context, job neo4jconf.Job, growing, step string) (neo4jconf.Outcome, []string, error) {
	var lines []string
	admin := t.admin
	admin.lines = func(line string) { lines = append(lines, line) }
	done := make(chan struct{})
	var watching sync.WaitGroup
	if growing != "" {
		watching.Go(func() { t.watch(done, growing, step) })
	}
	outcome, _, err := admin.run(ctx, job)
	close(done)
	watching.Wait()
	return outcome, lines, err
}

// watch shows the size of a folder until done.
func (t *backupTool) watch(done <-chan struct{}, folder, step string) {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-done:
			return
		case <-ticker.C:
			t.show(step, treeSize([]string{folder}), 0)
		}
	}
}

// matching are the paths of a pattern.
func matching(pattern string) []string {
	paths, _ := filepath.Glob(pattern) // fails for a bad pattern only, and ours are constants
	return paths
}

// askBefore asks the source of a backup for what it has, and askAfter once more; what comes between is in the backup
// where nothing was written.
func (t *backupTool) askBefore(ctx context.Context, source, database string) (said testimony) {
	said.before, _, said.blind = t.transactions(ctx, source, database)
	return said
}

func (t *backupTool) askAfter(ctx context.Context, source, database string, said testimony) testimony {
	if database != systemDatabase {
		said.trouble = t.asking(ctx, source, func(ctx context.Context, w witness) (err error) {
			if said.counts, err = w.counts(ctx, database); err == nil {
				said.after, _, err = w.transactionsAt(ctx, database, t.members[source].told())
			}
			return err
		})
	}
	return said
}
