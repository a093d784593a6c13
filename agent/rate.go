package main

import (
	"sync"
	"time"
)

// rateOver is over how long a rate is taken.
const rateOver = 10 * time.Second

// rate is how fast something grows: over the last seconds, and from its beginning where that is later.
type rate struct {
	mu   sync.Mutex
	step string
	seen []sample // one a second, the oldest first
}

type sample struct {
	at   time.Time
	done int64
}

// at takes the amount done of a step by now, and gives the rate a second, 0 while it is not known.
func (r *rate) at(step string, done int64, now time.Time) float64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	if step != r.step {
		r.step, r.seen = step, nil
	}
	if n := len(r.seen); n == 0 || now.Sub(r.seen[n-1].at) >= time.Second {
		r.seen = append(r.seen, sample{now, done})
	}
	for len(r.seen) > 1 && now.Sub(r.seen[0].at) > rateOver {
		r.seen = r.seen[1:]
	}
	first := r.seen[0]
	passed := now.Sub(first.at).Seconds()
	if passed < 1 || done <= first.done {
		return 0
	}
	return float64(done-first.done) / passed
}
