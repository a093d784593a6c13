package health

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
)

// fakeNeo4j is a Prober that sees what the test says, after the delay that the test says.
type fakeNeo4j struct {
	mu    sync.Mutex
	seen  Observation
	delay time.Duration
	asked int
}

func (n *fakeNeo4j) Probe(ctx context.Context, _ Facts) Observation {
	n.mu.Lock()
	n.asked++
	seen, delay := n.seen, n.delay
	n.mu.Unlock()
	seen.Asked = true
	if delay == 0 {
		return seen // a timer of no length crashes Go 1.26.8 (maybeRunChan, race detector, synctest) once in 10^5 or 10^6
	}
	select {
	case <-ctx.Done():
	case <-time.After(delay):
	}
	return seen
}

func (n *fakeNeo4j) show(seen Observation) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.seen = seen
}

func (n *fakeNeo4j) slow(delay time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.delay = delay
}

func (n *fakeNeo4j) count() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.asked
}

// scene is a monitor that runs inside a synctest bubble.
type scene struct {
	*Monitor
	neo4j    *fakeNeo4j
	mu       sync.Mutex
	told     Facts
	statuses []Status
	gaveUp   []string
}

// play runs f beside a monitor that has gone its first round and has seen first in it. The monitor is stopped and waited
// for afterwards.
func play(t *testing.T, told func(*Facts), resumed Status, first Observation, f func(s *scene)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		facts := facts35(Core)
		facts.StepSince, facts.Supervisor.DatabaseSince = time.Now(), time.Now()
		if told != nil {
			told(&facts)
		}
		s := &scene{neo4j: &fakeNeo4j{seen: first}, told: facts}
		s.Monitor = NewMonitor(Config{Prober: s.neo4j, Bounds: bounds, Resumed: resumed, Log: zerolog.Nop(),
			Facts:    func() Facts { s.mu.Lock(); defer s.mu.Unlock(); return s.told },
			OnStatus: func(status Status) { s.mu.Lock(); defer s.mu.Unlock(); s.statuses = append(s.statuses, status) },
			OnGiveUp: func(reason string) { s.mu.Lock(); defer s.mu.Unlock(); s.gaveUp = append(s.gaveUp, reason) }})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); s.Run(ctx) }()
		synctest.Wait()
		f(s)
		cancel()
		<-done
	})
}

func (s *scene) tell(f func(*Facts)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(&s.told)
}

// reasons are what was given up with so far.
func (s *scene) reasons() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.gaveUp)
}

// changes are what OnStatus was told so far.
func (s *scene) changes() []Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.statuses)
}

// pass lets time pass and everything that is due in it happen, at its very end too.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func (s *scene) want(t *testing.T, phase Phase) {
	t.Helper()
	if got := s.Current(); got.Phase != phase {
		t.Errorf("phase is %s (%s), want %s", got.Phase, got.Reason, phase)
	}
}

func TestTheDatabaseIsAskedEverySecondUntilReadyAndThenEveryThird(t *testing.T) {
	play(t, nil, Status{}, Observation{}, func(s *scene) {
		pass(10 * time.Second)
		s.want(t, Joining)
		if n := s.neo4j.count(); n != 11 {
			t.Errorf("asked %d times in 10 s while joining, want 11", n)
		}
		s.neo4j.show(formed("a"))
		pass(time.Second)
		s.want(t, Ready)
		before := s.neo4j.count()
		pass(30 * time.Second)
		if n := s.neo4j.count() - before; n != 10 {
			t.Errorf("asked %d times in 30 s while ready, want 10", n)
		}
	})
}

func TestTheDatabaseIsNotAskedBeforeItRuns(t *testing.T) {
	play(t, func(f *Facts) { f.Prepared, f.Step = false, "restoring" }, Status{}, Observation{}, func(s *scene) {
		pass(time.Minute)
		s.want(t, Preparing)
		if s.neo4j.count() != 0 {
			t.Error("asked")
		}
	})
}

func TestAnEndOfTheDatabaseIsSeenWithinASecondAndItsSuccessorAskedAtOnce(t *testing.T) {
	play(t, nil, Status{}, Observation{}, func(s *scene) {
		s.neo4j.show(formed("a"))
		pass(time.Minute)
		s.tell(func(f *Facts) { f.Supervisor.Phase, f.Supervisor.DatabasePID = "backing-off", 0 })
		pass(time.Second)
		s.want(t, Starting)
		s.neo4j.show(Observation{DiscoveryClosed: true})
		asked := s.neo4j.count()
		s.tell(func(f *Facts) {
			f.Supervisor.Phase, f.Supervisor.DatabasePID, f.Supervisor.DatabaseSince = "running", 43, time.Now()
		})
		pass(time.Second)
		s.want(t, Starting)
		if s.neo4j.count() == asked {
			t.Error("the new process was not asked")
		}
	})
}

