package restore

// Marked tells whether a volume has any word of a restore, done or broken off, or of a running cluster that it joined.
func Marked(folder string) (bool, error) {
	known, err := readMarkers(folder)
	return len(known.done)+len(known.unfinished) > 0, err
}

// Empty tells whether there is no store at or below the paths: what Neo4j makes before it has one does not count.
func Empty(paths []string) (bool, error) {
	file, err := firstFile(paths)
	return file == "", err
}

// Kept tells whether a volume has data that came from a snapshot or from a cluster, and no restore that was broken off.
func Kept(folder string, paths []string) (bool, error) {
	known, err := readMarkers(folder)
	if err != nil || len(known.done) == 0 || len(known.unfinished) > 0 {
		return false, err
	}
	empty, err := Empty(paths)
	return !empty, err
}
