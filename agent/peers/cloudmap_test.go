package peers_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"neo4j-agent/agent/peers"
	"neo4j-agent/agent/peers/fakecloudmap"
)

func find(t *testing.T, server http.Handler) []peers.Member {
	t.Helper()
	return must[[]peers.Member](t)(peers.CloudMap(client(server), service, zerolog.Nop()).Find(background))
}

func TestEveryInstanceIsFoundWhateverTheirNumber(t *testing.T) {
	for _, n := range []int{0, 1, 2, 3, 4, 99, 100, 101, 150, 1000} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			server := cores()
			fill(server, n)
			found := find(t, server)
			equal(t, len(peers.Gather(found, peers.Member{}, n)), n)
			for _, m := range found {
				if m.Health != peers.Healthy {
					t.Errorf("%s is %s", m, m.Health)
				}
			}
			equal(t, server.Calls("ListInstances"), max(1, (n+99)/100))
		})
	}
}

func TestHealthComesFromDiscovery(t *testing.T) {
	server := cores()
	server.Add(service, "a", "10.0.0.1", fakecloudmap.Hidden)
	server.Add(service, "b", "10.0.0.2", fakecloudmap.Unhealthy)
	server.Add(service, "c", "10.0.0.3", fakecloudmap.Healthy)
	server.Add(service, "d", "10.0.0.4", fakecloudmap.Unknown)
	got := map[string]peers.Health{}
	for _, m := range find(t, server) {
		got[m.InstanceID] = m.Health
	}
	equal(t, got, map[string]peers.Health{"a": peers.Stale, "b": peers.Unhealthy, "c": peers.Healthy, "d": peers.Unknown})
}

func TestNamesAreLearntOnce(t *testing.T) {
	server := cores()
	fill(server, 3)
	finder := peers.CloudMap(client(server), service, zerolog.Nop())
	for range 5 {
		must[[]peers.Member](t)(finder.Find(background))
	}
	equal(t, []int{server.Calls("GetService"), server.Calls("GetNamespace"), server.Calls("DiscoverInstances")}, []int{1, 1, 5})
}

func TestWithoutPermissionForHealthMembersAreFoundAndItIsSaidOnce(t *testing.T) {
	for _, refused := range []string{"GetService", "GetNamespace", "DiscoverInstances"} {
		t.Run(refused, func(t *testing.T) {
			server := cores()
			fill(server, 3)
			server.Faults = func(operation string, _ int) (f fakecloudmap.Fault) {
				if operation == refused {
					f.Code = "AccessDeniedException"
				}
				return f
			}
			var log bytes.Buffer
			finder := peers.CloudMap(client(server), service, zerolog.New(&log))
			for range 5 {
				found := must[[]peers.Member](t)(finder.Find(background))
				equal(t, len(found), 3)
				equal(t, found[0].Health, peers.Unknown)
			}
			if said := text(&log); strings.Count(said, "\n") != 0 || !strings.Contains(said, `"level":"info"`) || !strings.Contains(said, "servicediscovery:"+refused) {
				t.Errorf("log: %s", said)
			}
		})
	}
}

func TestTheContainersPortIsNotTheDiscoveryPort(t *testing.T) {
	server := cores()
	server.Add(service, "ecs", "10.0.0.1", fakecloudmap.Healthy) // with AWS_INSTANCE_PORT 7687
	server.AddAttributes(service, "own", fakecloudmap.Healthy, map[string]string{"AWS_INSTANCE_IPV4": "10.0.0.2", "AWS_INSTANCE_PORT": "5001", peers.PortAttribute: "5001"})
	server.AddAttributes(service, "odd", fakecloudmap.Healthy, map[string]string{"AWS_INSTANCE_IPV4": "10.0.0.3", peers.PortAttribute: "70000"})
	equal(t, hosts(find(t, server)), []string{"10.0.0.1", "10.0.0.2:5001", "10.0.0.3"})
}

