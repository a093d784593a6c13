package neo4jconf

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// leaveCluster makes a server standalone that shall be although the user's settings say otherwise, as while upgrading.
// Without the program's discovery a role that the user chose is the user's affair and stays.
func (in Input) leaveCluster(l *layers) []Warning {
	if in.Role != Standalone {
		return nil
	}
	if in.Dialect.strict() {
		return in.leaveMembers(l)
	}
	user, given := l.given(mode)
	if !given {
		return nil
	}
	if role, err := in.wanted(l); err != nil || role == Standalone {
		return nil
	}
	l.put(in.own(mode, modes[Standalone], Setting{Source: Mandatory}))
	return []Warning{{user.Name, fmt.Sprintf("%s=%s %s is overruled: this server runs alone", user.Name, user.Value, origin(user))}}
}

// leaveMembers takes out what makes a server of 5 or later wait for others: it runs alone when it knows none, and only
// with a primary copy of the system database.
func (in Input) leaveMembers(l *layers) []Warning {
	if !l.findsMembers() && !strings.EqualFold(l.value(systemMode), systemModes[ReadReplica]) {
		return nil
	}
	var warnings []Warning
	for _, s := range []setting{discoveryType, discoveryMembers, clusterEndpoints, systemMode, modeConstraint} {
		if user, given := l.given(s); given {
			l.drop(s)
			warnings = append(warnings, Warning{user.Name, fmt.Sprintf("%s=%s %s is left out: this server runs alone", user.Name, user.Value, origin(user))})
		}
	}
	return warnings
}

// leaveOut tells of what the user set and this version has no more. Written, it would stop the server.
func (in Input) leaveOut(l *layers) []Warning {
	var warnings []Warning
	for _, name := range slices.Sorted(maps.Keys(l.gone)) {
		if name == "dbms.mode" && in.clustered() {
			continue // understood as the role
		}
		user := l.gone[name]
		warnings = append(warnings, Warning{name, fmt.Sprintf("%s %s is left out: Neo4j %v has nothing like it", name, origin(user), in.Dialect.Version)})
	}
	return warnings
}
