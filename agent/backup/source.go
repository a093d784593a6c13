package backup

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// Words of BACKUP_FROM that are no address.
const (
	FromDiscovery = "discovery"
	FromOwn       = "this_instance"
)

// Role is what a member does for the database that is backed up.
type Role int

// The roles, in the order in which a backup disturbs least: a read replica takes part in no vote, a follower does not
// hold up writes. A core whose role is not known may be the leader.
const (
	ReadReplica Role = iota
	Follower
	UnknownCore
	Leader
)

// Candidate is a member that a backup may be taken from.
type Candidate struct {
	Address string // host:port of its backup listener
	Role    Role
	Healthy bool
}

// References gives the healthy candidates that are no sources: the leader, which has what the others are to have.
func References(candidates []Candidate, sources []string) (references []string) {
	for _, c := range candidates {
		if c.Healthy && !slices.Contains(sources, c.Address) {
			references = append(references, c.Address)
		}
	}
	return references
}

// Sources gives the addresses to take the backup from, the best first. own is this member's. discovery names the
// healthy candidates, and the leader only when nobody else is healthy; members of one role stay in their order, so that
// a differential backup goes on from the same source.
func Sources(from, own string, candidates []Candidate) ([]string, error) {
	switch from {
	case FromOwn:
		return []string{own}, nil
	case FromDiscovery:
	default:
		return []string{from}, nil
	}
	healthy := slices.DeleteFunc(slices.Clone(candidates), func(c Candidate) bool { return !c.Healthy })
	others := slices.DeleteFunc(slices.Clone(healthy), func(c Candidate) bool { return c.Role == Leader })
	if len(others) > 0 {
		healthy = others
	}
	slices.SortStableFunc(healthy, func(a, b Candidate) int { return cmp.Compare(a.Role, b.Role) })
	var sources []string
	for _, c := range healthy {
		sources = append(sources, c.Address)
	}
	switch {
	case len(candidates) == 0:
		return nil, &SourceError{errors.New("no member was found")}
	case len(sources) == 0:
		return nil, &SourceError{fmt.Errorf("none of the %d members is healthy", len(candidates))}
	}
	return sources, nil
}
