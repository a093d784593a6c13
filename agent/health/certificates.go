package health

import "time"

// Certificates tells of the certificates that Neo4j shows. It never changes the phase.
type Certificates struct {
	Shown         []Certificate
	RestartNeeded string // "" while those that were given are the ones shown
}

// Certificate is the one of a port.
type Certificate struct {
	Scope    string    `json:"scope"` // bolt or https
	Subject  string    `json:"subject,omitempty"`
	NotAfter time.Time `json:"notAfter,omitzero"`
	DaysLeft int       `json:"daysLeft"` // negative once it has expired
	Problem  string    `json:"problem,omitempty"`
}

var certificateEnds = gauge("certificate_expiry_timestamp_seconds", "When the certificate of a port ends; 0 where it cannot be read.", "scope")