func TestAnAnswerOfADatabaseThatEndedMeanwhileDoesNotCount(t *testing.T) {
	play(t, nil, Status{}, Observation{}, func(s *scene) {
		s.neo4j.slow(5 * time.Second)
		s.neo4j.show(formed("a"))
		pass(4500 * time.Millisecond) // this round is from second 1 to 6
		s.tell(func(f *Facts) { f.Supervisor.DatabasePID, f.Supervisor.DatabaseSince = 43, time.Now() })
		pass(2 * time.Second)
		s.want(t, Starting)
		pass(6 * time.Second)
		s.want(t, Ready)
	})
}

func TestDrainMakesUnreadyAtOnceEvenDuringARound(t *testing.T) {
	play(t, nil, Status{}, Observation{}, func(s *scene) {
		s.neo4j.show(formed("a"))
		pass(time.Minute)
		s.neo4j.slow(5 * time.Second)
		pass(3 * time.Second)
		s.Drain("SIGTERM")
		s.want(t, Draining)
		pass(time.Minute)
		s.want(t, Draining)
		if status := s.Current(); status.Writable || status.Readable || status.Reason != "SIGTERM" {
			t.Errorf("draining as %+v", status)
		}
	})
}

func TestAFailedMemberGivesUpOnceAfterItsBound(t *testing.T) {
	play(t, nil, Status{}, Observation{}, func(s *scene) {
		s.neo4j.show(Observation{DiscoveryClosed: true})
		pass(bounds.Bind)
		s.want(t, Failed)
		pass(bounds.Failed - time.Second)
		if len(s.reasons()) != 0 {
			t.Fatal("gave up before the bound")
		}
		pass(time.Second)
		pass(time.Hour)
		if len(s.reasons()) != 1 || s.reasons()[0] != s.Current().Reason {
			t.Errorf("gave up %q, want once", s.reasons())
		}
	})
}

func TestAFailureThatEndsInTimeIsForgotten(t *testing.T) {
	play(t, nil, Status{}, Observation{}, func(s *scene) {
		s.neo4j.show(Observation{DiscoveryClosed: true})
		pass(bounds.Bind + bounds.Failed - 2*time.Second)
		s.want(t, Failed)
		s.neo4j.show(formed("b"))
		pass(time.Hour)
		s.want(t, Ready)
		if len(s.reasons()) != 0 {
			t.Error("gave up")
		}
	})
}

func TestAMemberShutOutOfItsClusterFailsAfterTheBoundAndOneInAMinorityNever(t *testing.T) {
	play(t, nil, Status{}, Observation{}, func(s *scene) {
		s.neo4j.show(formed("b"))
		pass(time.Minute)
		s.neo4j.show(minority())
		pass(10 * time.Hour)
		s.want(t, Joining)
		s.neo4j.show(change(minority(), func(o *Observation) { o.Others.Led = []string{"10.0.0.2"} }))
		pass(bounds.Join)
		s.want(t, Joining)
		pass(2 * time.Second)
		s.want(t, Failed)
	})
}

func TestChangesAreToldAndNothingElse(t *testing.T) {
	play(t, nil, Status{}, Observation{}, func(s *scene) {
		s.neo4j.show(formed("b"))
		pass(time.Minute)
		s.neo4j.show(formed("a"))
		pass(time.Minute)
		var got []string
		statuses := s.changes()
		for _, status := range statuses {
			got = append(got, string(status.Phase)+" "+status.Role)
		}
		want := []string{"starting UNKNOWN", "joining UNKNOWN", "ready FOLLOWER", "ready LEADER"}
		if !slices.Equal(got, want) {
			t.Errorf("told %q, want %q", got, want)
		}
		if last := statuses[len(statuses)-1]; !last.EverReady || !last.Formation.Formed {
			t.Errorf("told everReady %v and formed %v, want both", last.EverReady, last.Formation.Formed)
		}
	})
}

func TestARestartedServeGoesOnWhereItWas(t *testing.T) {
	began := time.Date(1999, 12, 31, 0, 0, 0, 0, time.UTC)
	resumed := Status{Phase: Ready, Since: began, EverReady: true}
	play(t, nil, resumed, formed("b"), func(s *scene) {
		s.want(t, Ready)
		pass(time.Minute)
		if got := s.Current(); got.Phase != Ready || !got.Since.Equal(began) || !got.EverReady {
			t.Errorf("is %s since %s, ever ready %v", got.Phase, got.Since, got.EverReady)
		}
	})
}
