package neo4jconf

import (
	"fmt"
	"slices"
)

// column heads the cells of a range of versions: from this version up to the next column's.
type column struct{ major, minor int }

var (
	v35 = column{3, 5}
	v40 = column{4, 0}
	v41 = column{4, 1}
	v42 = column{4, 2}
	v43 = column{4, 3}
	v44 = column{4, 4}
)

// supported lists the minor versions that the tables below cover.
var supported = []column{v35, v40, v41, v42, v43, v44}

// cells of one row, one for each column of its table. Empty: does not exist there.
type cells []string

// head is the first line of a table.
type head []column

// in picks the cell of the version's column.
func (h head) in(v Version, row cells) string {
	cell := ""
	for i, from := range h {
		if v.Major > from.major || v.Major == from.major && v.Minor >= from.minor {
			cell = row[i]
		}
	}
	return cell
}

// Dialect is how one version and edition of Neo4j wants to be spoken to. Make it with For.
type Dialect struct {
	Version Version
	Edition Edition
}

// For returns the dialect of a version. It fails for versions that the tables do not cover.
func For(v Version, e Edition) (Dialect, error) {
	if !slices.Contains(supported, column{v.Major, v.Minor}) {
		return Dialect{}, fmt.Errorf("cannot run Neo4j %v: supported are 3.5 and 4.0 to 4.4", v)
	}
	if e != Community && e != Enterprise {
		return Dialect{}, fmt.Errorf("cannot run Neo4j %v: unknown edition %q", v, e)
	}
	return Dialect{Version: v, Edition: e}, nil
}
