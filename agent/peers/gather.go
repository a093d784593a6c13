package peers

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
)

// Gather makes the members list of what was found. This member is counted once, whether it is listed or not; a zero
// own means that it is none of those looked for (a read replica among cores). The same host and port is one member,
// with the best health said of it. The healthy come first, and those of unknown health; the unhealthy and the stale
// come last and are left out when there are enough without them. The order depends on the members alone, not on the
// order of the answer.
func Gather(found []Member, own Member, enough int) []Member {
	members := []Member{}
	if own.Host != "" {
		own = normal(own)
		own.Own, own.Health = true, Healthy
		members = append(members, own)
	}
	for _, m := range found {
		m = normal(m)
		same := func(known Member) bool {
			return known.Own && samePlace(known, m) || known.Host == m.Host && known.Port == m.Port
		}
		i := slices.IndexFunc(members, same)
		switch {
		case i < 0:
			members = append(members, m)
		case !members[i].Own && compare(m, members[i]) < 0:
			members[i] = m
		}
	}
	slices.SortFunc(members, compare)
	if good := slices.IndexFunc(members, func(m Member) bool { return !m.Health.good() }); good >= enough {
		members = members[:good]
	}
	return members
}

// normal writes equal hosts equally: addresses in their short form, names in lower case without the root's dot.
func normal(m Member) Member {
	m.Host = strings.ToLower(strings.TrimSuffix(m.Host, "."))
	if addr, err := netip.ParseAddr(m.Host); err == nil {
		m.Host = addr.Unmap().String()
	}
	return m
}

// samePlace tells whether m can only be own: at one of its addresses, and not on another port of a shared address.
func samePlace(own, m Member) bool {
	if own.Port != m.Port && own.Port != 0 && m.Port != 0 {
		return false
	}
	return own.Host == m.Host || slices.ContainsFunc(m.addrs(), func(a netip.Addr) bool { return slices.Contains(own.addrs(), a) })
}

// addrs are the addresses that the host is or stands for.
func (m Member) addrs() []netip.Addr {
	if addr, err := netip.ParseAddr(m.Host); err == nil {
		return []netip.Addr{addr}
	}
	return m.Addrs
}

// compare puts the good before the unhealthy before the stale, then goes by address (numerically), name and port.
func compare(a, b Member) int {
	addrA, errA := netip.ParseAddr(a.Host)
	addrB, errB := netip.ParseAddr(b.Host)
	byHost := cmp.Compare(a.Host, b.Host)
	if errA == nil && errB == nil {
		byHost = addrA.Compare(addrB)
	} else if (errA == nil) != (errB == nil) { // addresses before names
		byHost = map[bool]int{true: -1, false: 1}[errA == nil]
	}
	return cmp.Or(cmp.Compare(rank(a.Health), rank(b.Health)), byHost, cmp.Compare(a.Port, b.Port),
		cmp.Compare(a.InstanceID, b.InstanceID), cmp.Compare(b.Health, a.Health))
}

// rank orders by health; unknown counts as good, for sources that keep no health.
func rank(h Health) Health {
	if h.good() {
		return Healthy
	}
	return h
}
