package backup

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"neo4j-agent/agent/snapshot"
)

// workspace is our part of BACKUP_DIR for one cluster. On a volume that is kept, the next backup goes on from what is
// here; nothing else depends on it. Each database has its own folder, with what the tool left in files and what is
// known of that in state.json.
type workspace struct{ dir string }

func openWorkspace(backupDir, cluster string) (workspace, error) {
	w := workspace{filepath.Join(backupDir, "neo4j-agent-backup", cluster)}
	if err := os.MkdirAll(w.dir, 0o700); err != nil {
		return w, fmt.Errorf("cannot make the backup folder: %w", err)
	}
	return w, nil
}

func (w workspace) lockFile() string { return filepath.Join(w.dir, "lock") }

// name tells this folder from that of any other machine or container: a random part, which lasts as long as the
// folder, and the host's name, as disks are cloned. The caller has the lock.
func (w workspace) name() (string, error) {
	path := filepath.Join(w.dir, "name")
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(text) == 0 {
		text = []byte(rand.Text())
		err = os.WriteFile(path, text, 0o600)
	}
	if err != nil {
		return "", fmt.Errorf("cannot name the backup folder: %w", err)
	}
	host, err := os.Hostname()
	if err != nil {
		return "", fmt.Errorf("cannot name the backup folder: %w", err)
	}
	return host + "/" + string(text), nil
}

func (w workspace) database(name string) database {
	dir := filepath.Join(w.dir, "databases", name)
	return database{name: name, files: filepath.Join(dir, "files"), stateFile: filepath.Join(dir, "state.json")}
}

// database is the folder of one database.
type database struct {
	name, files, stateFile string
}

// condition is what the last run left.
type condition string

// The conditions. A run that died leaves taking.
const (
	taking       condition = "taking"
	taken        condition = "taken"
	inconsistent condition = "inconsistent"
)

// state is what is known of the files. The zero value is that there are none.
type state struct {
	Condition condition `json:"condition"`
	Neo4j     string    `json:"neo4j"`
	Time      time.Time `json:"time"`
	// Transaction is the last one that the source had then, 0 where it is not known.
	Transaction int64 `json:"transaction,omitempty"`
	artifacts   int
}

// longestChain is how many artifacts make a backup of 5 and later before a full one is taken again. Each backup in S3
// holds its whole chain, so that it depends on no other one, and a restore applies it piece by piece: a day of hourly ones.
const longestChain = 24

// fullBecause says why a full backup must be taken, and nothing when a differential one can be.
func fullBecause(last state, asked bool, neo4j string) string {
	switch {
	case asked:
		return "a full one was asked for"
	case last.Condition == "":
		return "the backup folder is empty"
	case last.Condition == taking:
		return "the last one was not finished"
	case last.Condition == inconsistent:
		return "the last one did not pass its check"
	case last.Condition != taken:
		return "the state of the last one is not known"
	case last.Neo4j != neo4j:
		return fmt.Sprintf("the last one was taken with Neo4j %s", last.Neo4j)
	case last.artifacts >= longestChain:
		return fmt.Sprintf("the last full one has %d after it", last.artifacts-1)
	}
	return ""
}

// state reads what is known. A state without files, or the other way round, counts as unfinished.
func (d database) state() state {
	text, err := os.ReadFile(d.stateFile)
	entries, _ := os.ReadDir(d.files)
	if errors.Is(err, fs.ErrNotExist) && len(entries) == 0 {
		return state{}
	}
	var s state
	if err != nil || json.Unmarshal(text, &s) != nil || len(entries) == 0 {
		return state{Condition: taking}
	}
	for _, entry := range entries {
		if isArtifact(entry.Name()) {
			s.artifacts++
		}
	}
	return s
}

// note writes what is known. No fsync: what a power cut loses makes the next backup a full one, or fails its check.
func (d database) note(s state) error {
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	if s.Condition == inconsistent { // should it not be noted, for want of space, then nothing is known
		_ = os.Remove(d.stateFile)
	}
	temporary := d.stateFile + ".new"
	if err := os.WriteFile(temporary, text, 0o600); err != nil {
		return fmt.Errorf("cannot note the state of the backup folder: %w", err)
	}
	if err := os.Rename(temporary, d.stateFile); err != nil {
		return fmt.Errorf("cannot note the state of the backup folder: %w", err)
	}
	return nil
}

// empty makes room for a full backup.
func (d database) empty() error {
	if err := os.RemoveAll(d.files); err != nil {
		return fmt.Errorf("cannot empty the backup folder: %w", err)
	}
	if err := os.MkdirAll(d.files, 0o700); err != nil {
		return fmt.Errorf("cannot make the backup folder: %w", err)
	}
	return nil
}

// left is what the tool left: the folder of a store (3.5 and 4.x), or artifacts (5 and later), oldest first.
type left struct {
	form  snapshot.Form
	paths []string
}

// left finds it. Where the newest is a full one, all else is removed: what that does not go on from.
func (d database) left(full bool) (left, error) {
	entries, err := os.ReadDir(d.files) // sorted, and the time is in the artifacts' names
	if err != nil {
		return left{}, fmt.Errorf("cannot read what the tool left: %w", err)
	}
	var found left
	for _, entry := range entries {
		path := filepath.Join(d.files, entry.Name())
		if entry.IsDir() && entry.Name() == d.name {
			found = left{snapshot.Store, []string{path}}
			break
		}
		if entry.Type().IsRegular() && isArtifact(entry.Name()) {
			found.form, found.paths = snapshot.Artifact, append(found.paths, path)
		}
	}
	if len(found.paths) == 0 {
		return left{}, fmt.Errorf("cannot find what the tool left in %s: it has neither a folder %s nor artifacts", d.files, d.name)
	}
	if !full {
		return found, nil
	}
	found.paths = found.paths[len(found.paths)-1:]
	for _, entry := range entries {
		if path := filepath.Join(d.files, entry.Name()); path != found.paths[0] {
			if err := os.RemoveAll(path); err != nil {
				return left{}, fmt.Errorf("cannot remove an older backup: %w", err)
			}
		}
	}
	return found, nil
}

func isArtifact(name string) bool { return strings.HasSuffix(name, ".backup") }
