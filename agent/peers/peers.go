// Package peers tells who is in the cluster and what this member's own address is.
//
// A Finder asks one source once: Cloud Map, DNS A or AAAA records, DNS SRV records, or a fixed list. Gather makes one
// ordered list of what it found and of this member. Wait asks until there are enough. OwnAddress finds the address
// that the others reach this member at, and Registration enters it into Cloud Map where the platform does not.
package peers

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strconv"
)

// Member is one place where a member of the cluster is said to be.
type Member struct {
	Host       string       // address or name
	Port       int          // 0: the source does not know, the caller's default is meant
	Addrs      []netip.Addr // what Host stands for when it is a name; serves only to recognise this member
	Own        bool         // this member itself
	Health     Health
	InstanceID string // in Cloud Map; empty elsewhere
}

// String is host or host:port, as the members list is written.
func (m Member) String() string {
	if m.Port == 0 {
		return m.Host
	}
	return net.JoinHostPort(m.Host, strconv.Itoa(m.Port))
}

// describe is String with what is known against the member, for sentences.
func (m Member) describe() string {
	switch {
	case m.Own:
		return m.String() + " (own)"
	case m.Health == Unhealthy, m.Health == Stale:
		return fmt.Sprintf("%s (%s)", m, m.Health)
	}
	return m.String()
}

// Health is what the source says of a member. The zero value is Unknown.
type Health int

// The values of Health.
const (
	Unknown   Health = iota // the source keeps no health
	Healthy                 // alive, as far as the source knows
	Unhealthy               // its health check fails, or has not passed yet
	Stale                   // listed, yet no longer given to those who ask for the service
)

// String is the word for people and for JSON.
func (h Health) String() string {
	return [...]string{"unknown", "healthy", "unhealthy", "stale"}[h]
}

// good tells the members worth naming first.
func (h Health) good() bool { return h == Healthy || h == Unknown }

// Finder asks one source for the members, once. An empty answer is no error. Its String completes the sentence
// "2 members found in …".
type Finder interface {
	Find(ctx context.Context) ([]Member, error)
	fmt.Stringer
}
