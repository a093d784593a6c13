package restore

// Half is a restore whose second half, which needs a running server, is not done.
type Half struct {
	Name      string // of the snapshot, as in the marker
	Databases []string
	// Seeds are the URIs from which the servers of the cluster fetch a database; nil where its files are in place.
	Seeds map[string]string
}

// HalfDone are the restores of a volume that a running server has to finish.
func HalfDone(folder string) ([]Half, error) {
	known, err := readMarkers(folder)
	var half []Half
	for _, m := range known.done {
		if m.State == stateFiles {
			half = append(half, Half{m.Name, m.Databases, m.Seeds})
		}
	}
	return half, err
}

// Finish notes that the second half of a restore is done. A second note changes nothing.
func Finish(folder, name string) error {
	known, err := readMarkers(folder)
	if err != nil {
		return err
	}
	for _, m := range known.done {
		if m.Name == name && m.State == stateFiles {
			m.State = stateDone
			return writeMarker(osDisk{}, folder, m, doneSuffix)
		}
	}
	return nil
}
