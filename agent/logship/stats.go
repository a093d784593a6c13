package logship

import (
	"cmp"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

// Stats tell how one log is getting on, since Run began. The names in JSON are for /status.
type Stats struct {
	Log         string    `json:"log"`
	BytesBehind int64     `json:"bytesBehind"`          // in the files, not yet acknowledged
	UnsentSince time.Time `json:"unsentSince,omitzero"` // when the oldest record was written that was read and is not acknowledged; zero for none
	Events      int64     `json:"events"`               // acknowledged
	Bytes       int64     `json:"bytes"`                // of the files, acknowledged
	Batches     int64     `json:"batches"`
	Retries     int64     `json:"retries"`
	Rejected    int64     `json:"rejected"`          // events that the service took none of: too old, expired, too new, or not as it wants them
	Cut         int64     `json:"cut"`               // events shortened to the longest that the service takes
	Invalid     int64     `json:"invalid"`           // events with bytes that are no UTF-8, replaced
	Masked      int64     `json:"masked"`            // events that held a password
	Unparsed    int64     `json:"unparsed"`          // records of the query log that do not read like one
	Retimed     int64     `json:"retimed"`           // events from the future, sent under the time of sending
	LostFiles   int64     `json:"lostFiles"`         // gone before they were read to their ends
	Trouble     string    `json:"trouble,omitempty"` // what keeps events from being sent or places from being saved; empty while all is well
}

// stats guards what two goroutines and Snapshot share.
type stats struct {
	mu                       sync.Mutex
	seen                     Stats
	unread, building, handed int64     // bytes of the files: not read, in the batch being made, in batches made
	oldest, sending          time.Time // record of the batch being made, and of the batch being sent
	reading, putting, saving string    // what is wrong
}

func (s *stats) change(do func(*stats)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	do(s)
}

func (s *stats) snapshot() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.seen
	now.BytesBehind = s.unread + s.building + s.handed - now.Bytes
	now.Trouble = cmp.Or(s.putting, s.reading, s.saving)
	if now.UnsentSince = s.sending; now.UnsentSince.IsZero() {
		now.UnsentSince = s.oldest
	}
	return now
}

// unfinished is what has kept a log from being read or remembered to its end, "" for nothing.
func (s *stats) unfinished() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return cmp.Or(s.reading, s.saving)
}

// voice says what is wrong when it changes, and again after a while.
type voice struct {
	log  zerolog.Logger
	text string
	at   time.Time
}

// sayAgain is how often unchanged trouble is logged, so that a reader sees that it goes on.
const sayAgain = 5 * time.Minute

func (v *voice) say(err error) {
	if text := err.Error(); text != v.text || time.Since(v.at) >= sayAgain {
		v.text, v.at = text, time.Now()
		v.log.Warn().Msg(text)
	}
}

// over says that trouble has ended.
func (v *voice) over(message string) {
	if v.text != "" {
		v.text = ""
		v.log.Info().Msg(message)
	}
}
