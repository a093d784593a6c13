package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"neo4j-agent/agent/certs"
	"neo4j-agent/agent/health"
	"neo4j-agent/agent/runstate"
	"neo4j-agent/agent/settings"
	"neo4j-agent/neo4jconf"
)

// pairs are the keys and certificates of the channels whose policy is not the user's own affair. One without a
// certificate is still to be made.
type pairs map[neo4jconf.Channel]certs.Pair

// readPairs finds and checks the pairs that folder and variables give. All mistakes come in one error.
func (p *preparation) readPairs() error {
	p.pairs = pairs{}
	var mistakes []error
	if dir := p.settings.TLSDir; dir != settings.DefaultTLSDir && !exists(dir) {
		mistakes = append(mistakes, fmt.Errorf("%s: AGENT_TLS_DIR names it, and there is no such folder", dir))
	}
	for _, channel := range neo4jconf.Channels {
		if p.neo4j.intent.Config.OwnPolicy(channel) || !p.neo4j.intent.Config.Speaks(channel) {
			continue
		}
		pair, there, warnings, wrong := givenPair(p.settings, p.folders, channel)
		mistakes = append(mistakes, wrong...)
		for _, warning := range warnings {
			p.log.Warn().Msg(warning)
		}
		if there || p.settings.TLSSelfSigned && !channel.Mutual() {
			p.pairs[channel] = pair
		}
	}
	if len(mistakes) > 0 {
		return fmt.Errorf("cannot use the certificates: %w", errors.Join(mistakes...))
	}
	if len(p.pairs) == 0 {
		return nil
	}
	var err error
	p.neo4j.intent, err = p.input().Intent()
	return err
}

// givenPair is the pair of a channel: from variables, else from the folder, else the self-signed one of this volume.
func givenPair(s *settings.Settings, folders layout, channel neo4jconf.Channel) (pair certs.Pair, there bool, warnings []string, wrong []error) {
	given, there := certs.Given{}, false
	if set, ok := s.Pair(string(channel)); ok {
		name := "AGENT_TLS_" + strings.ToUpper(string(channel))
		part := func(suffix string, text settings.Secret) certs.Part {
			return certs.Part{From: name + suffix, PEM: []byte(text.Reveal())}
		}
		given, there = certs.Given{
			Key: part("_KEY", set.Key), Certificate: part("_CERTIFICATE", set.Certificate), Trusted: part("_TRUSTED", set.Trusted),
		}, true
	}
	sources := []string{filepath.Join(s.TLSDir, string(channel))}
	if s.TLSSelfSigned && !channel.Mutual() {
		sources = append(sources, selfSignedFolder(folders))
	}
	for _, dir := range sources {
		if !there {
			given, there, warnings, wrong = certs.ReadFolder(dir)
		}
	}
	if !there || len(wrong) > 0 {
		return pair, there, warnings, wrong
	}
	pair, wrong = certs.Parse(given)
	if len(given.Trusted.PEM) == 0 && channel.Mutual() {
		wrong = append(wrong, fmt.Errorf("%s: has no certificate, so that no other server would be believed; put that of the authority there", given.Trusted.From))
	}
	if len(wrong) == 0 && time.Now().After(pair.Leaf.NotAfter) {
		warnings = append(warnings, fmt.Sprintf("%s: the certificate has expired at %s; clients that check it will not connect",
			given.Certificate.From, pair.Leaf.NotAfter.UTC().Format(time.RFC3339)))
	}
	return pair, there, warnings, wrong
}

// selfSignedFolder keeps the pair for development on the volume, so that clients need to believe it once only.
func selfSignedFolder(folders layout) string { return filepath.Join(folders.state, "self-signed") }

// tls is what the configuration depends on of all this.
func (p *preparation) tls() neo4jconf.TLS {
	in := neo4jconf.TLS{Folders: map[neo4jconf.Channel]string{}, Bolt: strings.ToUpper(string(p.settings.TLSBolt))}
	for channel := range p.pairs {
		in.Folders[channel] = p.pairFolder(channel)
	}
	return in
}

