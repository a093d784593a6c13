package logship

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// checkpoint is how far one log has arrived, in a file of its own. A path of "" keeps nothing.
type checkpoint struct{ path string }

type checkpointFile struct {
	Version int    `json:"version"`
	Files   []mark `json:"files"`
}

const checkpointVersion = 1

// load gives the marks; none when nothing was saved yet.
func (c checkpoint) load() ([]mark, error) {
	if c.path == "" {
		return nil, nil
	}
	text, err := os.ReadFile(c.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read how far a log was sent: %v", err)
	}
	var saved checkpointFile
	if err := json.Unmarshal(text, &saved); err != nil || saved.Version != checkpointVersion {
		return nil, fmt.Errorf("cannot understand %s, version %d: %v", c.path, saved.Version, err)
	}
	return saved.Files, nil
}

// save replaces the checkpoint so that after a crash of the machine there is the old or the new one: write, fsync, rename,
// fsync the directory.
func (c checkpoint) save(marks []mark) error {
	if c.path == "" {
		return nil
	}
	text, err := json.Marshal(checkpointFile{checkpointVersion, marks})
	if err == nil {
		err = replaceFile(c.path, text)
	}
	if err != nil {
		return fmt.Errorf("cannot save how far a log was sent: %v", err)
	}
	return nil
}

func replaceFile(path string, text []byte) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	file, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o640)
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	err = errors.Join(err, file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		return err
	}
	folder, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
