package health

import "time"

// Secrets tells that Secrets Manager could not be read the last time, so that what it held before counts. It never changes
// the phase.
type Secrets struct {
	Since  time.Time `json:"since"`
	Reason string    `json:"reason"`
}

// text is one line for people, "" where there is nothing to say.
func (s *Secrets) text(now time.Time) string {
	if s == nil {
		return ""
	}
	return "not read for " + brief(now.Sub(s.Since)) + ", the last ones count: " + s.Reason
}
