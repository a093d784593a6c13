package neo4jconf

import (
	"fmt"
	"slices"
	"strings"
)

// clusterAddress is a port between members: its two settings and its default. The listen address is this member's own and
// not all interfaces, because discovery would else take the first interface it finds, such as Docker's bridge
// (github.com/neo4j/neo4j issue 12221).
type clusterAddress struct {
	listen, advertised setting
	port               int
}

// clusterAddresses are the ports of this member. Only cores have raft up to 4.4; from 5 on any server may come to host a
// primary copy. Discovery has a port of its own up to its service of 5.23.
func (in Input) clusterAddresses(l *layers) []clusterAddress {
	var found []clusterAddress
	if slices.Contains(in.Dialect.memberLists(l.value(discoveryVersion)), discoveryMembers) {
		found = append(found, clusterAddress{discoveryListen, discoveryAdvertised, discoveryPort})
	}
	found = append(found, clusterAddress{transactionListen, transactionAdvertised, transactionPort})
	if in.Role == Core || in.Dialect.strict() {
		found = append(found, clusterAddress{raftListen, raftAdvertised, raftPort})
	}
	return found
}

// joinCluster adds what a member of a cluster of ours cannot do without: its mode, its own addresses and its fellow
// members. Of an address that the user gave, the port stays and the host becomes ours.
func (in Input) joinCluster(l *layers) ([]Warning, error) {
	var warnings []Warning
	force := func(s setting, value string) {
		if user, given := l.given(s); given && !strings.EqualFold(user.Value, value) {
			warnings = append(warnings, Warning{user.Name, fmt.Sprintf("%s=%s %s is overruled: a %s found by discovery has %s",
				user.Name, user.Shown(), origin(user), in.Role, value)})
		}
		l.put(in.own(s, value, Setting{Source: Mandatory}))
	}
	if in.Dialect.strict() {
		force(systemMode, systemModes[in.Role])
	} else {
		force(mode, modes[in.Role])
	}
	for _, a := range in.clusterAddresses(l) {
		more, err := in.bind(l, a)
		if err != nil {
			return nil, err
		}
		warnings = append(warnings, more...)
	}
	if kind, ok := l.given(discoveryType); ok && !strings.EqualFold(kind.Value, "LIST") && (l.membersGiven() || strings.EqualFold(kind.Value, "K8S")) {
		return warnings, nil // the user's own way of finding members, which the replaced system kept too
	}
	for i, list := range in.Dialect.memberLists(l.value(discoveryVersion)) {
		members, err := in.members(l, list, i == 0)
		if err != nil || len(members) == 0 {
			return warnings, err
		}
		if i == 0 {
			force(discoveryType, strings.ToUpper(string(in.Discovery)))
		}
		force(list, strings.Join(members, ","))
	}
	return warnings, nil
}

// membersGiven tells whether the user names fellow members.
func (l *layers) membersGiven() bool {
	_, first := l.given(discoveryMembers)
	_, second := l.given(clusterEndpoints)
	return first || second
}

// bind gives one of the ports between members its addresses.
func (in Input) bind(l *layers, a clusterAddress) ([]Warning, error) {
	host := in.Listen
	if host == "" {
		host = in.Advertise
	}
	listen, warnings, err := in.rehost(l, a.listen, address{host, a.port})
	if err != nil {
		return nil, err
	}
	// Where only the listen port was changed the others must learn of it, as Neo4j does for its connectors (jar).
	advertised, more, err := in.rehost(l, a.advertised, address{in.Advertise, listen.port})
	if err != nil {
		return nil, err
	}
	l.put(in.own(a.listen, listen.String(), Setting{Source: Mandatory}))
	l.put(in.own(a.advertised, advertised.String(), Setting{Source: Mandatory}))
	return append(warnings, more...), nil
}

// rehost returns our address with the port that the user gave, if any.
func (in Input) rehost(l *layers, s setting, ours address) (address, []Warning, error) {
	user, given := l.given(s)
	if !given {
		return ours, nil, nil
	}
	theirs, err := parseAddress(user.Value)
	if err != nil {
		return address{}, nil, fmt.Errorf("cannot use %s %s: %v", user.Name, origin(user), err)
	}
	if theirs.port != 0 {
		ours.port = theirs.port
	}
	if theirs.host == "" || theirs.host == ours.host {
		return ours, nil, nil
	}
	return ours, []Warning{{user.Name, fmt.Sprintf("%s=%s %s keeps its port, but its host is overruled by this member's own: %v",
		user.Name, user.Value, origin(user), ours)}}, nil
}

// members returns the discovery members of one list as host:port in their order, each once. The ports that the members
// come with are those of the first list. One without port has this member's own port for that list, and with SRV none: the
// record holds it.
func (in Input) members(l *layers, list setting, first bool) ([]string, error) {
	own, err := parseAddress(l.value(askedAt[list]))
	if err != nil {
		return nil, err
	}
	var members []string
	seen := map[string]bool{}
	for _, text := range in.Members {
		member, err := parseAddress(text)
		if err != nil || member.host == "" {
			return nil, fmt.Errorf("cannot use %q as a discovery member: it is no host or host:port", text)
		}
		switch {
		case in.Discovery == SRV:
			member.port = 0
		case member.port == 0 || !first:
			member.port = own.port
		}
		if name := member.String(); !seen[name] {
			seen[name] = true
			members = append(members, name)
		}
	}
	if in.Discovery != List && len(members) > 1 {
		return nil, fmt.Errorf("cannot discover by %s with %d names: Neo4j takes one", in.Discovery, len(members))
	}
	return members, nil
}

// origin says where a setting of the user comes from.
func origin(s Setting) string {
	if s.From != "" {
		return "(" + s.From + ")"
	}
	return "(neo4j.conf)"
}
