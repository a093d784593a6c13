package health

import "time"

// LogShipping tells how sending one log file goes, since this process began. It never changes the phase.
type LogShipping struct {
	Log         string    `json:"log"`
	BytesBehind int64     `json:"bytesBehind"`          // in the files, not yet acknowledged
	UnsentSince time.Time `json:"unsentSince,omitzero"` // when the oldest record not acknowledged was written
	Events      int64     `json:"events"`               // acknowledged
	Bytes       int64     `json:"bytes"`                // of the files, acknowledged
	Batches     int64     `json:"batches"`
	Retries     int64     `json:"retries"`
	Rejected    int64     `json:"rejected"`  // events that the service took none of
	Cut         int64     `json:"cut"`       // events shortened to the longest that the service takes
	Invalid     int64     `json:"invalid"`   // events with bytes that are no UTF-8
	Masked      int64     `json:"masked"`    // events that held a password
	Unparsed    int64     `json:"unparsed"`  // records that do not read like one of the query log
	Retimed     int64     `json:"retimed"`   // events from the future, sent under the time of sending
	LostFiles   int64     `json:"lostFiles"` // gone before they were read to their ends
	Trouble     string    `json:"trouble,omitempty"`
}