func TestAnInstanceWithoutIPv4(t *testing.T) {
	server := cores()
	server.AddAttributes(service, "six", fakecloudmap.Healthy, map[string]string{"AWS_INSTANCE_IPV6": "fd00::1"})
	server.AddAttributes(service, "alias", fakecloudmap.Healthy, map[string]string{"AWS_ALIAS_DNS_NAME": "lb.example"})
	server.AddAttributes(service, "evil", fakecloudmap.Healthy, map[string]string{"AWS_INSTANCE_IPV4": "10.0.0.1\ndbms.security.auth_enabled=false"})
	equal(t, hosts(find(t, server)), []string{"fd00::1"})
}

func TestOneLookGetsOverPassingTrouble(t *testing.T) {
	for name, fault := range map[string]fakecloudmap.Fault{
		"throttled":         {Code: "RequestLimitExceeded"},
		"throttled by gate": {Code: "ThrottlingException"},
		"internal failure":  {Code: "InternalFailure", Status: 500},
		"an HTML page":      {Status: http.StatusBadGateway},
		"connection reset":  {Reset: true},
		"no answer":         {Slow: time.Hour},
		"a slow answer":     {Slow: 4900 * time.Millisecond},
		"a slow reset":      {Slow: time.Second, Reset: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := cores()
				fill(server, 150)
				server.Faults = func(operation string, n int) fakecloudmap.Fault {
					if operation == "ListInstances" && n%2 == 1 { // each page's first try
						return fault
					}
					return fakecloudmap.Fault{}
				}
				begun := time.Now()
				equal(t, len(find(t, server)), 150)
				if took := time.Since(begun); took > 11*time.Second {
					t.Errorf("took %s", took)
				}
			})
		})
	}
}

func TestHealthThatDoesNotAnswerDelaysOneLookByFiveSecondsAtMost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := cores()
		fill(server, 3)
		server.Faults = func(operation string, _ int) (f fakecloudmap.Fault) {
			if operation != "ListInstances" {
				f.Slow = time.Hour
			}
			return f
		}
		begun := time.Now()
		equal(t, len(find(t, server)), 3)
		equal(t, time.Since(begun), 5*time.Second)
	})
}

func TestTheSDKDoesNotRetryBehindOurBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := cores()
		server.Faults = func(string, int) fakecloudmap.Fault { return fakecloudmap.Fault{Code: "RequestLimitExceeded"} }
		_, err := peers.CloudMap(client(server), service, zerolog.Nop()).Find(background)
		if err == nil || err.Error() != "cannot list the instances of Cloud Map service srv-cores: RequestLimitExceeded: Rate exceeded" {
			t.Error(err)
		}
		equal(t, server.Calls("ListInstances"), 4)
	})
}

func TestDiscoverInstancesReachesALocalEndpoint(t *testing.T) {
	server := cores()
	fill(server, 3)
	var asked []string
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Host)
		server.ServeHTTP(w, r)
	})
	local := httptest.NewServer(handler)
	defer local.Close()
	with := clientAt(local.URL, local.Client(), peers.DisableHostPrefix)
	found := must[[]peers.Member](t)(peers.CloudMap(with, service, zerolog.Nop()).Find(background))
	equal(t, found[0].Health, peers.Healthy)

	asked = nil
	without := clientAt("http://cloudmap.test", &http.Client{Transport: inProcess{handler}})
	must[[]peers.Member](t)(peers.CloudMap(without, service, zerolog.Nop()).Find(background))
	equal(t, asked, []string{"cloudmap.test", "cloudmap.test", "cloudmap.test", "data-cloudmap.test"})
}

func TestBrokenConnectionsOfARealServer(t *testing.T) {
	server := cores()
	fill(server, 150)
	server.Faults = func(_ string, n int) fakecloudmap.Fault { return fakecloudmap.Fault{Reset: n == 1} }
	quiet := httptest.NewUnstartedServer(server)
	quiet.Start()
	defer quiet.Close()
	api := clientAt(quiet.URL, quiet.Client(), peers.DisableHostPrefix)
	equal(t, len(must[[]peers.Member](t)(peers.CloudMap(api, service, zerolog.Nop()).Find(background))), 150)
}
