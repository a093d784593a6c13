package neo4jconf

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

func allPresets() []presets {
	mounts := presets{mountPresets.head, slices.Collect(maps.Values(mountPresets.rows))}
	return []presets{imagePresets, clusterPresets, serverPresets, heapPresets, queryLogPresets, loggingPresets, dataRootPresets, mounts}
}

func TestEveryRowHasACellForEachColumn(t *testing.T) {
	check := func(what string, h head, row cells) {
		if len(row) != len(h) {
			t.Errorf("%s: %d cells for %d columns", what, len(row), len(h))
		}
		if h[0] != supported[0] || !slices.IsSortedFunc(h, func(a, b column) int { return 100*(a.major-b.major) + a.minor - b.minor }) {
			t.Errorf("%s: columns %v do not begin at the oldest version and rise", what, h)
		}
	}
	for s, row := range names {
		if other, ok := discoveryNames[setting(s)]; ok {
			check("names of discovery", discoveryColumns, other)
			row = other
		} else {
			check("names", nameColumns, row)
		}
		if strings.Join(row, "") == "" {
			t.Errorf("setting %d has no name in any version", s)
		}
	}
	for _, table := range allPresets() {
		for _, row := range table.rows {
			check(fmt.Sprint("setting ", row.setting), table.head, row.values)
		}
	}
	for _, f := range []fact{addsArguments, httpsDefault, boltDefault, databaseName, boundFile, selectsDatabase, debugLayout, fileInUTF8, endpoints, overview, passwordRounds, usersFile} {
		check(strings.Join(f.cells, "|"), f.head, f.cells)
	}
}

// A value without a name would be written as "=value".
func TestNoPresetHasAValueWhereItsSettingHasNoName(t *testing.T) {
	for _, v := range supported {
		d := Dialect{Version: Version{Major: v.major, Minor: v.minor}}
		for _, table := range allPresets() {
			for _, row := range table.rows {
				if d.name(row.setting) == "" && table.head.in(d.Version, row.values) != "" {
					t.Errorf("%v: %q has no setting", v, row.values)
				}
			}
		}
	}
}

func TestNoTwoSettingsShareAName(t *testing.T) {
	for _, v := range supported {
		d := Dialect{Version: Version{Major: v.major, Minor: v.minor}}
		seen := map[string]bool{}
		for s := range settings {
			name := d.name(s)
			if name != "" && seen[name] {
				t.Errorf("%v: %s is there twice", v, name)
			}
			seen[name] = true
		}
	}
}
