package logship

import (
	"slices"
	"strings"
	"time"
)

// event is one message of a batch. Its time is in milliseconds since 1970.
type event struct {
	message string
	time    int64
}

// batch is what one call sends, and how far the files were read with it.
type batch struct {
	events []event
	bytes  int // messages and eventCost for each
	marks  []mark
	read   int64     // bytes of the files
	oldest time.Time // of the events
}

// builder makes batches within the limits.
type builder struct {
	text           strings.Builder
	ends           []int // of the messages in text
	times          []int64
	oldest, newest int64
	read           int64
	since          time.Time // when the first event came
}

func (b *builder) empty() bool { return len(b.ends) == 0 }

// fits tells whether one more message keeps the limits. Everything that is not too long fits in an empty batch.
func (b *builder) fits(size int, at int64) bool {
	if b.empty() {
		return true
	}
	span := max(b.newest, at) - min(b.oldest, at)
	return len(b.ends) < batchEvents && b.text.Len()+size+(len(b.ends)+1)*eventCost <= batchFill && span < batchSpan.Milliseconds()
}

// add takes a message that fits and is neither empty nor longer than eventBytes.
func (b *builder) add(message []byte, at int64) {
	if b.empty() {
		b.oldest, b.newest, b.since = at, at, time.Now()
	}
	b.oldest, b.newest = min(b.oldest, at), max(b.newest, at)
	b.text.Write(message)
	b.ends = append(b.ends, b.text.Len())
	b.times = append(b.times, at)
}

// close makes the batch, in the order of time as the service demands it and otherwise in that of the file, and begins
// the next one.
func (b *builder) close(marks []mark) *batch {
	text := b.text.String()
	events := make([]event, len(b.ends))
	from := 0
	for i, end := range b.ends {
		events[i] = event{text[from:end], b.times[i]}
		from = end
	}
	slices.SortStableFunc(events, func(x, y event) int { return int(max(-1, min(1, x.time-y.time))) })
	closed := &batch{events: events, bytes: len(text) + len(events)*eventCost, marks: marks, read: b.read, oldest: time.UnixMilli(b.oldest)}
	*b = builder{ends: b.ends[:0], times: b.times[:0]}
	return closed
}
