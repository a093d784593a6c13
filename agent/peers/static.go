package peers

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// static is a list that somebody wrote down.
type static struct {
	resolver Resolver
	members  []Member
}

// Static finds the members of a list, each host or host:port; an IPv6 address with a port stands in brackets. Names
// are resolved only to recognise this member among them; one that does not resolve stays in the list.
func Static(resolver Resolver, list []string) (Finder, error) {
	s := static{resolver: resolver}
	for _, entry := range list {
		m, err := parseMember(strings.TrimSpace(entry))
		if err != nil {
			return nil, err
		}
		s.members = append(s.members, m)
	}
	return s, nil
}

func (s static) String() string { return "the list of members" }

func (s static) Find(ctx context.Context) ([]Member, error) {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	found := make([]Member, len(s.members))
	for i, m := range s.members {
		if len(m.addrs()) == 0 {
			m.Addrs, _ = lookup(ctx, s.resolver, m.Host)
		}
		found[i] = m
	}
	return found, nil
}

func parseMember(entry string) (Member, error) {
	if host := strings.Trim(entry, "[]"); isHost(host) {
		return Member{Host: host}, nil
	}
	host, text, err := net.SplitHostPort(entry)
	if err != nil || !isHost(host) {
		return Member{}, fmt.Errorf("cannot read member %q: not host or host:port", entry)
	}
	port, err := strconv.Atoi(text)
	if err != nil || port < 1 || port > 65535 {
		return Member{}, fmt.Errorf("cannot read member %q: port %q is not a number from 1 to 65535", entry, text)
	}
	return Member{Host: host, Port: port}, nil
}

// hostNames are those of RFC 1123 section 2.1, with the underscore that Docker's names may have, at most 253 long
// (RFC 1035 section 2.3.4).
var hostNames = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,252}$`) })

// isHost tells an address or a name from anything else. A zone (fe80::1%eth0) means nothing on another machine.
func isHost(s string) bool {
	addr, err := netip.ParseAddr(s)
	return err == nil && addr.Zone() == "" || hostNames().MatchString(s)
}
