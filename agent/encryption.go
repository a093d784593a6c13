package main

import (
	"crypto/tls"
	"net"
	"path/filepath"
	"slices"
	"strconv"

	"neo4j-agent/agent/certs"
	"neo4j-agent/agent/health"
	"neo4j-agent/agent/runstate"
	"neo4j-agent/neo4jconf"
)

// pinOf is the certificate by which a port of this member is known.
func pinOf(prepared runstate.Prepared, channel neo4jconf.Channel) health.Pin {
	i := slices.IndexFunc(prepared.Certificates, func(c runstate.Certificate) bool { return c.Scope == string(channel) })
	if i < 0 {
		return health.Pin{}
	}
	return health.Pin{File: prepared.Certificates[i].File, Key: prepared.Certificates[i].Key, Begun: prepared.Certificates[i].Begun}
}

// boltPin is that of Bolt where it takes nobody without TLS; else the agent does without.
func boltPin(prepared runstate.Prepared) health.Pin {
	if !prepared.Local.BoltEncrypted {
		return health.Pin{}
	}
	return pinOf(prepared, neo4jconf.OverBolt)
}

// overOwn is how this member's own Bolt port is asked, nil for without TLS.
func overOwn(prepared runstate.Prepared) *tls.Config {
	if pin := boltPin(prepared); pin != (health.Pin{}) {
		return health.Pinned(pin)
	}
	return nil
}

// routedOver is where and how the cluster is asked through this member. With TLS the certificates of all members must be
// for their advertised addresses, as for any client.
func routedOver(prepared runstate.Prepared) (address string, over *tls.Config, err error) {
	pin := boltPin(prepared)
	if pin == (health.Pin{}) {
		return prepared.Local.Bolt, nil, nil
	}
	roots, err := certs.Trusted(filepath.Dir(pin.File))
	if err != nil {
		return "", nil, err
	}
	return net.JoinHostPort(prepared.Address, strconv.Itoa(prepared.Ports.Bolt)), health.Trusting(roots, pin), nil
}

// overBolt is how a backup asks the Bolt port at an address: this member's own is known by its certificate, those of
// others by who vouches for theirs, which this configuration's certificates for Bolt or the system's must tell.
func (p *preparation) overBolt(address string) *tls.Config {
	config := p.neo4j.intent.Config
	if !config.BoltEncrypted() {
		return nil
	}
	own := health.Pin{File: config.Certificate(neo4jconf.OverBolt), Key: config.PrivateKey(neo4jconf.OverBolt)}
	if address == config.BoltAddress() && exists(own.File) {
		return health.Pinned(own)
	}
	dir := filepath.Dir(own.File)
	if !exists(own.File) { // a task of its own
		dir = filepath.Join(p.settings.TLSDir, string(neo4jconf.OverBolt))
		own = health.Pin{File: filepath.Join(dir, certs.CertificateFile), Key: filepath.Join(dir, certs.KeyFile)}
	}
	roots, err := certs.Trusted(dir)
	if err != nil {
		p.log.Warn().Msgf("the system's certificates alone are believed: %v", err)
	}
	return health.Trusting(roots, own)
}
