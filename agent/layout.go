package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"neo4j-agent/agent/settings"
)

// layout is where things are on disk.
type layout struct {
	home    string   // NEO4J_HOME
	data    string   // Neo4j's data directory
	state   string   // our own folder on the volume
	run     string   // AGENT_RUN_DIR
	folders []string // created where they are missing, parents first
	trees   []string // must be writable for the neo4j user
}

// stateFolder is our folder below the data root (contract.md, Files).
const stateFolder = ".neo4j-agent"

// layoutOf follows the system replaced where there is a data root, and Neo4j's home (in the official image links to
// /data and /logs) where there is none.
func layoutOf(s *settings.Settings) layout {
	l := layout{home: s.Home, run: s.RunDir}
	if len(s.Plugins) > 0 { // only then they are written
		l.trees = []string{"/plugins", filepath.Join(l.home, "plugins")}
	}
	root := s.DataRoot
	if root == "" {
		l.data = filepath.Join(l.home, "data")
		l.state = filepath.Join(l.data, stateFolder)
		l.folders = []string{l.state}
		l.trees = append(l.trees, l.data, filepath.Join(l.home, "logs"), filepath.Join(l.home, "conf"), "/metrics")
		return l
	}
	l.data = filepath.Join(root, "data")
	l.state = filepath.Join(root, stateFolder)
	l.folders = []string{
		root, l.data, filepath.Join(l.data, "dbms"), filepath.Join(l.data, "databases"), filepath.Join(l.data, "transactions"),
		filepath.Join(root, "logs"), filepath.Join(root, "metrics"), l.state,
	}
	l.trees = append(l.trees, root, filepath.Join(l.home, "conf"))
	return l
}

// missing are the folders that create would make.
func (l layout) missing() []string {
	var missing []string
	for _, path := range l.folders {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			missing = append(missing, path)
		}
	}
	return missing
}

// create makes the folders that are missing.
func (l layout) create() error {
	for _, path := range l.folders {
		if err := os.MkdirAll(path, 0o755); err != nil {
			return cannotCreate(path, err)
		}
	}
	return nil
}

func cannotCreate(path string, err error) error {
	return fmt.Errorf("cannot create %s: %v; mount a volume there that user %d can write", path, errors.Unwrap(err), os.Getuid())
}

// giveTo makes what is at the paths belong to the neo4j user where it could not write all of it, links followed once.
func giveTo(who identity, paths []string) error {
	for _, path := range paths {
		real, err := filepath.EvalSymlinks(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("cannot follow %s: %v", path, err)
		}
		if err := give(real, who); err != nil {
			return err
		}
	}
	return nil
}

// runFolder creates the run directory, or gives another one on the volume where it cannot be created: /run belongs to
// root, and the container may have been started as another user or with a read-only root.
func (l layout) runFolder() (string, error) {
	wanted := os.MkdirAll(l.run, 0o755)
	if wanted == nil && writable(l.run) {
		return l.run, nil
	}
	other := filepath.Join(l.state, "run")
	if err := os.MkdirAll(other, 0o755); err != nil {
		return "", fmt.Errorf("cannot create a run directory: neither %s (%v) nor %s (%v)", l.run, wanted, other, err)
	}
	return other, nil
}

// writable tells whether a file can be made in dir. A full disk counts as writable: state files are for observation.
func writable(dir string) bool {
	file, err := os.CreateTemp(dir, "probe.*")
	if err == nil {
		_ = file.Close()
		_ = os.Remove(file.Name())
	}
	return !errors.Is(err, fs.ErrPermission) && !errors.Is(err, syscall.EROFS)
}
