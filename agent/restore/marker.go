package restore

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// How the files of the markers end (contract.md, Files). The first is the one of the system replaced, where it is empty.
const (
	doneSuffix      = ".done"
	restoringSuffix = ".restoring"
)

// States of a marker.
const (
	stateRestoring = "restoring"
	stateFiles     = "files-restored" // a running server has to do the rest
	stateDone      = "restored"
	stateJoined    = "joined" // no snapshot: the member copied the store of a running cluster
)

// marker is the text of a marker file.
type marker struct {
	Name      string    `json:"name"`
	Source    string    `json:"source"`
	Checksum  string    `json:"checksum,omitempty"`
	Databases []string  `json:"databases"`
	Time      time.Time `json:"time"`
	Agent     string    `json:"agent"`
	State     string    `json:"state"`
	Spec      string    `json:"asked"`           // what SNAPSHOT_PATH said
	Store     []string  `json:"store,omitempty"` // what it replaces
	// Seeds are where the servers of a running cluster fetch a database's backup.
	Seeds map[string]string `json:"seeds,omitempty"`
	// Before are the ids of those databases that were there before.
	Before map[string]string `json:"before,omitempty"`
}

// markers are those of a volume.
type markers struct {
	done       []marker // oldest first
	unfinished []marker
}

func (m markers) isDone(name string) bool {
	return slices.ContainsFunc(m.done, func(d marker) bool { return d.Name == name })
}

// readMarkers reads the folder. A marker counts whatever is in it: the old ones are empty, and one that cannot be read
// must not lead to a second restore.
func readMarkers(folder string) (markers, error) {
	var found markers
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return found, nil
	}
	if err != nil {
		return found, onDisk("read the markers", err)
	}
	for _, entry := range entries {
		if name, ok := strings.CutSuffix(entry.Name(), doneSuffix); ok {
			found.done = append(found.done, readMarker(folder, entry, name))
		} else if name, ok := strings.CutSuffix(entry.Name(), restoringSuffix); ok {
			found.unfinished = append(found.unfinished, readMarker(folder, entry, name))
		}
	}
	slices.SortStableFunc(found.done, func(a, b marker) int { return a.Time.Compare(b.Time) })
	return found, nil
}

func readMarker(folder string, entry fs.DirEntry, name string) marker {
	var m marker
	text, err := os.ReadFile(filepath.Join(folder, entry.Name()))
	if err != nil || json.Unmarshal(text, &m) != nil {
		m = marker{State: stateDone}
		if info, err := entry.Info(); err == nil {
			m.Time = info.ModTime()
		}
	}
	m.Name = name
	return m
}

// begin records that a restore is under way, on the disk when it returns. Records of broken ones are replaced by it.
func begin(d disk, folder string, record marker, broken []marker) error {
	if err := writeRecord(d, folder, record, restoringSuffix); err != nil {
		return err
	}
	for _, old := range broken {
		if old.Name == record.Name {
			continue
		}
		if err := d.removeAll(filepath.Join(folder, old.Name+restoringSuffix)); err != nil {
			return onDisk("replace the record of "+old.Name, err)
		}
	}
	return nil
}

// writeRecord writes a marker into a folder that may not be there yet.
func writeRecord(d disk, folder string, m marker, suffix string) error {
	err := d.mkdirAll(folder)
	if err == nil {
		err = d.syncDir(filepath.Dir(folder))
	}
	if err != nil {
		return onDisk("record the restore", err)
	}
	return writeMarker(d, folder, m, suffix)
}

// finish makes the record the marker, with one rename: there is no instant with both or neither.
func finish(d disk, folder string, record marker) error {
	if err := writeMarker(d, folder, record, restoringSuffix); err != nil {
		return err
	}
	path := filepath.Join(folder, record.Name)
	err := d.rename(path+restoringSuffix, path+doneSuffix)
	if err == nil {
		err = d.syncDir(folder)
	}
	return onDisk("mark the restore as done", err)
}

// writeMarker writes, fsyncs, renames, and fsyncs the folder.
func writeMarker(d disk, folder string, m marker, suffix string) error {
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	temporary := filepath.Join(folder, "."+m.Name+suffix+".new")
	err = errors.Join(d.removeAll(temporary), writeFile(d, temporary, append(text, '\n')))
	if err == nil {
		err = d.rename(temporary, filepath.Join(folder, m.Name+suffix))
	}
	if err == nil {
		err = d.syncDir(folder)
	}
	return onDisk("write the marker of "+m.Name, err)
}

func writeFile(d disk, path string, text []byte) error {
	file, err := d.create(path)
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}
