package secrets

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/rs/zerolog"
)

const (
	// awaitLimit is how long Await bears a store that does not answer. A new task's network and role are there within
	// seconds; throttling passes as soon.
	awaitLimit = 2 * time.Minute
	// firstPause and longestPause bound exponential back-off with jitter, as AWS advises for throttled calls:
	// https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
	firstPause   = time.Second
	longestPause = 15 * time.Second
	// jitter is how much of its interval a wait of Watch may be short of, so that members started together do not ask
	// together; never longer, so that the interval bounds when a change is seen.
	jitter = 0.2
)

// Await resolves, again as long as the store does not answer, up to awaitLimit.
func (s *Store) Await(ctx context.Context, wanted, welcome map[string]Reference, log zerolog.Logger) (map[string]string, error) {
	begun := time.Now()
	for try := 0; ; try++ {
		values, err := s.Resolve(ctx, wanted, welcome)
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case !IsAway(err):
			return values, err
		case time.Since(begun) >= awaitLimit:
			return nil, err
		case try == 0:
			log.Warn().Stringer("bound", awaitLimit).Msg("trying again: " + err.Error())
		}
		pause(ctx, backOff(try))
	}
}

// Watch asks for the values again and again.
type Watch struct {
	Store           *Store
	Wanted, Welcome map[string]Reference
	Every           time.Duration           // at the latest
	Now             <-chan struct{}         // a word makes it ask at once; may be nil
	Took            func(map[string]string) // gets the values of each round that was answered
	Told            func(reason string)     // gets after each round why it was not answered, "" where it was; may be nil
	Log             zerolog.Logger

	tries int    // rounds in a row without an answer
	told  string // what the log has said of the trouble that lasts
}

// Run asks at once and then until ctx ends. While the store is away, or refuses, nothing is taken: who uses the values
// goes on with the last ones.
func (w *Watch) Run(ctx context.Context) {
	for ctx.Err() == nil {
		values, err := w.Store.Resolve(ctx, w.Wanted, w.Welcome)
		if ctx.Err() != nil {
			return
		}
		wait := w.settle(err)
		if err == nil {
			w.Took(values)
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-w.Now:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// settle tells of trouble once when it begins and once when it ends, and gives the time until the next round.
func (w *Watch) settle(err error) time.Duration {
	trouble := ""
	switch {
	case IsAway(err):
		trouble = "the store is away" // its errors differ from round to round
	case err != nil:
		trouble = err.Error()
	}
	if trouble != "" && trouble != w.told {
		w.Log.Warn().Msg("secrets stay as they were, trying again: " + err.Error())
	} else if trouble == "" && w.told != "" {
		w.Log.Info().Msg("secrets can be read again")
	}
	w.told = trouble
	if w.Told != nil {
		reason := ""
		if err != nil {
			reason = err.Error()
		}
		w.Told(reason)
	}
	if !IsAway(err) {
		w.tries = 0
		return time.Duration(float64(w.Every) * (1 - jitter*rand.Float64()))
	}
	w.tries++
	return min(w.Every, backOff(w.tries-1))
}

// IsAway tells whether the same may work later.
func IsAway(err error) bool {
	var known *Error
	return errors.As(err, &known) && known.Kind == Away
}

// backOff is drawn anew for each try; n counts the tries before it.
func backOff(n int) time.Duration {
	whole := min(longestPause, firstPause<<min(n, 10))
	return time.Duration(float64(whole) * (1 + rand.Float64()) / 2)
}

// pause waits for d or for ctx, whichever is first.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
