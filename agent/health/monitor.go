package health

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
)

// Pace of the rounds. The facts cost two small files; Neo4j is asked in every round until the member is ready, then
// in every third, and at once when the supervisor tells of another database process.
const (
	roundEvery = time.Second
	probeEvery = 3 * time.Second // while ready
)

// Prober looks at Neo4j. It must come back soon after its context ends.
type Prober interface {
	Probe(ctx context.Context, facts Facts) Observation
}

// Config is what a Monitor needs; all of it but Resumed must be set. OnStatus is called by NewMonitor too. Both callbacks
// hold up the rounds, and OnStatus must not call Drain.
type Config struct {
	Facts   func() Facts // called by Run and NewMonitor only
	Prober  Prober       // called by Run only
	Bounds  Bounds
	Resumed Status               // phase, since, reason and everReady of an earlier serve in this container's life
	Logs    func() []LogShipping // how sending the logs goes, from memory; nil if none are sent
	Backups func() *Backups      // what lies in the bucket, from memory; gives nil while that is not known
	// Unfinished is a restore that the running server has to finish, from memory; gives nil where there is none. May be nil.
	Unfinished func() *Unfinished
	Init       func() Init     // how far the init scripts are, from memory; may be nil
	Users      func() Users    // how far the users are, from memory; may be nil
	Secrets    func() *Secrets // that they cannot be read, from memory; gives nil while they can. May be nil
	// Certificates tells of those that Neo4j shows, from memory; nil if there are none.
	Certificates func() Certificates
	OnStatus     func(Status)        // after a change of phase, role, EverReady or Formation.Formed
	OnGiveUp     func(reason string) // once, after failed has lasted Bounds.Failed
	Log          zerolog.Logger
}

// Monitor keeps the status of this member warm.
type Monitor struct {
	config  Config
	current atomic.Pointer[Status]

	mu       sync.Mutex // serialises changes of current; guards what follows
	facts    Facts
	seen     Observation
	draining string // reason, once Drain was called
	gaveUp   bool
}

// NewMonitor returns a monitor that says what the facts alone tell until Run has gone its first round, or, where the
// database runs already, what was known of it before.
func NewMonitor(config Config) *Monitor {
	m := &Monitor{config: config, facts: config.Facts()}
	resumed := config.Resumed
	m.current.Store(&resumed)
	if resumed.Phase == "" || !m.facts.running() {
		m.assess()
	}
	return m
}

// Current is the last status. What it points to must not be changed.
func (m *Monitor) Current() Status { return *m.current.Load() }

// Drain makes the member unready at once and for good.
func (m *Monitor) Drain(reason string) {
	m.mu.Lock()
	m.draining = first(reason, "told to stop")
	m.mu.Unlock()
	m.assess()
}

// Run goes round until the context ends.
func (m *Monitor) Run(ctx context.Context) {
	ticks := time.NewTicker(roundEvery)
	defer ticks.Stop()
	var seen Observation
	var of Supervisor // the database process that was seen
	var at time.Time
	for ctx.Err() == nil {
		facts := m.config.Facts()
		if m.due(facts, of, time.Since(at)) {
			seen, of = m.config.Prober.Probe(ctx, facts), facts.Supervisor
			at, facts = time.Now(), m.config.Facts() // a round may take seconds
		}
		if !sameDatabase(of, facts.Supervisor) {
			seen = Observation{}
		}
		if ctx.Err() == nil {
			m.round(facts, seen)
		}
		select {
		case <-ctx.Done():
		case <-ticks.C:
		}
	}
}

// due tells whether Neo4j should be asked in this round.
func (m *Monitor) due(facts Facts, of Supervisor, age time.Duration) bool {
	phase := m.Current().Phase
	if !facts.running() || phase == Draining {
		return false
	}
	return phase != Ready || !sameDatabase(of, facts.Supervisor) || age >= probeEvery
}

func sameDatabase(a, b Supervisor) bool {
	return a.DatabasePID == b.DatabasePID && a.DatabaseSince.Equal(b.DatabaseSince)
}

// round takes in what one round found and gives up where it is time to.
func (m *Monitor) round(facts Facts, seen Observation) {
	m.mu.Lock()
	m.facts, m.seen = facts, seen
	m.mu.Unlock()
	status := m.assess()
	if status.Phase != Failed || time.Since(status.Since) < m.config.Bounds.Failed || m.gaveUp {
		return
	}
	m.gaveUp = true
	m.config.Log.Error().Str("reason", status.Reason).Msg("this member is beyond help and gives up")
	m.config.OnGiveUp(status.Reason)
}

// assess makes the next status current and tells of changes.
func (m *Monitor) assess() Status {
	m.mu.Lock()
	defer m.mu.Unlock()
	facts, before := m.facts, m.Current()
	if m.draining != "" {
		facts.Supervisor.Phase, facts.Supervisor.Reason = "draining", m.draining
	}
	after := Assess(before, facts, m.seen, m.config.Bounds, time.Now())
	m.current.Store(&after)
	if after.Phase != before.Phase || after.Role != before.Role {
		m.log(after)
	} else if after.EverReady == before.EverReady && after.Formation.Formed == before.Formation.Formed {
		return after
	}
	m.config.OnStatus(after)
	return after
}

// log says the new phase in one line.
func (m *Monitor) log(s Status) {
	event := m.config.Log.Info()
	if s.Phase == Failed {
		event = m.config.Log.Warn()
	}
	event = event.Str("phase", string(s.Phase))
	if s.Role != RoleUnknown {
		event = event.Str("role", s.Role)
	}
	event.Msg(first(s.Reason, "this member is "+string(s.Phase)))
}
