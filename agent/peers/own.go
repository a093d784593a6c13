package peers

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Where tells OwnAddress what to go by.
type Where struct {
	Explicit        string // an address or a name that the user gave; wins
	TaskMetadataURI string // ECS_CONTAINER_METADATA_URI_V4; empty outside ECS
	EC2             bool   // this is an EC2 instance, or a container on one

	HTTP     *http.Client // for the task metadata; must not use a proxy
	IMDS     IMDS         // for the instance metadata, version 2; nil where EC2 cannot be
	Resolver Resolver     // for an explicit name

	Interfaces func() ([]net.Addr, error) // net.InterfaceAddrs
	Routed     func() (netip.Addr, error) // RoutedAddress
}

// Own is this member's address.
type Own struct {
	Advertised string       // where the others reach this member: an address, or the name that was given
	Listen     string       // the address to listen on
	Source     string       // where Advertised comes from, for people
	Addrs      []netip.Addr // what Advertised stands for when it is a name
}

// Member is the entry for Gather and Wait.
func (o Own) Member(port int) Member {
	return Member{Host: o.Advertised, Port: port, Addrs: o.Addrs, Own: true, Health: Healthy}
}

// OwnAddress finds this member's address: the explicit one; in an ECS task with its own network interface (awsvpc) the
// task's; on EC2 the instance's, as with host and bridge networks the others reach the instance; else the address
// that this machine's traffic leaves from. Metadata that does not answer within a second in all is passed over. It
// listens on the same address where a local interface has it, else (a bridge, a mapped name) on the routed one. The
// error is about the explicit address or about a context that ended.
func OwnAddress(ctx context.Context, w Where) (Own, error) {
	if w.Explicit != "" {
		return w.explicit(ctx)
	}
	addr, source := w.fromMetadata(ctx)
	if !addr.IsValid() {
		addr, source = w.routed(), "routed address"
	}
	if ctx.Err() != nil {
		return Own{}, fmt.Errorf("cannot find the own address: %w", context.Cause(ctx))
	}
	return Own{Advertised: addr.String(), Listen: w.listen(addr).String(), Source: source}, nil
}

// explicit takes the user's word for the address; a name is resolved only to see whether it is on this machine.
func (w Where) explicit(ctx context.Context) (Own, error) {
	host := strings.Trim(w.Explicit, "[]")
	own := Own{Advertised: host, Source: "given"}
	if addr, err := netip.ParseAddr(host); err == nil {
		if addr.IsUnspecified() || addr.IsMulticast() {
			return Own{}, fmt.Errorf("cannot advertise %s: the others cannot reach it", host)
		}
		own.Listen = w.listen(addr.Unmap()).String()
		return own, nil
	}
	if !isHost(host) {
		return Own{}, fmt.Errorf("cannot advertise %q: not an address or a name", host)
	}
	limited, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	own.Addrs, _ = lookup(limited, w.Resolver, host) // a name that only the others know is listened for on the routed address
	own.Listen = w.listen(own.Addrs...).String()
	return own, nil
}

// listen is the first of addrs that a local interface has, else the routed address. Linux has all of 127.0.0.0/8.
func (w Where) listen(addrs ...netip.Addr) netip.Addr {
	local := w.local()
	for _, addr := range addrs {
		if addr.IsLoopback() || slices.Contains(local, addr) {
			return addr
		}
	}
	return w.routed()
}

// routed is the address that traffic leaves from; without any route the first of an interface; else loopback.
func (w Where) routed() netip.Addr {
	if addr, err := w.Routed(); err == nil {
		return addr
	}
	usable := func(a netip.Addr) bool { return a.IsGlobalUnicast() }
	if local := w.local(); slices.ContainsFunc(local, usable) {
		return local[slices.IndexFunc(local, usable)]
	}
	return netip.AddrFrom4([4]byte{127, 0, 0, 1})
}

// local are the addresses of this machine's interfaces.
func (w Where) local() []netip.Addr {
	nets, _ := w.Interfaces() // none known: nothing is local
	var addrs []netip.Addr
	for _, n := range nets {
		if prefix, err := netip.ParsePrefix(n.String()); err == nil {
			addrs = append(addrs, prefix.Addr().Unmap())
		}
	}
	return addrs
}

// RoutedAddress is the address of the interface that the default route leaves by, IPv4 before IPv6. Connecting a UDP
// socket chooses the route and sends nothing; the far ends are addresses for documentation (RFC 5737, RFC 3849).
func RoutedAddress() (netip.Addr, error) {
	var err error
	for _, far := range []string{"192.0.2.1:9", "[2001:db8::1]:9"} {
		var conn net.Conn
		if conn, err = net.Dial("udp", far); err == nil {
			local := conn.LocalAddr().(*net.UDPAddr)
			return local.AddrPort().Addr().Unmap(), conn.Close()
		}
	}
	return netip.Addr{}, fmt.Errorf("cannot find a route: %w", err)
}
