package neo4jconf

import (
	"path"
	"strings"
)

// DiscoveryService is one of the two services by which members of 5.23 to 5.26 find each other. Members that run different
// ones do not meet, so an existing cluster keeps its own; a new one gets the second, which is the only one later.
type DiscoveryService string

// The services, as dbms.cluster.discovery.version names them. Where nobody says, Neo4j runs the first (manual).
const (
	V1Only DiscoveryService = "V1_ONLY"
	V2Only DiscoveryService = "V2_ONLY"
)

// askedAt is the address at which members of a list are asked.
var askedAt = map[setting]setting{discoveryMembers: discoveryAdvertised, clusterEndpoints: transactionAdvertised}

// memberLists are the settings that list fellow members, the one whose service leads first. A cluster on its way from one
// service to the other runs both.
func (d Dialect) memberLists(version string) []setting {
	switch strings.ToUpper(version) {
	case "V2_ONLY":
		return []setting{clusterEndpoints}
	case "V2_OVER_V1":
		return []setting{clusterEndpoints, discoveryMembers}
	case "V1_OVER_V2":
		return []setting{discoveryMembers, clusterEndpoints}
	}
	if d.name(discoveryMembers) == "" {
		return []setting{clusterEndpoints}
	}
	return []setting{discoveryMembers}
}

// Service returns the discovery service of this configuration, "" where the version has no choice. Keep it on the volume:
// it is the Input's at the next start.
func (c Config) Service() DiscoveryService {
	if c.dialect.name(discoveryVersion) == "" || c.role == Standalone {
		return ""
	}
	if c.dialect.memberLists(c.get(discoveryVersion))[0] == clusterEndpoints {
		return V2Only
	}
	return V1Only
}

// ServiceBefore returns the discovery service of a volume that nobody kept one for: the first where a server has run on it,
// as that one did not have ours, and "" for a new volume. exists reports whether there is a file or folder of that path.
func (c Config) ServiceBefore(exists func(path string) bool) DiscoveryService {
	if c.dialect.name(discoveryVersion) != "" && exists(path.Join(c.DataDir(), "databases/system")) {
		return V1Only
	}
	return ""
}
