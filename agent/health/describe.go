package health

import (
	"cmp"
	"maps"
	"slices"
)

// identity is the part of the status that is known without Neo4j.
func (v view) identity() Status {
	member, supervisor := v.facts.Member, v.facts.Supervisor
	s := Status{
		AgentVersion: v.facts.AgentVersion,
		Role:         RoleUnknown,
		Restarts:     Restarts{Done: supervisor.Restarts, Left: supervisor.RestartsLeft},
		Started:      v.facts.ContainerStart,
		FailedWrites: supervisor.FailedWrites,
		Formation:    v.was.Formation,
		Restore:      v.restore(),
	}
	s.Formation.Present = 0
	s.Formation.Leader = ""
	if !v.facts.Prepared {
		member = Member{} // of the run before, if of any
	}
	s.Version, s.Edition, s.Cluster = member.Version, member.Edition, member.Cluster
	s.Member = Identity{ID: member.ID, Kind: member.Role, Address: member.Address, Bolt: member.bolt(),
		HTTP: hostPort(member.Address, member.Ports.HTTP)}
	return s
}

// describe adds what a running database showed.
func (v view) describe(s *Status) {
	s.Databases = v.roles()
	s.Role = cmp.Or(s.Databases[v.database()], RoleUnknown)
	serves := s.Phase == Ready
	s.Writable = serves && (s.Role == RoleStandalone || s.Role == RoleLeader)
	s.Readable = serves || v.facts.Member.Role != Standalone && s.Phase == Joining && v.facts.Seeding == "" && v.seen.Bolt.Answers
	if v.facts.Member.Role == Standalone {
		s.Formation = Formation{}
		return
	}
	s.Members = v.members()
	s.Formation = v.formation(s.Members)
}

// roles of this member by database. A role in a group without a leader is none.
func (v view) roles() map[string]string {
	kind, seen := v.facts.Member.Role, v.seen
	switch {
	case kind == Standalone && v.answers():
		return map[string]string{v.database(): RoleStandalone}
	case kind == ReadReplica && v.serving():
		roles := map[string]string{v.database(): RoleReadReplica}
		maps.Copy(roles, v.own().Roles)
		return roles
	case kind == Core && v.inCluster():
		roles := maps.Clone(v.own().Roles)
		if seen.Raft.Known {
			roles = orEmpty(roles)
			roles[v.database()] = v.raftRole() // the overview lags behind an election
		}
		return roles
	}
	return nil
}

func (v view) raftRole() string {
	if v.seen.Writable || v.seen.Raft.Leader == v.seen.Raft.MemberID {
		return RoleLeader
	}
	return RoleFollower
}

// members are those of the overview, then the voting members that it lacks, under the address they had; where there is
// no overview, those that prepare found.
func (v view) members() []MemberStatus {
	if len(v.seen.Members) == 0 {
		return v.awaitedMembers()
	}
	own := v.own().ID
	var all []MemberStatus
	for _, seen := range v.seen.Members {
		all = append(all, MemberStatus{ID: seen.ID, Address: seen.Bolt, HTTP: seen.HTTP, Healthy: true,
			Role: v.memberRole(seen), Own: seen.ID == own})
	}
	for _, id := range v.seen.Raft.Voting {
		if slices.ContainsFunc(all, func(m MemberStatus) bool { return m.ID == id }) {
			continue
		}
		lost := MemberStatus{ID: id}
		if i := slices.IndexFunc(v.was.Members, func(m MemberStatus) bool { return m.ID == id }); i >= 0 {
			lost = v.was.Members[i]
		}
		lost.Role, lost.Healthy = RoleUnknown, false
		all = append(all, lost)
	}
	slices.SortFunc(all, func(a, b MemberStatus) int {
		return cmp.Or(cmp.Compare(a.Address, b.Address), cmp.Compare(a.ID, b.ID))
	})
	return all
}

// memberRole is the role that the overview gives. Where the raft status knows the leader that one counts, since it is
// newer; without a leader nobody has a role.
func (v view) memberRole(seen Seen) string {
	role := cmp.Or(seen.Roles[v.database()], RoleUnknown)
	switch {
	case role == RoleReadReplica || !v.seen.Raft.Known || !v.seen.Raft.Core:
		return role
	case !v.seen.Raft.led():
		return RoleUnknown
	case seen.ID == v.seen.Raft.Leader:
		return RoleLeader
	}
	return RoleFollower
}

// awaitedMembers are the discovery members before there is an overview.
func (v view) awaitedMembers() []MemberStatus {
	var all []MemberStatus
	for _, address := range v.facts.Member.Members {
		own := address == hostPort(v.facts.Member.Address, v.facts.Member.Ports.Discovery)
		all = append(all, MemberStatus{Address: address, Role: RoleUnknown, Own: own,
			Healthy: own || slices.Contains(v.seen.Connected, address)})
	}
	return all
}

func (v view) formation(members []MemberStatus) Formation {
	f := Formation{
		Size:   v.facts.Member.FormationSize,
		Formed: v.facts.Member.FormedBefore || v.was.Formation.Formed || v.facts.Member.Role == Core && v.inCluster(),
	}
	if v.seen.Raft.Core {
		f.Voting = len(v.seen.Raft.Voting) // a replica names those that it sees
	}
	for _, m := range members {
		if m.Healthy && m.Role != RoleReadReplica {
			f.Present++
		}
		if m.Role == RoleLeader {
			f.Leader = m.Address
		}
	}
	return f
}

func orEmpty(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}
