package neo4jconf

import "fmt"

// column heads the cells of a range of versions: from this version up to the next column's.
type column struct{ major, minor int }

var (
	v35   = column{3, 5}
	v40   = column{4, 0}
	v41   = column{4, 1}
	v42   = column{4, 2}
	v43   = column{4, 3}
	v44   = column{4, 4}
	v50   = column{5, 0}
	v57   = column{5, 7}
	v510  = column{5, 10}
	v523  = column{5, 23}
	v526  = column{5, 26} // the last of 5
	v2025 = column{2025, 1}
	v2608 = column{2026, 8} // the newest that the tables were compared with
)

// supported lists versions with all differences that the tables know: the first of each column, and the newest.
var supported = []column{v35, v40, v41, v42, v43, v44, v50, v57, v510, v523, v526, v2025, v2608}

// cells of one row, one for each column of its table. Empty: does not exist there.
type cells []string

// head is the first line of a table.
type head []column

// in picks the cell of the version's column.
func (h head) in(v Version, row cells) string {
	cell := ""
	for i, from := range h {
		if v.since(from) {
			cell = row[i]
		}
	}
	return cell
}

// since tells whether a version is this one or a later one.
func (v Version) since(from column) bool {
	return v.Major > from.major || v.Major == from.major && v.Minor >= from.minor
}

// Dialect is how one version and edition of Neo4j wants to be spoken to. Make it with For.
type Dialect struct {
	Version Version
	Edition Edition
}

// For returns the dialect of a version. A version newer than the tables gets the newest one, see Beyond. It fails for
// versions that cannot work: older than 3.5, and ones that were never made. 4.4 was the last of 4; calendar versions
// followed 5 (manual, "Introduction").
func For(v Version, e Edition) (Dialect, error) {
	switch {
	case !v.since(v35):
		return Dialect{}, fmt.Errorf("cannot run Neo4j %v: it is older than 3.5", v)
	case v.Major == 3 && v.Minor > 5, v.Major == 4 && v.Minor > 4, v.Major > 5 && !v.since(v2025):
		return Dialect{}, fmt.Errorf("cannot run Neo4j %v: there is no such version; supported are 3.5, 4.0 to 4.4, 5 and 2025.01 onwards", v)
	case e != Community && e != Enterprise:
		return Dialect{}, fmt.Errorf("cannot run Neo4j %v: unknown edition %q", v, e)
	}
	return Dialect{Version: v, Edition: e}, nil
}

// Beyond returns the newest version that is known of a version's line when this one is newer, and false when it is not.
func (d Dialect) Beyond() (Version, bool) {
	newest := v2608
	if d.Version.Major == v526.major {
		newest = v526
	}
	beyond := d.Version.Major >= v526.major && d.Version.since(column{newest.major, newest.minor + 1})
	return Version{Major: newest.major, Minor: newest.minor}, beyond
}

// strict tells whether Neo4j refuses to start with a setting that it does not know (manual, "The neo4j.conf file").
func (d Dialect) strict() bool { return d.Version.since(v50) }
