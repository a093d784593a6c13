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
