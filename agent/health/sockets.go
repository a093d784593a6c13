package health

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
)

// States in /proc/net/tcp (Linux, include/net/tcp_states.h).
const (
	established = "01"
	listening   = "0A"
)

// socket is one row of /proc/net/tcp or tcp6.
type socket struct {
	local, remote netip.AddrPort
	state         string
}

// discovery looks at this member's discovery port without touching it: whether it is certain that nobody listens
// there, and which other members have a connection to it. Connections of members that share this member's address
// cannot be told apart; then nobody is counted (nil).
func discovery(m Member) (closed bool, connected []string) {
	open, read := false, false
	peers := map[netip.Addr]bool{}
	for _, name := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		table, err := os.Open(name)
		if err != nil {
			continue
		}
		open = m.survey(table, peers) || open
		read = true
		_ = table.Close()
	}
	return read && !open, m.connected(peers)
}

// survey tells whether one of the sockets in the table listens on the discovery port, and adds to peers whom it is
// connected with.
func (m Member) survey(table io.Reader, peers map[netip.Addr]bool) (open bool) {
	port := uint16(m.Ports.Discovery)
	own, err := netip.ParseAddr(m.Listen)
	anywhere := err != nil || own.IsUnspecified()
	each(table, func(s socket) {
		mine := anywhere || s.local.Addr() == own
		switch {
		case s.state == listening && s.local.Port() == port && (mine || s.local.Addr().IsUnspecified()):
			open = true
		case s.state == established && mine && (s.local.Port() == port || s.remote.Port() == port):
			peers[s.remote.Addr()] = true
		}
	})
	return open
}

// connected are the discovery members among the peers.
func (m Member) connected(peers map[netip.Addr]bool) []string {
	found := []string{}
	for _, address := range m.Members {
		host := HostOf(address)
		if address == m.discovery() || address == hostPort(m.Address, m.Ports.Discovery) {
			continue
		}
		addr, err := netip.ParseAddr(host)
		if err != nil || host == m.Address {
			return nil
		}
		if peers[addr] {
			found = append(found, address)
		}
	}
	return found
}

// each reads the rows of /proc/net/tcp or tcp6; rows that it does not understand are passed over.
func each(table io.Reader, f func(socket)) {
	for rows := bufio.NewScanner(table); rows.Scan(); {
		columns := strings.Fields(rows.Text())
		if len(columns) < 4 {
			continue
		}
		local, ok := parseAddrPort(columns[1])
		remote, alsoOK := parseAddrPort(columns[2])
		if ok && alsoOK {
			f(socket{local, remote, columns[3]})
		}
	}
}

// parseAddrPort reads the kernel's form: each 32-bit word of the address as a number in the machine's byte order. IPv4
// inside IPv6, which is what a JVM listens on, becomes IPv4.
func parseAddrPort(text string) (netip.AddrPort, bool) {
	address, portText, _ := strings.Cut(text, ":")
	port, err := strconv.ParseUint(portText, 16, 16)
	if err != nil || len(address) != 8 && len(address) != 32 {
		return netip.AddrPort{}, false
	}
	var raw []byte
	for i := 0; i < len(address); i += 8 {
		word, err := strconv.ParseUint(address[i:i+8], 16, 32)
		if err != nil {
			return netip.AddrPort{}, false
		}
		raw = binary.NativeEndian.AppendUint32(raw, uint32(word))
	}
	addr, _ := netip.AddrFromSlice(raw)
	return netip.AddrPortFrom(addr.Unmap(), uint16(port)), true
}

// HostOf is the host of host:port, or all of a text without a port.
func HostOf(address string) string {
	if host, _, err := net.SplitHostPort(address); err == nil {
		return host
	}
	return address
}
