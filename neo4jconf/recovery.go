package neo4jconf

import (
	"bytes"
	"cmp"
	"net"
	"path"
	"slices"
	"strings"
)

// What it takes to give the administrator a new password where the old one is lost (manual, "Recover admin user and
// password"; before 4.0, knowledge base "Resetting the password": the users are a file that is read at the start).

// UsersFile returns where users are kept where that is a file, which ends with 3.5; else "".
func (c Config) UsersFile() string {
	if c.dialect.KeepsUsersInSystem() {
		return ""
	}
	return path.Join(c.DataDir(), c.dialect.fact(usersFile))
}

// WithPassword returns a users file in which the user neo4j has this password and may log in. Other users stay. The
// result is a secret.
func (d Dialect) WithPassword(users []byte, initial InitialPassword) []byte {
	var rest [][]byte
	for line := range bytes.Lines(users) {
		if !bytes.HasPrefix(line, []byte("neo4j:")) {
			rest = append(rest, append(bytes.TrimRight(line, "\r\n"), '\n'))
		}
	}
	return slices.Concat(d.passwordLine(initial), bytes.Join(rest, nil))
}

// ResetPassword returns the statement that does the same in a server without authentication.
func (d Dialect) ResetPassword(password string, change bool) Statement {
	text := "ALTER USER neo4j SET PASSWORD $password CHANGE NOT REQUIRED"
	if change {
		text = "ALTER USER neo4j SET PASSWORD $password CHANGE REQUIRED"
	}
	if d.Edition == Enterprise {
		text += " SET STATUS ACTIVE"
	}
	return Statement{text, map[string]any{"password": password}}
}

// Unguarded returns this configuration for a server that asks for no password and is therefore heard on this machine
// only: Bolt at a port of the loopback, nothing else. It is for a standalone server.
func (c Config) Unguarded(bolt int) Config {
	loopback := address{"127.0.0.1", bolt}.String()
	ours := map[string]string{}
	for s, value := range map[setting]string{
		authEnabled: "false", defaultListen: "127.0.0.1", boltEnabled: "true", boltListen: loopback, boltAdvertised: loopback,
		boltTLS: "DISABLED", httpEnabled: "false", httpsEnabled: "false",
	} {
		ours[c.dialect.name(s)] = value
	}
	if c.dialect.Edition == Enterprise {
		ours[c.dialect.name(backupEnabled)] = "false"
	}
	delete(ours, "") // what this version does not have
	var all []Setting
	for _, s := range c.settings {
		if _, replaced := ours[s.Name]; replaced || strings.HasSuffix(s.Name, "additional_listen_addresses") {
			continue
		}
		if strings.HasSuffix(s.Name, "listen_address") {
			s.Value = onLoopback(s.Value)
			s.raw = escape(s.Value)
		}
		all = append(all, s)
	}
	for name, value := range ours {
		all = append(all, Setting{Name: name, Value: value, raw: escape(value), Source: Mandatory})
	}
	slices.SortStableFunc(all, func(a, b Setting) int { return cmp.Compare(a.Name, b.Name) })
	c.settings, c.base = all, nil
	return c
}

// onLoopback is a listen address with another host.
func onLoopback(listen string) string {
	if _, port, err := net.SplitHostPort(listen); err == nil {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return "127.0.0.1"
}
