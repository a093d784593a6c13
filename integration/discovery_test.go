package integration

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"testing"
	"time"

	"neo4j-agent/agent/peers/fakecloudmap"
)

// TestDiscoveryAgainstAStrictCloudMap asks with the real binary and SDK what Cloud Map can answer, in good days and bad.
// The own address, 127.0.0.1, counts and is never among the instances.
func TestDiscoveryAgainstAStrictCloudMap(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		cloud func() *fakecloudmap.Server
		found int // members, the own one included; 0: too few, exit code 75
	}{
		{"no instance", func() *fakecloudmap.Server { return cloudMap(0) }, 0},
		{"1 instance", func() *fakecloudmap.Server { return cloudMap(1) }, 0},
		{"2 instances", func() *fakecloudmap.Server { return cloudMap(2) }, 3},
		{"3 instances", func() *fakecloudmap.Server { return cloudMap(3) }, 4},
		{"4 instances", func() *fakecloudmap.Server { return cloudMap(4) }, 5},
		{"150 instances on two pages", func() *fakecloudmap.Server { return cloudMap(150) }, 151},
		{"the same address twice", func() *fakecloudmap.Server {
			s := cloudMap(2)
			s.Add(boxService, "again", "10.0.0.1", fakecloudmap.Healthy)
			return s
		}, 3},
		{"an unhealthy and a stale one beside enough healthy ones", func() *fakecloudmap.Server {
			s := cloudMap(4)
			s.SetHealth(boxService, "i-001", fakecloudmap.Unhealthy)
			s.SetHealth(boxService, "i-002", fakecloudmap.Hidden)
			return s
		}, 3},
		{"unhealthy ones that are needed", func() *fakecloudmap.Server {
			s := cloudMap(2)
			s.SetHealth(boxService, "i-001", fakecloudmap.Unhealthy)
			return s
		}, 3},
		{"throttled three times", func() *fakecloudmap.Server {
			return faulty(fakecloudmap.Fault{Code: "RequestLimitExceeded"}, 3)
		}, 3},
		{"connections that break", func() *fakecloudmap.Server { return faulty(fakecloudmap.Fault{Reset: true}, 2) }, 3},
		{"errors of the service", func() *fakecloudmap.Server { return faulty(fakecloudmap.Fault{Status: 503}, 2) }, 3},
		{"slow answers", func() *fakecloudmap.Server { return faulty(fakecloudmap.Fault{Slow: time.Second}, 1) }, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBox(t, obedient).core(c.cloud()).with("AGENT_DISCOVERY_TIMEOUT", "15s")
			if c.found == 0 {
				b.with("AGENT_DISCOVERY_TIMEOUT", "1s")
			}
			run := exec.Command(agent, "peers", "--wait", "--json")
			run.Env = b.environ()
			text, err := run.Output()
			if c.found == 0 {
				if run.ProcessState.ExitCode() != 75 {
					t.Errorf("exit code %d, want 75", run.ProcessState.ExitCode())
				}
				return
			}
			var members []struct{ Address string }
			if err == nil {
				err = json.Unmarshal(text, &members)
			}
			if err != nil || len(members) != c.found {
				t.Errorf("found %d members, want %d (%v):\n%s", len(members), c.found, err, text)
			}
		})
	}
}

// faulty is a Cloud Map with two instances whose first answers to ListInstances are faults.
func faulty(fault fakecloudmap.Fault, times int) *fakecloudmap.Server {
	s := cloudMap(2)
	s.Faults = func(operation string, n int) fakecloudmap.Fault {
		if operation == "ListInstances" && n <= times {
			return fault
		}
		return fakecloudmap.Fault{}
	}
	return s
}

// TestARecordIsOnlyEverOurOwn makes sure that nothing but the own id is registered and withdrawn, whatever else the
// service holds under the same address.
func TestARecordIsOnlyEverOurOwn(t *testing.T) {
	t.Parallel()
	service := cloudMap(2)
	service.Add(boxService, "a-stranger-at-our-address", "127.0.0.1", fakecloudmap.Healthy)
	b := newBox(t, obedient).core(service).with("AGENT_REGISTER_DISCOVERY", "true", "AGENT_MEMBER_ID", "me")
	b.start()
	b.started(1)
	b.signal(15)
	b.exit(20 * time.Second)
	left := fmt.Sprint(service.Instances(boxService))
	if len(service.Instances(boxService)) != 3 || service.Instances(boxService)["a-stranger-at-our-address"] == nil {
		t.Errorf("the service holds %s, want the two others and the stranger", left)
	}
}
