package peers_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"neo4j-agent/agent/peers"
)

var (
	healthy   = peers.Healthy
	unhealthy = peers.Unhealthy
	stale     = peers.Stale
)

func at(host string, port int, health peers.Health) peers.Member {
	return peers.Member{Host: host, Port: port, Health: health}
}

func TestGather(t *testing.T) {
	own := peers.Member{Host: "10.0.0.2", Port: 5000}
	named := peers.Member{Host: "core-2", Port: 5000, Addrs: []netip.Addr{netip.MustParseAddr("10.0.0.2")}}
	for name, c := range map[string]struct {
		found []peers.Member
		own   peers.Member
		want  []string
	}{
		"nothing found is this member alone":       {nil, own, []string{"10.0.0.2:5000"}},
		"nothing found by a stranger is nobody":    {nil, peers.Member{}, nil},
		"own counts once when listed with a port":  {[]peers.Member{at("10.0.0.2", 5000, healthy)}, own, []string{"10.0.0.2:5000"}},
		"own counts once when listed without":      {[]peers.Member{at("10.0.0.2", 0, healthy)}, own, []string{"10.0.0.2:5000"}},
		"own counts once when listed twice":        {[]peers.Member{at("10.0.0.2", 0, healthy), at("10.0.0.2", 5000, stale)}, own, []string{"10.0.0.2:5000"}},
		"own counts once when listed by name":      {[]peers.Member{named}, own, []string{"10.0.0.2:5000"}},
		"own with a name counts once by address":   {[]peers.Member{at("10.0.0.2", 0, healthy)}, named, []string{"core-2:5000"}},
		"own address on another port is another":   {[]peers.Member{at("10.0.0.2", 5001, healthy)}, own, []string{"10.0.0.2:5000", "10.0.0.2:5001"}},
		"own is healthy whatever is said":          {[]peers.Member{at("10.0.0.2", 0, unhealthy), at("10.0.0.1", 0, unhealthy)}, own, []string{"10.0.0.2:5000", "10.0.0.1"}},
		"duplicates collapse":                      {[]peers.Member{at("10.0.0.3", 0, healthy), at("10.0.0.3", 0, healthy)}, own, []string{"10.0.0.2:5000", "10.0.0.3"}},
		"names differ not by case nor last dot":    {[]peers.Member{at("Core-1.", 0, healthy), at("core-1", 0, healthy)}, own, []string{"10.0.0.2:5000", "core-1"}},
		"one way of writing IPv6":                  {[]peers.Member{at("fd00:0::1", 5000, healthy), at("fd00::1", 5000, healthy)}, own, []string{"10.0.0.2:5000", "[fd00::1]:5000"}},
		"a reused address has its best health":     {[]peers.Member{at("10.0.0.1", 0, stale), at("10.0.0.1", 0, healthy)}, own, []string{"10.0.0.1", "10.0.0.2:5000"}},
		"numeric order, then names":                {[]peers.Member{at("core-1", 0, healthy), at("10.0.0.10", 0, healthy), at("10.0.0.9", 0, healthy)}, own, []string{"10.0.0.2:5000", "10.0.0.9", "10.0.0.10", "core-1"}},
		"unhealthy then stale come last if needed": {[]peers.Member{at("10.0.0.1", 0, stale), at("10.0.0.3", 0, unhealthy)}, own, []string{"10.0.0.2:5000", "10.0.0.3", "10.0.0.1"}},
		"and are left out when there are enough":   {[]peers.Member{at("10.0.0.1", 0, stale), at("10.0.0.3", 0, unhealthy), at("10.0.0.4", 0, healthy), at("10.0.0.5", 0, peers.Unknown)}, own, []string{"10.0.0.2:5000", "10.0.0.4", "10.0.0.5"}},
		"all healthy ones are kept beyond the need": {[]peers.Member{at("10.0.0.1", 0, healthy), at("10.0.0.3", 0, healthy), at("10.0.0.4", 0, healthy)}, own,
			[]string{"10.0.0.1", "10.0.0.2:5000", "10.0.0.3", "10.0.0.4"}},
	} {
		t.Run(name, func(t *testing.T) { equal(t, hosts(peers.Gather(c.found, c.own, 3)), c.want) })
	}
}

func TestTheOrderOfTheAnswerDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		member := rapid.Custom(func(t *rapid.T) peers.Member {
			n := rapid.IntRange(1, 3).Draw(t, "n")
			host := rapid.SampledFrom([]string{"10.0.0.%d", "core-%d", "fd00::%d"}).Draw(t, "host")
			return peers.Member{Host: fmt.Sprintf(host, n), Port: rapid.SampledFrom([]int{0, 5000}).Draw(t, "port"),
				Health: peers.Health(rapid.IntRange(0, 3).Draw(t, "health")), InstanceID: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "id")}
		})
		found := rapid.SliceOfN(member, 0, 30).Draw(t, "found")
		own := rapid.SampledFrom([]peers.Member{{}, {Host: "10.0.0.3", Port: 5000}}).Draw(t, "own")
		enough := rapid.IntRange(1, 5).Draw(t, "enough")
		first := peers.Gather(found, own, enough)
		rand.Shuffle(len(found), func(i, j int) { found[i], found[j] = found[j], found[i] })
		if again := peers.Gather(found, own, enough); !reflect.DeepEqual(first, again) {
			t.Fatalf("%#v\nthen %#v", first, again)
		}
		seen, owned := map[string]bool{}, 0
		for _, m := range first {
			if seen[m.String()] {
				t.Fatalf("%s is there twice", m)
			}
			seen[m.String()] = true
			if m.Own {
				owned++
			}
		}
		if (owned == 1) != (own.Host != "") {
			t.Fatalf("own counted %d times", owned)
		}
	})
}
