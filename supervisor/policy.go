package supervisor

import "time"

// RestartPolicy bounds the in-place restarts of the database: at most Max in any Window.
type RestartPolicy struct {
	Max    int
	Window time.Duration
}

// Delays before restarts. They double with each one.
const (
	databaseFirstDelay = 1 * time.Second // Neo4j needs ten times that to start: the delay is no loss
	databaseMostDelay  = 30 * time.Second

	prepareFirstDelay = 1 * time.Second
	prepareMostDelay  = 30 * time.Second
	prepareMostTries  = 5 // 1+2+4+8 s of waiting: a passing shortage of memory is over, a bug is not

	serveFirstDelay  = 100 * time.Millisecond
	serveKilledDelay = 1 * time.Second  // most after a signal: serve must be back within 2 s (issue 3)
	serveMostDelay   = 10 * time.Second // most when it leaves by itself, as with a port in use
	serveStableAfter = 10 * time.Second // serve that lived so long starts again with the first delay
)

// doubled is first, doubled times times, at most most.
func doubled(first time.Duration, times int, most time.Duration) time.Duration {
	for ; times > 0 && first < most; times-- {
		first *= 2
	}
	return min(first, most)
}

// restarts counts restarts against a policy. A stable time needs no rule of its own: what falls out of the window is
// forgotten, and with it the delay shrinks.
type restarts struct {
	policy RestartPolicy
	recent []time.Time
}

// left is how many restarts are allowed now.
func (r *restarts) left(now time.Time) int {
	for len(r.recent) > 0 && now.Sub(r.recent[0]) >= r.policy.Window {
		r.recent = r.recent[1:]
	}
	return max(0, r.policy.Max-len(r.recent))
}

// take uses up one restart and says how long to wait before it; false when none is left.
func (r *restarts) take(now time.Time) (time.Duration, bool) {
	if r.left(now) == 0 {
		return 0, false
	}
	delay := doubled(databaseFirstDelay, len(r.recent), databaseMostDelay)
	r.recent = append(r.recent, now)
	return delay, true
}
