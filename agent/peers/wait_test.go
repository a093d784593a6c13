package peers_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"neo4j-agent/agent/peers"
	"neo4j-agent/agent/peers/fakecloudmap"
)

var self = peers.Member{Host: "10.0.0.1", Port: 5000}

// waitFor is a core's wait for a formation of three.
func waitFor(server http.Handler, serviceID string) peers.Wait {
	return peers.Wait{Finder: peers.CloudMap(client(server), serviceID, zerolog.Nop()), Own: self, Need: 3, Timeout: 10 * time.Minute, Log: zerolog.Nop()}
}

func refuse(until time.Duration) func(string, int) fakecloudmap.Fault {
	begun := time.Now()
	return func(operation string, _ int) (f fakecloudmap.Fault) {
		if operation == "ListInstances" && time.Since(begun) < until {
			f.Code = "AccessDeniedException"
		}
		return f
	}
}

func between(t *testing.T, took, least, most time.Duration) {
	t.Helper()
	if took < least || took > most {
		t.Errorf("took %s, want from %s to %s", took, least, most)
	}
}

func TestAtLeastTheFormationSizeIsEnough(t *testing.T) {
	for _, n := range []int{0, 1, 2, 3, 4, 150} {
		for _, listed := range []bool{true, false} {
			t.Run(fmt.Sprintf("%d listed, own among them %v", n, listed), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					server := cores()
					fill(server, n)
					wait := waitFor(server, service)
					all := n
					if !listed {
						wait.Own.Host = "10.9.9.9"
					}
					if !listed || n == 0 {
						all++
					}
					members, err := wait.Run(background)
					if all < 3 {
						equal(t, len(as[*peers.NotEnoughError](t, err).Found), all)
						return
					}
					equal(t, len(members), all)
				})
			})
		}
	}
}

func TestAnEmptyAnswerIsNotACluster(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wait := waitFor(cores(), service)
		wait.Need = 2
		_, err := wait.Run(background)
		equal(t, len(as[*peers.NotEnoughError](t, err).Found), 1)

		wait.Own, wait.Need = peers.Member{}, 1 // a read replica's look at the cores
		_, err = wait.Run(background)
		equal(t, len(as[*peers.NotEnoughError](t, err).Found), 0)
	})
}

func TestAMemberIsFoundWithinSecondsOfItsArrival(t *testing.T) {
	for _, after := range []time.Duration{0, 2 * time.Second, 20 * time.Second, 9 * time.Minute, 10*time.Minute - 6*time.Second} {
		t.Run(after.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := cores()
				fill(server, 2)
				time.AfterFunc(after, func() { server.Add(service, "late", "10.0.0.3", fakecloudmap.Healthy) })
				begun := time.Now()
				equal(t, len(must[[]peers.Member](t)(waitFor(server, service).Run(background))), 3)
				between(t, time.Since(begun), after, after+5*time.Second)
				synctest.Wait()
			})
		})
	}
}

func TestStaleAndUnhealthyEntriesDoForANeedButNotLonger(t *testing.T) {
	server := cores()
	server.Add(service, "old", "10.0.0.8", fakecloudmap.Hidden)
	server.Add(service, "sick", "10.0.0.9", fakecloudmap.Unhealthy)
	equal(t, hosts(must[[]peers.Member](t)(waitFor(server, service).Run(background))), []string{"10.0.0.1:5000", "10.0.0.9", "10.0.0.8"})
	fill(server, 3)
	equal(t, hosts(must[[]peers.Member](t)(waitFor(server, service).Run(background))), []string{"10.0.0.1:5000", "10.0.0.2", "10.0.0.3"})
}

func TestAMemberThatDoesNotWaitForAllStillNamesTheUnhealthy(t *testing.T) {
	server := cores()
	server.Add(service, "starting", "10.0.0.2", fakecloudmap.Unhealthy)
	wait := waitFor(server, service)
	wait.Need, wait.Enough = 1, 3
	equal(t, hosts(must[[]peers.Member](t)(wait.Run(background))), []string{"10.0.0.1:5000", "10.0.0.2"})
}

