package peers_test

import (
	"context"
	"net"
	"net/netip"
	"testing"

	"neo4j-agent/agent/peers"
)

func (f fakeResolver) LookupNetIP(_ context.Context, _, name string) (found []netip.Addr, _ error) {
	if f.addrs[name] == nil || f.broken[name] {
		return nil, f.err(name)
	}
	for _, a := range f.addrs[name] {
		found = append(found, netip.MustParseAddr(a))
	}
	return found, nil
}

func (f fakeResolver) LookupSRV(_ context.Context, _, _, name string) (string, []*net.SRV, error) {
	if f.srv[name] == nil || f.broken[name] {
		return "", nil, f.err(name)
	}
	return name, f.srv[name], nil
}

var zone = fakeResolver{
	addrs: map[string][]string{
		"cores":  {"10.0.0.2", "10.0.0.1", "::ffff:10.0.0.3"},
		"both":   {"fd00::1", "10.0.0.1"},
		"six":    {"fd00::1", "fd00::2"},
		"core-1": {"10.0.0.1"}, "core-2.": {"10.0.0.2"}, "core-1.": {"10.0.0.1"},
	},
	srv:    map[string][]*net.SRV{"_d._tcp.cores": {{Target: "core-2.", Port: 5001}, {Target: "gone.", Port: 5000}, {Target: "core-1.", Port: 5000}}},
	broken: map[string]bool{"broken": true},
}

func TestDNSGivesOneMemberForEachAddress(t *testing.T) {
	for name, want := range map[string][]string{
		"cores": {"10.0.0.1:5000", "10.0.0.2:5000", "10.0.0.3:5000"}, // also IPv4 written as IPv6
		"both":  {"10.0.0.1:5000"},                                   // one member with two addresses
		"six":   {"[fd00::1]:5000", "[fd00::2]:5000"},
		"gone":  nil,
	} {
		found, err := peers.DNS(zone, name, 5000).Find(background)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		equal(t, hosts(peers.Gather(found, peers.Member{}, 1)), want)
	}
}

func TestABrokenNameServerIsAnErrorThatNamesIt(t *testing.T) {
	_, err := peers.DNS(zone, "broken", 5000).Find(background)
	if err == nil || err.Error() != "cannot look up broken: lookup broken on 10.0.0.2:53: server misbehaving" {
		t.Error(err)
	}
	if _, err = peers.SRV(zone, "broken").Find(background); err == nil {
		t.Error("no error")
	}
	lost := zone
	lost.broken = map[string]bool{"core-1.": true}
	if found, err := peers.SRV(lost, "_d._tcp.cores").Find(background); err == nil {
		t.Errorf("a target that cannot be looked up is passed over: %v", found)
	}
}

func TestSRVGivesHostsAndPortsThatResolve(t *testing.T) {
	found := must[[]peers.Member](t)(peers.SRV(zone, "_d._tcp.cores").Find(background))
	own := peers.Member{Host: "10.0.0.2", Port: 5001}
	equal(t, hosts(peers.Gather(found, own, 1)), []string{"10.0.0.2:5001", "core-1:5000"})
	equal(t, len(must[[]peers.Member](t)(peers.SRV(zone, "gone").Find(background))), 0)
}

func TestAListKeepsNamesAndRecognisesThisMember(t *testing.T) {
	list := must[peers.Finder](t)(peers.Static(zone, []string{"core-1:5000", " core-3 ", "10.0.0.4", "[fd00::1]:5000", "fd00::2", "broken"}))
	found := must[[]peers.Member](t)(list.Find(background))
	equal(t, hosts(peers.Gather(found, peers.Member{Host: "10.0.0.1", Port: 5000}, 9)),
		[]string{"10.0.0.1:5000", "10.0.0.4", "[fd00::1]:5000", "fd00::2", "broken", "core-3"})
}

func TestAListWithAMistakeIsRefused(t *testing.T) {
	for _, entry := range []string{"", "core-1:", ":5000", "core-1:port", "core-1:0", "core-1:65536", "a b", "http://core-1", "[fd00::1]:x", "a:b:c", "fe80::1%eth0", "core-1\nx"} {
		if list, err := peers.Static(zone, []string{"10.0.0.1", entry}); err == nil {
			t.Errorf("%q is taken as %v", entry, must[[]peers.Member](t)(list.Find(background)))
		}
	}
}

func FuzzAMemberThatIsTakenIsWrittenAsItWasRead(f *testing.F) {
	for _, entry := range []string{"core-1", "core-1:5000", "10.0.0.1:5000", "[fd00::1]:5000", "fd00::1", "[fd00::1]", "fe80::1%eth0", ":"} {
		f.Add(entry)
	}
	f.Fuzz(func(t *testing.T, entry string) {
		list, err := peers.Static(fakeResolver{}, []string{entry})
		if err != nil {
			return
		}
		first := must[[]peers.Member](t)(list.Find(background))
		again := must[peers.Finder](t)(peers.Static(fakeResolver{}, hosts(first)))
		equal(t, hosts(must[[]peers.Member](t)(again.Find(background))), hosts(first))
	})
}
