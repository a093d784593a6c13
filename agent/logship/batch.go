package logship

import (
	"slices"
	"time"
)

// event is one message of a batch. Its time is in milliseconds since 1970.
type event struct {
	message []byte
	time    int64
}

// batch is what one call sends, and how far the files were read with it.
type batch struct {
	events []event
	text   []byte // of all messages
	marks  []mark
	read   int64     // bytes of the files
	oldest time.Time // of the events
}

// builder makes batches within the limits. Those that were sent come back to it, so that the same memory serves all:
// what a collector would have to clear away costs more than all the rest of the work.
type builder struct {
	used           <-chan *batch
	next           *batch // that the events go into; nil while there are none
	ends           []int  // of the messages in next.text
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
	return len(b.ends) < batchEvents && len(b.next.text)+size+(len(b.ends)+1)*eventCost <= batchFill && span < batchSpan.Milliseconds()
}

// add takes a message that fits and is neither empty nor longer than eventBytes.
func (b *builder) add(message []byte, at int64) {
	if b.empty() {
		b.oldest, b.newest, b.since = at, at, time.Now()
		b.next = b.blank()
	}
	b.oldest, b.newest = min(b.oldest, at), max(b.newest, at)
	b.next.text = append(b.next.text, message...)
	b.ends = append(b.ends, len(b.next.text))
	b.times = append(b.times, at)
}

// blank is a batch without events: one that was sent, where there is one.
func (b *builder) blank() *batch {
	select {
	case old := <-b.used:
		return &batch{events: old.events[:0], text: old.text[:0]}
	default:
		return &batch{}
	}
}

// close makes the batch, in the order of time as the service demands it and otherwise in that of the file, and begins
// the next one.
func (b *builder) close(marks []mark) *batch {
	closed := b.next
	if closed == nil { // nothing was worth an event, but the files were read
		closed = &batch{}
	}
	from := 0
	for i, end := range b.ends {
		closed.events = append(closed.events, event{closed.text[from:end], b.times[i]})
		from = end
	}
	slices.SortStableFunc(closed.events, func(x, y event) int { return int(max(-1, min(1, x.time-y.time))) })
	closed.marks, closed.read, closed.oldest = marks, b.read, time.UnixMilli(b.oldest)
	*b = builder{used: b.used, ends: b.ends[:0], times: b.times[:0]}
	return closed
}
