package restore

import (
	"cmp"
	"slices"
	"strings"
)

// notInstead refuses to go on from a restore that was broken off with a snapshot that was restored before: the broken one
// was wanted later, and its data would be older.
func (r *run) notInstead(known markers) error {
	if r.Overwrite || len(known.unfinished) == 0 || !known.isDone(r.source.name) {
		return nil
	}
	if slices.ContainsFunc(known.unfinished, func(m marker) bool { return m.Name == r.source.name }) {
		return nil
	}
	return refused("restore %s: the restore of %s was broken off, and %s is older: it was restored before; run `neo4j-agent restore %s --overwrite` to go on, or with what SNAPSHOT_PATH says to go back",
		r.Snapshot, known.unfinished[0].Name, r.source.name, cmp.Or(known.unfinished[0].Spec, known.unfinished[0].Name))
}

// notBeside refuses to replace, after a restore that was broken off, a store that that one did not touch.
func (r *run) notBeside(known markers) error {
	if r.Overwrite || r.EachNew || len(known.unfinished) == 0 {
		return nil
	}
	half := r.halfStores(known)
	for _, path := range r.Store(r.databases()) {
		if slices.ContainsFunc(half, func(one string) bool { return path == one || strings.HasPrefix(path, one+"/") }) {
			continue
		}
		file, err := firstFile([]string{path})
		if err != nil {
			return err
		}
		if file != "" {
			return refused("restore %s: the restore of %s was broken off, and did not touch %s, which has data; run `neo4j-agent restore %s --overwrite` to go on, or with what SNAPSHOT_PATH says to replace it",
				r.Snapshot, known.unfinished[0].Name, path, cmp.Or(known.unfinished[0].Spec, known.unfinished[0].Name))
		}
	}
	return nil
}