// pairFolder is where Neo4j reads the pair of a channel. It is a copy, so that what is shown changes with a start only.
func (p *preparation) pairFolder(channel neo4jconf.Channel) string {
	return filepath.Join(cmp.Or(p.pairsIn, filepath.Join(p.settings.RunDir, "certificates")), string(channel))
}

// keepPairs writes the pairs where Neo4j will read them, and takes away those of an earlier start.
func (p *preparation) keepPairs() error {
	if _, there := p.pairs[neo4jconf.OverBolt]; !there && p.settings.TLSBolt != "" && !p.neo4j.intent.Config.OwnPolicy(neo4jconf.OverBolt) {
		return withCode(exitConfig, fmt.Errorf("cannot use AGENT_TLS_BOLT=%s: Bolt has no certificate; put private.key and public.crt into %s, or set AGENT_TLS_BOLT_KEY and AGENT_TLS_BOLT_CERTIFICATE, or for development AGENT_TLS_SELF_SIGNED=true",
			p.settings.TLSBolt, filepath.Join(p.settings.TLSDir, "bolt")))
	}
	for _, channel := range neo4jconf.Channels {
		pair, there := p.pairs[channel]
		if p.dry {
			if there {
				p.would("would write the certificate of %s to %s", channel, p.pairFolder(channel))
			}
			continue
		}
		var err error
		if there && pair.Leaf == nil {
			pair, err = p.selfSign()
		}
		switch {
		case err != nil:
		case there:
			err = certs.Keep(p.pairFolder(channel), pair)
		default:
			err = os.RemoveAll(p.pairFolder(channel))
		}
		if err != nil {
			return withCode(exitCannotMake, err)
		}
	}
	return nil
}

// selfSign makes the pair for development, once for both channels.
func (p *preparation) selfSign() (certs.Pair, error) {
	dir := selfSignedFolder(p.folders)
	given, there, _, wrong := certs.ReadFolder(dir)
	if there {
		pair, more := certs.Parse(given)
		return pair, errors.Join(append(wrong, more...)...)
	}
	hostname, _ := os.Hostname()
	hosts := slices.DeleteFunc([]string{p.own.Advertised, hostname, "localhost", "127.0.0.1"}, func(host string) bool { return host == "" })
	pair, err := certs.SelfSigned(hosts, time.Now())
	if err == nil {
		err = certs.Keep(dir, pair)
	}
	if err == nil {
		p.log.Info().Strs("hosts", hosts).Str("folder", dir).Msg("a self-signed certificate was made, for development")
	}
	return pair, err
}

// warnOfClients says when a port that the agent asks over TLS will turn the agent away, since it wants a certificate of its
// clients and its own, which the agent shows, cannot be one.
func (p *preparation) warnOfClients(config neo4jconf.Config) {
	asked := map[neo4jconf.Channel]bool{neo4jconf.OverBolt: config.BoltEncrypted(), neo4jconf.OverHTTPS: config.HTTPAddress() == "" && config.HTTPSAddress() != ""}
	for _, channel := range neo4jconf.Channels {
		setting, wants := config.WantsClients(channel)
		if !asked[channel] || !wants {
			continue
		}
		pin := health.Pin{File: config.Certificate(channel), Key: config.PrivateKey(channel)}
		if err := pin.ForClients(); err != nil {
			p.log.Warn().Msgf("%s=REQUIRE: %s takes only clients with a certificate that it trusts, and this agent cannot show the server's own: %v; "+
				"so it will see neither health nor users of this server. Give one that is for clients too, without passphrase, or set NONE or OPTIONAL", setting, channel, err)
		}
	}
}

// certificatesOf are those that the ports will show.
func (p *preparation) certificatesOf(config neo4jconf.Config) []runstate.Certificate {
	var all []runstate.Certificate
	for _, channel := range neo4jconf.Channels {
		file := config.Certificate(channel)
		if file == "" {
			continue
		}
		_, ours := p.pairs[channel]
		shown := runstate.Certificate{Scope: string(channel), File: file, Key: config.PrivateKey(channel), Ours: ours}
		if leaf, err := certs.ReadCertificate(file); err == nil {
			shown.Begun = certs.Fingerprint(leaf)
		}
		all = append(all, shown)
	}
	return all
}
