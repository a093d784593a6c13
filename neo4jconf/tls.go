package neo4jconf

import (
	"cmp"
	"path"
	"slices"
	"strings"
)

// Channel is what can be spoken over TLS, by the name of its policy (manual, "SSL framework").
type Channel string

// The channels: two for clients, and two between servers, of which only Enterprise knows.
const (
	OverBolt    Channel = "bolt"
	OverHTTPS   Channel = "https"
	OverCluster Channel = "cluster" // between members: discovery, Raft, transactions, routing
	OverBackup  Channel = "backup"
)

// Channels are all of them.
var Channels = []Channel{OverBolt, OverHTTPS, OverCluster, OverBackup}

// Mutual tells whether both ends of a channel show a certificate and believe only those that they trust.
func (c Channel) Mutual() bool { return c == OverCluster || c == OverBackup }

// TLS is what the program knows of certificates.
type TLS struct {
	// Folders hold private.key, public.crt, trusted and revoked of a channel, which must all be there (manual).
	Folders map[Channel]string
	Bolt    string // AGENT_TLS_BOLT: OPTIONAL, REQUIRED or "" for OPTIONAL where there is a folder
}

const policyPrefix = "dbms.ssl.policy."

// policySettings are those of a policy, by what follows its name; the folder has Neo4j's own names for the rest. 3.5 has
// no switch, and wants certificates of all clients where nobody says otherwise (jar: SslPolicyConfig). Members trust who
// has a certificate of their authority, whatever its host: their addresses change with each task, and the versions differ
// in whether they compare (2025.01 and later do).
var policySettings = []struct {
	suffix             string
	since40            bool
	forClients, mutual string
}{
	{"enabled", true, "true", "true"},
	{"base_directory", false, "{folder}", "{folder}"},
	{"client_auth", false, "NONE", "REQUIRE"},
	{"verify_hostname", false, "", "false"},
}

// policyOf is where 3.5 names the policy of a channel.
var policyOf = map[Channel]setting{OverBolt: boltPolicy, OverHTTPS: httpsPolicy, OverCluster: clusterPolicy, OverBackup: backupPolicy}

// encrypt adds the policies of the channels for which there are certificates. A channel of which the user says anything
// about its policy stays theirs. HTTPS is switched on against the file, since the one that Neo4j ships switches it off.
func (in Input) encrypt(l *layers) {
	derived := Setting{Source: Derived, From: "AGENT_TLS_DIR"}
	for _, channel := range Channels {
		folder := in.TLS.Folders[channel]
		if folder == "" || !in.Dialect.speaks(channel, in.role(l)) || in.Dialect.hasOwnPolicy(l.sorted(), channel) {
			continue
		}
		named := in.Dialect.name(policyOf[channel]) != ""
		for _, s := range policySettings {
			text := s.forClients
			if channel.Mutual() {
				text = s.mutual
			}
			if text != "" && (!named || !s.since40) {
				one := in.own(policyOf[channel], strings.ReplaceAll(text, "{folder}", folder), derived)
				one.Name = policyPrefix + string(channel) + "." + s.suffix
				l.put(one)
			}
		}
		if named {
			l.put(in.own(policyOf[channel], string(channel), derived))
		}
		switch channel {
		case OverHTTPS:
			l.put(in.own(httpsEnabled, "true", derived))
		case OverBolt:
			l.put(in.own(boltTLS, "OPTIONAL", Setting{Source: Default}))
		}
	}
	if in.TLS.Bolt != "" {
		l.put(in.own(boltTLS, in.TLS.Bolt, Setting{Source: Derived, From: "AGENT_TLS_BOLT"}))
	}
}

// speaks tells whether such a member has a channel at all.
func (d Dialect) speaks(channel Channel, role Role) bool {
	return !channel.Mutual() || d.Edition == Enterprise && (channel != OverCluster || role != Standalone)
}

// Speaks tells whether this member has a channel at all.
func (c Config) Speaks(channel Channel) bool { return c.dialect.speaks(channel, c.role) }

// hasOwnPolicy tells whether the user says anything about the policy of a channel.
func (d Dialect) hasOwnPolicy(all []Setting, channel Channel) bool {
	named := d.name(policyOf[channel])
	return slices.ContainsFunc(all, func(s Setting) bool {
		theirs := s.Source == FromFile || s.Source == FromEnvironment
		return theirs && (strings.HasPrefix(s.Name, policyPrefix+string(channel)+".") || named != "" && s.Name == named)
	})
}

// OwnPolicy tells whether the user says anything about the policy of a channel, so that the program leaves it alone.
func (c Config) OwnPolicy(channel Channel) bool { return c.dialect.hasOwnPolicy(c.settings, channel) }

// Certificate returns the file whose first certificate the channel shows, "" where it shows none.
func (c Config) Certificate(channel Channel) string {
	return c.ofPair(channel, "public_certificate", "public.crt", "neo4j.cert")
}

// PrivateKey returns the file of its key.
func (c Config) PrivateKey(channel Channel) string {
	return c.ofPair(channel, "private_key", "private.key", "neo4j.key")
}

// ofPair returns a file of the channel's pair, by its setting, by its name in the folder, and by that of the one that 3.5
// makes itself (manual of 3.5, "SSL framework").
func (c Config) ofPair(channel Channel, suffix, name, own string) string {
	policy := c.policy(channel)
	if policy == "" {
		return ""
	}
	if policy == ownPolicy {
		return path.Join(resolve(c.home, c.get(certificatesDir), "certificates"), own)
	}
	folder, _ := c.Get(policyPrefix + policy + ".base_directory")
	file, _ := c.Get(policyPrefix + policy + "." + suffix)
	return resolve(resolve(c.home, folder, "certificates/"+policy), file, name)
}

// ownPolicy is that of 3.5, for clients, where none is named.
const ownPolicy = "legacy"

// policy is the name of that of a channel, "" where nothing is encrypted.
func (c Config) policy(channel Channel) string {
	ports := c.Ports()
	silent := map[Channel]bool{OverHTTPS: ports.HTTPS == 0, OverBolt: ports.Bolt == 0 || strings.EqualFold(c.boltLevel(), "DISABLED"), OverBackup: ports.Backup == 0}
	if silent[channel] || !c.Speaks(channel) {
		return ""
	}
	if named := policyOf[channel]; c.dialect.name(named) != "" {
		policy := c.get(named)
		if policy == "" && !channel.Mutual() {
			return ownPolicy
		}
		return policy
	}
	if enabled, _ := c.Get(policyPrefix + string(channel) + ".enabled"); !strings.EqualFold(enabled, "true") {
		return ""
	}
	return string(channel)
}

// WantsClients tells whether a channel takes only those who show a certificate, and by which setting.
func (c Config) WantsClients(channel Channel) (setting string, wants bool) {
	policy := c.policy(channel)
	if policy == "" || policy == ownPolicy {
		return "", false
	}
	setting = policyPrefix + policy + ".client_auth"
	stance, given := c.Get(setting)
	if !given { // since 4.0 that depends on the channel (SslPolicyScope)
		return setting, channel.Mutual() || c.dialect.name(policyOf[channel]) != ""
	}
	return setting, strings.EqualFold(stance, "REQUIRE")
}

// boltLevel is what Bolt does about TLS.
func (c Config) boltLevel() string { return cmp.Or(c.get(boltTLS), c.dialect.fact(boltDefault)) }
