package peers

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"

	"neo4j-agent/agent/callerror"
)

// Resolver is satisfied by *net.Resolver.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
	LookupSRV(ctx context.Context, service, proto, name string) (string, []*net.SRV, error)
}

// records finds one member for each A record of a name, or each AAAA record where there is no A record.
type records struct {
	resolver Resolver
	name     string
	port     int
}

// DNS finds the members by the address records of name. Each is taken to be on port (0: the caller's default). A name
// that does not exist has no members yet.
func DNS(resolver Resolver, name string, port int) Finder { return records{resolver, name, port} }

func (r records) String() string { return "the DNS name " + r.name }

func (r records) Find(ctx context.Context) ([]Member, error) {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	addrs, err := lookup(ctx, r.resolver, r.name)
	if err != nil {
		return nil, fmt.Errorf("cannot look up %s: %s", r.name, callerror.Reason(err))
	}
	found := make([]Member, len(addrs))
	for i, addr := range addrs {
		found[i] = Member{Host: addr.String(), Port: r.port}
	}
	return found, nil
}

// services finds one member for each SRV record of a name.
type services struct {
	resolver Resolver
	name     string
}

// SRV finds the members by the SRV records of name, which is the whole name, such as _discovery._tcp.neo4j.local. A
// name that does not exist has no members yet; a target that does not resolve is no member yet, as nobody can reach it.
func SRV(resolver Resolver, name string) Finder { return services{resolver, name} }

func (s services) String() string { return "the SRV records of " + s.name }

func (s services) Find(ctx context.Context) ([]Member, error) {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	_, answers, err := s.resolver.LookupSRV(ctx, "", "", s.name)
	if err != nil && !isNotFound(err) {
		return nil, fmt.Errorf("cannot look up the SRV records of %s: %s", s.name, callerror.Reason(err))
	}
	var found []Member
	for _, answer := range answers {
		addrs, err := lookup(ctx, s.resolver, answer.Target)
		if err != nil {
			return nil, fmt.Errorf("cannot look up %s: %s", answer.Target, callerror.Reason(err))
		}
		if len(addrs) > 0 {
			found = append(found, Member{Host: answer.Target, Port: int(answer.Port), Addrs: addrs})
		}
	}
	return found, nil
}

// lookup resolves name. A member with both kinds of address is still one member, so IPv6 counts only without IPv4.
func lookup(ctx context.Context, resolver Resolver, name string) ([]netip.Addr, error) {
	answers, err := resolver.LookupNetIP(ctx, "ip", name)
	if err != nil && !isNotFound(err) {
		return nil, err
	}
	var v4, v6 []netip.Addr
	for _, addr := range answers {
		if addr = addr.Unmap(); addr.Is4() {
			v4 = append(v4, addr)
		} else {
			v6 = append(v6, addr)
		}
	}
	if len(v4) > 0 {
		return v4, nil
	}
	return v6, nil
}

func isNotFound(err error) bool {
	var trouble *net.DNSError
	return errors.As(err, &trouble) && trouble.IsNotFound
}
