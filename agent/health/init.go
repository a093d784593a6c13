package health

import "fmt"

// InitState is how far the init scripts are.
type InitState string

// The states of init scripts.
const (
	InitNone    InitState = "none"    // nothing for this member to do
	InitPending InitState = "pending" // to be run, by itself, when what Reason says is over
	InitRunning InitState = "running"
	InitDone    InitState = "done"
	InitFailed  InitState = "failed" // waits for a changed file, or for `neo4j-agent init`
)

// Init is what is known of the init scripts.
type Init struct {
	State  InitState `json:"state"`
	File   string    `json:"file,omitempty"` // that is run, or failed
	Line   int       `json:"line,omitempty"` // of its statement, from 1
	Reason string    `json:"reason,omitempty"`
	Done   int       `json:"done,omitempty"` // files
	Of     int       `json:"of,omitempty"`
}

// text is one line for people, "" where there is nothing to say.
func (i *Init) text() string {
	if i == nil || i.State == InitNone {
		return ""
	}
	text := fmt.Sprintf("%s, %d of %d files", i.State, i.Done, i.Of)
	if i.File != "" {
		text += ": " + i.File
	}
	if i.Line > 0 {
		text += fmt.Sprintf(" line %d", i.Line)
	}
	return join(": ", text, i.Reason)
}