func TestEntriesThatMotoDoublesAreOneMember(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := cores()
		fill(server, 2)
		fill(server, 2)
		wait := waitFor(server, service)
		wait.Timeout = time.Minute
		_, err := wait.Run(background)
		equal(t, len(as[*peers.NotEnoughError](t, err).Found), 2)
	})
}

func TestTheDeadlineIsOneSentence(t *testing.T) {
	for name, prepare := range map[string]func(*fakecloudmap.Server){
		"missing": func(*fakecloudmap.Server) {},
		"throttled": func(s *fakecloudmap.Server) {
			s.Faults = after(time.Minute, fakecloudmap.Fault{Code: "RequestLimitExceeded"})
		},
		"reset":  func(s *fakecloudmap.Server) { s.Faults = after(0, fakecloudmap.Fault{Reset: true}) },
		"silent": func(s *fakecloudmap.Server) { s.Faults = after(0, fakecloudmap.Fault{Slow: time.Hour}) },
		"502":    func(s *fakecloudmap.Server) { s.Faults = after(0, fakecloudmap.Fault{Status: 502}) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := cores()
				server.Add(service, "sick", "10.0.0.2", fakecloudmap.Unhealthy)
				prepare(server)
				begun := time.Now()
				_, err := waitFor(server, service).Run(background)
				equal(t, time.Since(begun), 10*time.Minute)
				golden(t, "deadline-"+name+".txt", as[*peers.NotEnoughError](t, err).Error()+"\n")
			})
		})
	}
}

// after is a fault that begins some time from now.
func after(wait time.Duration, fault fakecloudmap.Fault) func(string, int) fakecloudmap.Fault {
	begun := time.Now()
	return func(string, int) fakecloudmap.Fault {
		if time.Since(begun) < wait {
			return fakecloudmap.Fault{}
		}
		return fault
	}
}

func TestTheDeadlinesOwnInterruptionDoesNotHideTheTroubleBeforeIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, begun := cores(), time.Now()
		server.Faults = func(string, int) fakecloudmap.Fault {
			if time.Since(begun) < 9*time.Minute+55*time.Second {
				return fakecloudmap.Fault{Code: "RequestLimitExceeded"}
			}
			return fakecloudmap.Fault{Slow: time.Hour}
		}
		_, err := waitFor(server, service).Run(background)
		if trouble := as[*peers.NotEnoughError](t, err).Trouble; !strings.Contains(trouble.Error(), "Rate exceeded") {
			t.Error(trouble)
		}
	})
}

func TestAWrongServiceIsSaidAtOnce(t *testing.T) {
	for _, id := range []string{"srv-other", "cores"} {
		t.Run(id, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begun := time.Now()
				_, err := waitFor(cores(), id).Run(background)
				if wrong := as[*peers.WrongServiceError](t, err); !strings.Contains(wrong.Error(), id) {
					t.Error(wrong)
				}
				equal(t, time.Since(begun), time.Duration(0))
			})
		})
	}
}

func TestMissingPermissionIsSaidAfterAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := cores()
		begun := time.Now()
		server.Faults = refuse(time.Hour)
		_, err := waitFor(server, service).Run(background)
		between(t, time.Since(begun), time.Minute, 66*time.Second)
		denied := as[*peers.PermissionError](t, err)
		between(t, denied.Lasted, time.Minute, 66*time.Second)
		if !strings.Contains(denied.Error(), "not authorized to perform: servicediscovery:ListInstances") {
			t.Error(denied)
		}
	})
}

func TestThrottlingInBetweenDoesNotEndARefusal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := cores()
		refused := refuse(time.Hour)
		server.Faults = func(operation string, n int) fakecloudmap.Fault {
			if n%3 == 0 {
				return fakecloudmap.Fault{Code: "RequestLimitExceeded"}
			}
			return refused(operation, n)
		}
		begun := time.Now()
		_, err := waitFor(server, service).Run(background)
		_ = as[*peers.PermissionError](t, err)
		between(t, time.Since(begun), time.Minute, 80*time.Second)
	})
}

