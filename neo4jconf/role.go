package neo4jconf

import (
	"fmt"
	"strings"
)

// modes is what roles are called in dbms.mode.
var modes = map[Role]string{Standalone: "SINGLE", Core: "CORE", ReadReplica: "READ_REPLICA"}

// systemModes is how a server of 5 or later holds the system database. It alone tells who forms the cluster: only servers
// with a primary copy count (manual, dbms.cluster.minimum_initial_system_primaries_count).
var systemModes = map[Role]string{Core: "PRIMARY", ReadReplica: "SECONDARY"}

// wanted returns the role that the user asks for, and Core in a cluster of ours when the user is silent.
func (in Input) wanted(l *layers) (Role, error) {
	if in.Discovery == "" && (in.Dialect.Edition == Community || in.Dialect.strict() && !l.findsMembers()) {
		return Standalone, nil
	}
	text, by := l.mode()
	switch strings.ToUpper(text) {
	case "CORE":
		return Core, nil
	case "READ_REPLICA":
		return ReadReplica, nil
	case "SINGLE":
		return Standalone, nil
	}
	switch {
	case in.Discovery != "" && text != "":
		return "", fmt.Errorf("cannot find members for %s=%s: discovery is for CORE and READ_REPLICA", by, text)
	case in.Discovery == "" && !in.Dialect.strict():
		return Standalone, nil
	}
	return Core, nil
}

// mode returns the user's dbms.mode and the setting that says it. Since 5 there is none: the system database's mode and what a
// server may host say the same, and the old setting is understood, though never written.
func (l *layers) mode() (text, by string) {
	if !l.dialect.strict() {
		return l.value(mode), l.dialect.name(mode)
	}
	for _, s := range []setting{systemMode, modeConstraint} {
		for role, name := range systemModes {
			if strings.EqualFold(l.value(s), name) {
				return modes[role], l.dialect.name(s)
			}
		}
	}
	const old = "dbms.mode"
	return l.gone[old].Value, old
}

// findsMembers tells whether the user says where fellow members are. A server of 5 or later that has none runs alone.
func (l *layers) findsMembers() bool {
	kind := l.value(discoveryType)
	return l.value(discoveryMembers)+l.value(clusterEndpoints) != "" || kind != "" && !strings.EqualFold(kind, "LIST")
}

// role is what the rendered configuration makes of this member.
func (in Input) role(l *layers) Role {
	if in.clustered() || in.Role == Standalone {
		return in.Role
	}
	in.Role = ""
	role, _ := in.wanted(l) // never fails without discovery
	return role
}
