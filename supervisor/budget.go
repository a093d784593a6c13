package supervisor

import "time"

// stopMargin is left of the platform's stop time-out for what is not ours: the platform's own work, a busy machine
// (contract.md, AGENT_STOP_TIMEOUT).
const stopMargin = 5 * time.Second

// leastStop keeps every part above zero, which would mean no bound.
const leastStop = time.Second

// Most that the parts get however long the stop time-out is; all else goes to the database.
const (
	mostTalk    = 20 * time.Second // DNS caches and routing tables of clients are done with us by then
	mostFlush   = 15 * time.Second // serve ships the last log lines
	mostKill    = 2 * time.Second  // the kernel ends a killed process that is not stuck in a disk within milliseconds
	mostPrepare = 10 * time.Second // prepare is crash-safe: it gets time to be tidy, not to finish
)

// budget is how the stop time-out is spent. Draining takes at most Talk + Grace + Kill + Flush + Kill: the second Kill
// is serve's. What Talk leaves over, Grace may use.
type budget struct {
	Talk    time.Duration // from drain to drained
	Grace   time.Duration // from TERM to KILL, database
	Prepare time.Duration // from TERM to KILL, prepare; instead of Talk and Grace
	Kill    time.Duration // from KILL to the end
	Flush   time.Duration // from stopped to the end of serve
}

// FlushTime is what serve gets from `stopped` to its end, under the stop time-out stop.
func FlushTime(stop time.Duration) time.Duration { return newBudget(stop).Flush }

// newBudget spends stop minus the margin, and half of a stop that is shorter than two margins.
func newBudget(stop time.Duration) budget {
	whole := max(stop-stopMargin, stop/2, leastStop)
	b := budget{
		Talk:  min(whole/5, mostTalk),
		Flush: min(whole/5, mostFlush),
		Kill:  min(whole/20, mostKill),
	}
	b.Grace = whole - b.Talk - b.Flush - 2*b.Kill
	b.Prepare = min(b.Grace, mostPrepare)
	return b
}
