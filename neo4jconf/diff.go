package neo4jconf

import (
	"fmt"
	"maps"
	"slices"
)

// Change is one setting that differs between a file and a configuration. Values of secrets are masked.
type Change struct {
	Name           string
	Old, New       string
	Added, Removed bool   // not in the file, not in the configuration
	Source         Source // of New
	From           string
}

// Diff returns what writing this configuration would change in a neo4j.conf, sorted by name. It fails when the file
// cannot be read as Neo4j reads it.
func (c Config) Diff(old []byte) ([]Change, error) {
	lines, err := readProperties(old)
	if err != nil {
		return nil, fmt.Errorf("cannot compare with neo4j.conf: %v", err)
	}
	before := newLayers(c.dialect)
	for _, l := range lines {
		before.putLine(c.dialect.reads(l))
	}
	file := Config{settings: before.sorted()}
	last := map[string]Setting{}
	for _, s := range slices.Concat(file.settings, c.settings) {
		last[s.Name] = s
	}
	var changes []Change
	for _, name := range slices.Sorted(maps.Keys(last)) {
		was, had := file.Get(name)
		is, has := c.Get(name)
		if had == has && was == is {
			continue
		}
		change := Change{Name: name, Old: was, New: is, Added: !had, Removed: !has}
		if has {
			change.Source, change.From = last[name].Source, last[name].From
		}
		change.mask()
		changes = append(changes, change)
	}
	return changes, nil
}

func (c *Change) mask() {
	if !isSecret(c.Name, c.Old) && !isSecret(c.Name, c.New) {
		return
	}
	if !c.Added {
		c.Old = masked
	}
	if !c.Removed {
		c.New = masked
	}
}
