package restore

import (
	"maps"
	"path/filepath"
	"slices"
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
	newer := map[string]bool{} // databases that were restored again since: what was left for them is not wanted any more
	for _, m := range slices.Backward(known.done) {
		left := slices.DeleteFunc(slices.Clone(m.Databases), func(name string) bool { return newer[name] })
		if m.State == stateFiles && len(left) > 0 {
			half = append(half, Half{m.Name, filepath.Join(folder, m.Name+doneSuffix), left, m.Seeds, m.Before})
		}
		for _, name := range m.Databases {
			newer[name] = true
		}
	}
	slices.Reverse(half)
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
