package restore

import (
	"sync"
	"sync/atomic"
	"time"
)

// Progress is how far a restore is.
type Progress struct {
	Step  string        // what is being done
	Done  int64         // bytes read
	Total int64         // bytes to read, 0 while not known
	Rate  float64       // bytes a second, of the last ten seconds
	Left  time.Duration // at that rate, 0 while not known
}

// Steps of a restore that others act upon.
const (
	Fetching = "fetching"
	Building = "building" // stores are made of what is on the disk: bytes read do not grow any more
	Placing  = "placing"
)

const (
	tellEvery = time.Second
	warnEvery = 15 * time.Second
	rateOver  = 10 // of those
)

// meter counts what arrives and tells of it.
type meter struct {
	done  atomic.Int64
	last  atomic.Int64 // when bytes arrived last, in nanoseconds since begun
	begun time.Time
	total atomic.Int64
	step  atomic.Value
	// warned is when trouble was told last, in nanoseconds since begun, 0 for never.
	warned atomic.Int64

	tell func(Progress)
	end  chan struct{}
	told sync.WaitGroup
}

// newMeter starts to tell of progress until stop; tell may be nil.
func newMeter(tell func(Progress)) *meter {
	m := &meter{begun: time.Now(), tell: tell, end: make(chan struct{})}
	m.say("beginning")
	if tell != nil {
		m.told.Go(m.loop)
	}
	return m
}

func (m *meter) stop() { close(m.end); m.told.Wait() }

func (m *meter) say(step string)      { m.step.Store(step) }
func (m *meter) expect(n int64)       { m.total.Store(n) }
func (m *meter) moved() int64         { return m.done.Load() }
func (m *meter) add(n int64)          { m.done.Add(n); m.last.Store(int64(time.Since(m.begun))) }
func (m *meter) lastMoved() time.Time { return m.begun.Add(time.Duration(m.last.Load())) }

// mayTell tells whether it is time to warn again, to one of those who ask at once.
func (m *meter) mayTell() bool {
	before, now := m.warned.Load(), int64(time.Since(m.begun))
	return (before == 0 || now-before > int64(warnEvery)) && m.warned.CompareAndSwap(before, now)
}

func (m *meter) loop() {
	ticker := time.NewTicker(tellEvery)
	defer ticker.Stop()
	var before []int64 // what was done at the last ticks
	for {
		select {
		case <-m.end:
			m.tell(m.progress(before))
			return
		case <-ticker.C:
			m.tell(m.progress(before))
			before = append(before, m.moved())
			before = before[max(0, len(before)-rateOver):]
		}
	}
}

func (m *meter) progress(before []int64) Progress {
	p := Progress{Step: m.step.Load().(string), Done: m.moved(), Total: m.total.Load()}
	if len(before) > 0 {
		p.Rate = float64(p.Done-before[0]) / (float64(len(before)) * tellEvery.Seconds())
	}
	if p.Rate > 0 && p.Total > p.Done {
		p.Left = time.Duration(float64(p.Total-p.Done) / p.Rate * float64(time.Second)).Round(time.Second)
	}
	return p
}