func TestPermissionThatArrivesInTimeIsEnough(t *testing.T) {
	for _, late := range []time.Duration{20 * time.Second, 59 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			server := cores()
			fill(server, 3)
			begun := time.Now()
			server.Faults = refuse(late)
			equal(t, len(must[[]peers.Member](t)(waitFor(server, service).Run(background))), 3)
			between(t, time.Since(begun), late, late+5*time.Second)
		})
	}
}

func TestRefusedUntilAnEarlyDeadlineIsStillMissingPermission(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := cores()
		server.Faults = refuse(time.Hour)
		wait := waitFor(server, service)
		wait.Timeout = 30 * time.Second
		_, err := wait.Run(background)
		between(t, as[*peers.PermissionError](t, err).Lasted, 20*time.Second, 30*time.Second)
	})
}

func TestThrottledMembersBackOffAndComeThrough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := cores()
		fill(server, 3)
		begun := time.Now()
		server.Faults = func(string, int) (f fakecloudmap.Fault) {
			if time.Since(begun) < 2*time.Minute {
				f.Code = "RequestLimitExceeded"
			}
			return f
		}
		equal(t, len(must[[]peers.Member](t)(waitFor(server, service).Run(background))), 3)
		between(t, time.Since(begun), 2*time.Minute, 2*time.Minute+12*time.Second)
		if n := server.Calls("ListInstances"); n > 150 {
			t.Errorf("%d calls in two minutes of throttling", n)
		}
	})
}

func TestACancelledWaitEndsAtOnce(t *testing.T) {
	for name, fault := range map[string]fakecloudmap.Fault{"between looks": {}, "in a call": {Slow: time.Hour}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := cores()
				server.Faults = after(0, fault)
				ctx, cancel := context.WithCancel(background)
				time.AfterFunc(12345*time.Millisecond, cancel)
				begun := time.Now()
				if _, err := waitFor(server, service).Run(ctx); !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
				equal(t, time.Since(begun), 12345*time.Millisecond)
			})
		})
	}
}

func TestAWaitIsSeenInTheLogAndByProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := cores()
		fill(server, 2)
		var log bytes.Buffer
		wait := waitFor(server, service)
		wait.Log, wait.Timeout = zerolog.New(&log), 2*time.Minute
		looks, last := 0, ""
		wait.Progress = func(found []peers.Member, need int, trouble error) {
			looks++
			last = fmt.Sprint(hosts(found), need, trouble)
		}
		time.AfterFunc(70*time.Second, func() { server.Remove(service, "task-1") }) // this member, which counts all the same
		time.AfterFunc(75*time.Second, func() { server.SetHealth(service, "task-2", fakecloudmap.Unhealthy) })
		time.AfterFunc(85*time.Second, func() { server.SetHealth(service, "task-2", fakecloudmap.Healthy) })
		_, err := wait.Run(background)
		_ = as[*peers.NotEnoughError](t, err)
		equal(t, last, "[10.0.0.1:5000 10.0.0.2] 3 <nil>")
		if looks < 24 {
			t.Errorf("%d looks in two minutes", looks)
		}
		said := strings.Split(text(&log), "\n")
		if len(said) < 5 || len(said) > 6 { // 0, 30 and 60 s, two changes, and perhaps 30 s after the last
			t.Errorf("%d lines: %q", len(said), said)
		}
		equal(t, said[0], `{"level":"info","message":"waiting for members: 2 of 3 found (10.0.0.1:5000 (own), 10.0.0.2) in Cloud Map service srv-cores"}`)
	})
}

func TestAHundredMembersAskingTogetherAllComeThrough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := cores()
		fill(server, 150) // two pages each: twice the burst of ListInstances
		results := make(chan error)
		for i := range 100 {
			wait := waitFor(server, service)
			wait.Own.Host = fmt.Sprintf("10.0.0.%d", i+1)
			go func() {
				_, err := wait.Run(background)
				results <- err
			}()
		}
		for range 100 {
			if err := <-results; err != nil {
				t.Error(err)
			}
		}
	})
}
