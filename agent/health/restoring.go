package health

import (
	"fmt"
	"time"
)

// Restore is how far the restore of a snapshot is.
type Restore struct {
	Snapshot string    `json:"snapshot"` // as it was asked for
	Step     string    `json:"step"`
	Bytes    int64     `json:"bytes"`                    // read so far
	Of       int64     `json:"of,omitempty"`             // to read, 0 while not known
	Rate     int64     `json:"bytesPerSecond,omitempty"` // of the last seconds
	Left     int64     `json:"secondsLeft,omitempty"`    // at that rate
	Moved    time.Time `json:"moved"`                    // when something was last read or written
}

// restore is the restore under way, nil for none.
func (v view) restore() *Restore {
	if v.facts.Prepared {
		return nil
	}
	return v.facts.Restore
}

// restoring judges a restore: it is well as long as something moves.
func (v view) restoring(r Restore) (Phase, string) {
	if still := v.now.Sub(r.Moved); still >= v.bounds.Restore {
		return Failed, fmt.Sprintf("the restore of %s stands still: nothing was read or written for %s (%s)", r.Snapshot, brief(still), r.Step)
	}
	return Restoring, r.String()
}

// String says how far it is, for people.
func (r Restore) String() string {
	text := fmt.Sprintf("restoring %s: %s", r.Snapshot, r.Step)
	if r.Of > 0 {
		text += fmt.Sprintf(", %d %% of %.1f MB", r.Bytes*100/r.Of, float64(r.Of)/1e6)
	}
	if r.Left > 0 {
		text += ", " + brief(time.Duration(r.Left)*time.Second) + " left"
	}
	return text
}
