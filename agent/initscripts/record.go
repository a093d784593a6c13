package initscripts

import (
	"cmp"
	"slices"
)

// Record is what a volume remembers of its init scripts.
type Record struct {
	Due   bool   `json:"due"`             // the database or cluster was new, and had these files to run
	Acts  bool   `json:"acts"`            // this member runs them
	Actor string `json:"actor,omitempty"` // discovery address of the member that does, "" outside of a cluster and where a person decided
	// Known are the discovery addresses of the members that it was chosen from.
	Known []string `json:"known,omitempty"`
	Files []File   `json:"files"` // by name
}

// File is how far one script is.
type File struct {
	Name    string   `json:"name"`
	Done    int      `json:"done,omitempty"`    // statements that have run
	DoneSum string   `json:"doneSum,omitempty"` // SHA-256 of those, to tell whether they are what the file begins with
	Sum     string   `json:"sha256,omitempty"`  // of the file, once all of it has run
	Refused *Refused `json:"refused,omitempty"` // what the server will not run
}

// Refused is a statement that the server would refuse again.
type Refused struct {
	Line   int    `json:"line"`
	Reason string `json:"reason"`
	Sum    string `json:"sha256"` // of the file then
}

// complete tells whether all of a file has run.
func (f File) complete() bool { return f.Sum != "" }

// Left are the names of the files that are recorded and have not run to their end.
func (r Record) Left() []string {
	var left []string
	for _, file := range r.Files {
		if !file.complete() {
			left = append(left, file.Name)
		}
	}
	return left
}

// Done is how many files have run to their end.
func (r Record) Done() int { return len(r.Files) - len(r.Left()) }

// File is what is recorded of a script, all zero but its name for nothing.
func (r Record) File(name string) File {
	if i := r.index(name); i >= 0 {
		return r.Files[i]
	}
	return File{Name: name}
}

// Begun tells whether any statement has run.
func (r Record) Begun() bool {
	return slices.ContainsFunc(r.Files, func(f File) bool { return f.Done > 0 || f.complete() })
}

// Add records scripts that are to be run, where they are not recorded yet.
func (r *Record) Add(names []string) {
	for _, name := range names {
		if r.index(name) < 0 {
			r.Files = append(r.Files, File{Name: name})
		}
	}
	slices.SortFunc(r.Files, func(a, b File) int { return cmp.Compare(a.Name, b.Name) })
}

// Drop forgets scripts that are not there any more.
func (r *Record) Drop(names []string) {
	r.Files = slices.DeleteFunc(r.Files, func(f File) bool { return slices.Contains(names, f.Name) })
}

// Changed tells whether a script whose sum is given is another one than that which has run to its end.
func (f File) Changed(sum string) bool { return f.complete() && f.Sum != sum }

// Has tells whether a script is recorded at all.
func (r Record) Has(name string) bool { return r.index(name) >= 0 }

func (r Record) index(name string) int {
	return slices.IndexFunc(r.Files, func(f File) bool { return f.Name == name })
}
