package logship

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// target takes events. Its errors are errUnfit, which sending the same again does not change, and troubles that may pass.
type target interface {
	put(ctx context.Context, stream string, events []event) (rejection, error)
}

// rejection counts the events that a target took none of, though it took the call.
type rejection struct{ tooOld, expired, tooNew int }

func (r rejection) all() int { return r.tooOld + r.expired + r.tooNew }

// errUnfit: the target refuses these events as they are.
var errUnfit = errors.New("refused as not valid")

// sender sends the batches of one log one after the other. One call at a time: a stream takes 0.3 MB in each, which
// outruns what Neo4j logs, while each further call under way would be one more batch to be sent twice after a crash, and
// would mix entries of the same millisecond.
type sender struct {
	stream     string
	target     target
	checkpoint checkpoint
	unsaved    []mark        // that the checkpoint is still to have, nil for none
	used       chan<- *batch // takes back what was sent
	stats      *stats
	finish     <-chan struct{} // once closed, tries follow closely: time is bounded
	voice      voice
}

// saveAgain is how long to wait after the checkpoint could not be saved, where no batch comes before.
const saveAgain = 5 * time.Second

// run sends what comes until in is closed, or until ctx ends. A batch counts as sent once it is acknowledged; then, and
// before the next, the checkpoint moves. Where it cannot, sending goes on, and it moves as soon as it can.
func (s *sender) run(ctx context.Context, in <-chan *batch) {
	for {
		var retry <-chan time.Time
		if s.unsaved != nil {
			retry = time.After(saveAgain)
		}
		select {
		case b, more := <-in:
			if !more {
				s.save()
				return
			}
			if !s.send(ctx, b) {
				return
			}
		case <-retry:
			s.save()
		}
	}
}

// send sends one batch; false when ctx ended before.
func (s *sender) send(ctx context.Context, b *batch) bool {
	s.stats.change(func(st *stats) { st.sending = b.oldest })
	if err := s.deliver(ctx, b.events); err != nil {
		return false
	}
	s.unsaved = b.marks
	s.save()
	s.stats.change(func(st *stats) {
		st.sending = time.Time{}
		st.seen.Batches++
		st.seen.Events += int64(len(b.events))
		st.seen.Bytes += b.read
	})
	s.giveBack(b)
	return true
}

// save moves the checkpoint on, if it has not been.
func (s *sender) save() {
	if s.unsaved == nil {
		return
	}
	saving := ""
	if err := s.checkpoint.save(s.unsaved); err != nil {
		saving = err.Error()
		s.voice.say(err)
	} else {
		s.unsaved = nil
	}
	s.stats.change(func(st *stats) { st.saving = saving })
}

// giveBack lets the memory of a batch be used again, unless a message far longer than usual made it large.
func (s *sender) giveBack(b *batch) {
	if cap(b.text) > batchBytes {
		return
	}
	select {
	case s.used <- b:
	default:
	}
}

// deliver tries until each event is taken or proved to be at fault; its only error is ctx's. What is refused is tried in
// halves, down to a single event, and in twice as many again once that is settled.
func (s *sender) deliver(ctx context.Context, events []event) error {
	many, try, stood := len(events), 0, false // stood: something stands for the first event, which was refused
	for len(events) > 0 {
		part := events[:min(many, len(events))]
		err := s.offer(ctx, part)
		if errors.Is(err, errUnfit) {
			if len(part) > 1 {
				many = len(part) / 2
				continue
			}
			stood, err = s.leaveOut(ctx, part[0], err, stood)
		}
		switch {
		case err == nil:
			s.stats.change(func(st *stats) { st.putting = "" })
			s.voice.over("logs are sent again")
			events, many, try, stood = events[len(part):], 2*len(part), 0, false
			continue
		case ctx.Err() != nil:
			return ctx.Err()
		}
		s.stats.change(func(st *stats) { st.seen.Retries++; st.putting = err.Error() })
		s.voice.say(err)
		s.backOff(ctx, try)
		try++
	}
	return nil
}

// offer makes one call and counts what it did not take.
func (s *sender) offer(ctx context.Context, events []event) error {
	rejected, err := s.once(ctx, events)
	if err == nil {
		s.rejected(rejected, len(events))
	}
	return err
}

func (s *sender) once(ctx context.Context, events []event) (rejection, error) {
	limited, cancel := context.WithTimeout(ctx, putLimit)
	defer cancel()
	return s.target.put(limited, s.stream, events)
}

func (s *sender) rejected(r rejection, of int) {
	if r.all() == 0 {
		return
	}
	s.stats.change(func(st *stats) { st.seen.Rejected += int64(r.all()) })
	s.voice.log.Warn().Str("stream", s.stream).Int("events", r.all()).Str("reason",
		fmt.Sprintf("%d older than %d days, %d older than the group keeps them, %d from the future", r.tooOld, int(tooOld.Hours())/24, r.expired, r.tooNew)).
		Msgf("CloudWatch Logs did not take %d of %d events", r.all(), of)
}

// Times between tries: exponential with full jitter, as AWS advises for throttled calls
// (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
const (
	firstTry  = 200 * time.Millisecond
	longTry   = 30 * time.Second
	hurryTry  = time.Second // when the end is near
	tryShifts = 8           // 200 ms doubled so often exceeds longTry
)

func (s *sender) backOff(ctx context.Context, try int) {
	most, hurry := longTry, s.finish
	if closed(s.finish) {
		most, hurry = hurryTry, nil
	}
	whole := min(most, firstTry<<min(try, tryShifts))
	pause(ctx, time.Millisecond+rand.N(whole), hurry)
}
