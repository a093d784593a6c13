package neo4jconf

import (
	"fmt"
	"strings"
)

// clusterAddress is a port between members: its two settings and its default. The listen address is this member's own and
// not all interfaces, because discovery would else take the first interface it finds, such as Docker's bridge
// (github.com/neo4j/neo4j issue 12221).
type clusterAddress struct {
	listen, advertised setting
	port               int
	cores              bool // only cores have it
}

var clusterAddresses = []clusterAddress{
	{discoveryListen, discoveryAdvertised, discoveryPort, false},
	{transactionListen, transactionAdvertised, transactionPort, false},
	{raftListen, raftAdvertised, raftPort, true},
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
	force(mode, modes[in.Role])
	for _, a := range clusterAddresses {
		if a.cores && in.Role != Core {
			continue
		}
		more, err := in.bind(l, a)
		if err != nil {
			return nil, err
		}
		warnings = append(warnings, more...)
	}
	if kind, ok := l.given(discoveryType); ok && !strings.EqualFold(kind.Value, "LIST") {
		if _, ok := l.given(discoveryMembers); ok || strings.EqualFold(kind.Value, "K8S") {
			return warnings, nil // the user's own way of finding members, which the replaced system kept too
		}
	}
	members, err := in.members(l)
	if err != nil || len(members) == 0 {
		return warnings, err
	}
	force(discoveryType, strings.ToUpper(string(in.Discovery)))
	force(discoveryMembers, strings.Join(members, ","))
	return warnings, nil
}

// leaveCluster makes a server standalone that shall be although the user's mode says otherwise, as while upgrading.
// Without the program's discovery a role that the user chose is the user's affair and stays.
func (in Input) leaveCluster(l *layers) []Warning {
	user, given := l.given(mode)
	if in.Role != Standalone || !given {
		return nil
	}
	if role, err := in.wanted(user.Value); err != nil || role == Standalone {
		return nil
	}
	l.put(in.own(mode, modes[Standalone], Setting{Source: Mandatory}))
	return []Warning{{user.Name, fmt.Sprintf("%s=%s %s is overruled: this server runs alone", user.Name, user.Value, origin(user))}}
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

// members returns the discovery members as host:port in their order, each once. One without port has this member's own
// discovery port, and with SRV none: the record holds it.
func (in Input) members(l *layers) ([]string, error) {
	own, err := parseAddress(l.value(discoveryAdvertised))
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
		case member.port == 0:
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
