package main

import (
	"sync/atomic"
	"time"
)

// movement remembers when long work last got on: figures that changed, or a word of whoever does it.
type movement struct {
	last  [2]int64
	step  string
	since time.Time
	heard atomic.Int64 // Unix nanoseconds
}

// at takes the figures of now and gives the time when something last moved. Not for concurrent use.
func (m *movement) at(step string, figures ...int64) time.Time {
	now := [2]int64(figures)
	if step != m.step || now != m.last || m.since.IsZero() {
		m.step, m.last, m.since = step, now, time.Now().UTC()
	}
	if heard := time.Unix(0, m.heard.Load()).UTC(); heard.After(m.since) {
		return heard
	}
	return m.since
}

// hear notes that something was done which shows in no figure. It may be called at any time.
func (m *movement) hear() { m.heard.Store(time.Now().UnixNano()) }
