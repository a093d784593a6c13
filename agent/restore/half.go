package restore

import (
	"maps"
	"path/filepath"
)

// Half is a restore whose second half, which needs a running server, is not done.
type Half struct {
	Name      string // of the snapshot, as in the marker
	Marker    string // its file
	Databases []string
	// Seeds are the URIs from which the servers of the cluster fetch a database; nil where its files are in place.
	Seeds map[string]string
	// Before are the ids that the databases to be seeded had before, as far as they were noted.
	Before map[string]string
}

// HalfDone are the restores of a volume that a running server has to finish.
func HalfDone(folder string) ([]Half, error) {
	known, err := readMarkers(folder)
	var half []Half
	for _, m := range known.done {
		if m.State == stateFiles {
			half = append(half, Half{m.Name, filepath.Join(folder, m.Name+doneSuffix), m.Databases, m.Seeds, m.Before})
		}
	}
	return half, err
}

// Finish notes that the second half of a restore is done. A second note changes nothing.
func Finish(folder, name string) error {
	return amend(folder, name, func(m *marker) { m.State = stateDone })
}

// NoteBefore notes which database there is before it is seeded, by its id, so that what a seed made can be told from it.
func NoteBefore(folder, name, database, id string) error {
	return amend(folder, name, func(m *marker) {
		before := map[string]string{database: id}
		maps.Copy(before, m.Before)
		m.Before = before
	})
}

// amend changes the marker of a restore whose second half is not done.
func amend(folder, name string, change func(*marker)) error {
	known, err := readMarkers(folder)
	if err != nil {
		return err
	}
	for _, m := range known.done {
		if m.Name == name && m.State == stateFiles {
			change(&m)
			return writeMarker(osDisk{}, folder, m, doneSuffix)
		}
	}
	return nil
}
