package health

import "strings"

// Unfinished is a restore that the running server has to finish: databases to create, to seed, or users to make.
type Unfinished struct {
	Snapshot  string   `json:"snapshot"`
	Databases []string `json:"databases"`
	Waiting   string   `json:"waiting,omitempty"` // what for
}

// text is one line for people, "" where there is nothing to say.
func (u *Unfinished) text() string {
	if u == nil {
		return ""
	}
	return join(": ", "restoring "+strings.Join(u.Databases, ", ")+" from "+u.Snapshot, u.Waiting)
}
