package localcluster

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// homeFolders are a member's own folders in its NEO4J_HOME, beside conf. Neo4j makes certificates and run itself.
var homeFolders = []string{"data", "import", "logs", "plugins"}

// NewHome makes dir a NEO4J_HOME: bin and lib are links to the shared ones, the rest is its own. What is there already
// stays as it is, so a kept home can be used again.
func (p *Parts) NewHome(dir string) error {
	for _, folder := range append([]string{"conf"}, homeFolders...) {
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o755); err != nil {
			return fmt.Errorf("cannot make a Neo4j home: %v", err)
		}
	}
	for _, shared := range []string{"bin", "lib"} {
		link := filepath.Join(dir, shared)
		if err := os.Remove(link); err != nil && !os.IsNotExist(err) {
			return fmt.Errorf("cannot make a Neo4j home: %v", err)
		}
		if err := os.Symlink(filepath.Join(p.neo4j, shared), link); err != nil {
			return fmt.Errorf("cannot make a Neo4j home: %v", err)
		}
	}
	return copyMissing(filepath.Join(p.neo4j, "conf"), filepath.Join(dir, "conf"))
}

// copyMissing copies the files of one folder that the other does not have.
func copyMissing(from, to string) error {
	entries, err := os.ReadDir(from)
	if err != nil {
		return fmt.Errorf("cannot read the default configuration: %v", err)
	}
	for _, entry := range entries {
		text, err := os.ReadFile(filepath.Join(from, entry.Name()))
		if err != nil {
			return fmt.Errorf("cannot read the default configuration: %v", err)
		}
		err = writeNew(filepath.Join(to, entry.Name()), text)
		if err != nil && !os.IsExist(err) {
			return fmt.Errorf("cannot write the default configuration: %v", err)
		}
	}
	return nil
}

// writeNew writes a file that must not exist yet; else the error is fs.ErrExist's.
func writeNew(path string, text []byte) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fs.FileMode(0o644))
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	if closed := file.Close(); err == nil {
		err = closed
	}
	return err
}
