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

// sender sends the batches of one log one after the other. One call at a time: a stream takes a third of a megabyte in each, which
// outruns what Neo4j logs, while each further call under way would be one more batch to be sent twice after a crash, and
// would mix entries of the same millisecond.
type sender struct {
	stream     string
	target     target
	checkpoint checkpoint
	used       chan<- *batch // takes back what was sent
	stats      *stats
	finish     <-chan struct{} // once closed, tries follow closely: time is bounded
	voice      voice
}

// run sends what comes until in is closed, or until ctx ends. A batch counts as sent once it is acknowledged; then, and
// before the next, the checkpoint moves.
func (s *sender) run(ctx context.Context, in <-chan *batch) {
	for b := range in {
		s.stats.change(func(st *stats) { st.sending = b.oldest })
		if err := s.deliver(ctx, b.events); err != nil {
			return
		}
		saving := ""
		if err := s.checkpoint.save(b.marks); err != nil {
			saving = err.Error()
			s.voice.say(err)
		}
		s.stats.change(func(st *stats) {
			st.sending, st.saving = time.Time{}, saving
			st.seen.Batches++
			st.seen.Events += int64(len(b.events))
			st.seen.Bytes += b.read
		})
		s.giveBack(b)
	}
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

// deliver tries until the events are taken or refused for good; its only error is ctx's.
func (s *sender) deliver(ctx context.Context, events []event) error {
	for try := 0; len(events) > 0; try++ {
		rejected, err := s.once(ctx, events)
		switch {
		case err == nil:
			s.rejected(rejected, len(events))
			s.stats.change(func(st *stats) { st.putting = "" })
			s.voice.over("logs are sent again")
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, errUnfit):
			return s.halves(ctx, events, err)
		}
		s.stats.change(func(st *stats) { st.seen.Retries++; st.putting = err.Error() })
		s.voice.say(err)
		s.backOff(ctx, try)
	}
	return nil
}

func (s *sender) once(ctx context.Context, events []event) (rejection, error) {
	limited, cancel := context.WithTimeout(ctx, putLimit)
	defer cancel()
	return s.target.put(limited, s.stream, events)
}

// halves finds the events that are refused: one bad event must not keep all that come after it.
func (s *sender) halves(ctx context.Context, events []event, refusal error) error {
	if len(events) > 1 {
		if err := s.deliver(ctx, events[:len(events)/2]); err != nil {
			return err
		}
		return s.deliver(ctx, events[len(events)/2:])
	}
	s.stats.change(func(st *stats) { st.seen.Rejected++ })
	s.voice.log.Warn().Str("stream", s.stream).Int("bytes", len(events[0].message)).Time("time", time.UnixMilli(events[0].time)).
		Str("reason", refusal.Error()).Msg("an event is left out")
	return nil
}

func (s *sender) rejected(r rejection, of int) {
	if r.all() == 0 {
		return
	}
	s.stats.change(func(st *stats) { st.seen.Rejected += int64(r.all()) })
	s.voice.log.Warn().Str("stream", s.stream).Int("events", r.all()).Str("reason",
		fmt.Sprintf("%d older than 14 days, %d older than the group keeps them, %d from the future", r.tooOld, r.expired, r.tooNew)).
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
