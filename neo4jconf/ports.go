package neo4jconf

import (
	"cmp"
	"strings"
)

// Ports that this member listens on. Zero means not in use. Discovery is where fellow members ask for it: with the
// service of 5.23 and later that is the transaction port.
type Ports struct {
	Bolt, HTTP, HTTPS, Discovery, Transaction, Raft, Backup int
}

// Ports returns the ports of this configuration, Neo4j's own defaults included. An address that cannot be read counts as
// the default: Neo4j will refuse it and say so itself.
func (c Config) Ports() Ports {
	var ports Ports
	if c.enabled(boltEnabled, "true") {
		ports.Bolt = c.port(boltListen, boltPort)
	}
	if c.enabled(httpEnabled, "true") {
		ports.HTTP = c.port(httpListen, httpPort)
	}
	if c.enabled(httpsEnabled, c.dialect.fact(httpsDefault)) {
		ports.HTTPS = c.port(httpsListen, httpsPort)
	}
	if c.dialect.Edition == Enterprise && c.enabled(backupEnabled, "true") {
		ports.Backup = c.port(backupListen, backupPort)
	}
	role := c.Role()
	if role != Standalone {
		ports.Transaction = c.port(transactionListen, transactionPort)
	}
	if role == Core {
		ports.Raft = c.port(raftListen, raftPort)
	}
	switch {
	case role != Standalone && c.dialect.memberLists(c.get(discoveryVersion))[0] == clusterEndpoints:
		ports.Discovery = ports.Transaction
	case role == Core, role == ReadReplica && c.dialect.strict():
		// A read replica of 3.5 only calls the cores' discovery ports (run); of 4.x that is not known.
		ports.Discovery = c.port(discoveryListen, discoveryPort)
	}
	return ports
}

// Role returns the member's role: by its mode, which Community ignores (jar), and from 5 on by how it holds the system
// database if it has fellow members.
func (c Config) Role() Role { return c.role }

// BoltAddress returns the host:port at which this machine reaches the Bolt connector, "" when it is off.
func (c Config) BoltAddress() string { return c.local(boltListen, c.Ports().Bolt) }

// HTTPAddress returns the host:port at which this machine reaches the HTTP connector, "" when it is off.
func (c Config) HTTPAddress() string { return c.local(httpListen, c.Ports().HTTP) }

// HTTPSAddress returns the host:port at which this machine reaches the HTTPS connector, "" when it is off.
func (c Config) HTTPSAddress() string { return c.local(httpsListen, c.Ports().HTTPS) }

// BoltEncrypted tells whether Bolt refuses connections without TLS.
func (c Config) BoltEncrypted() bool { return strings.EqualFold(c.get(boltTLS), "REQUIRED") }

// AuthEnabled tells whether Neo4j asks for a password.
func (c Config) AuthEnabled() bool { return c.enabled(authEnabled, "true") }

// DefaultDatabase returns the name of the database that a session gets when it names none, as the server writes it.
func (c Config) DefaultDatabase() string {
	return c.dialect.DatabaseName(cmp.Or(c.get(activeDatabase), c.dialect.fact(databaseName)))
}

// BackupAddress returns the host:port at which this machine reaches the backup listener, "" when it is off. Its default is
// the loopback, whatever the default listen address is (manual, "Online backup").
func (c Config) BackupAddress() string {
	port := c.Ports().Backup
	if port != 0 && c.get(backupListen) == "" {
		return address{"127.0.0.1", port}.String()
	}
	return c.local(backupListen, port)
}

func (c Config) enabled(s setting, standard string) bool {
	text := c.get(s)
	if text == "" {
		text = standard
	}
	return strings.EqualFold(text, "true")
}

func (c Config) port(s setting, standard int) int {
	given, err := parseAddress(c.get(s))
	if err != nil || given.port == 0 {
		return standard
	}
	return given.port
}

// local is where a connector answers on this machine: its own host, else the default one, and the loopback for all
// interfaces. Neo4j's own default is the loopback (manual).
func (c Config) local(s setting, port int) string {
	if port == 0 {
		return ""
	}
	host := ""
	for _, text := range []string{c.get(s), c.get(defaultListen)} {
		if given, err := parseAddress(text); err == nil && given.host != "" && host == "" {
			host = given.host
		}
	}
	switch {
	case host == "::":
		host = "::1"
	case host == "" || anywhere(host):
		host = "127.0.0.1"
	}
	return address{host, port}.String()
}
