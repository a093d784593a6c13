package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"neo4j-agent/agent/runstate"
	"neo4j-agent/agent/settings"
	"neo4j-agent/neo4jconf"
)

func TestTheAgentSpeaksTLSOnlyWhereBoltWantsIt(t *testing.T) {
	for _, c := range []struct {
		encryption settings.Encryption
		tls        bool
	}{{"", false}, {settings.EncryptionOptional, false}, {settings.EncryptionRequired, true}} {
		p := certified(t, settings.Settings{TLSBolt: c.encryption})
		p.given(t, "bolt", pair(t, time.Now().AddDate(1, 0, 0)))
		if err := p.readPairs(); err != nil {
			t.Fatal(err)
		}
		if err := p.keepPairs(); err != nil {
			t.Fatal(err)
		}
		config := p.neo4j.intent.Config
		prepared := runstate.Prepared{Address: "db.example.com", Ports: runstate.Ports{Bolt: 7687}, Certificates: p.certificatesOf(config),
			Local: runstate.Local{Bolt: config.BoltAddress(), BoltEncrypted: config.BoltEncrypted()}}
		if own := overOwn(prepared); (own != nil) != c.tls || own != nil && !own.InsecureSkipVerify {
			t.Errorf("%q: the own port is asked with %v", c.encryption, own)
		}
		want := "127.0.0.1:7687"
		if c.tls {
			want = "db.example.com:7687" // for which the certificates are
		}
		address, routed, err := routedOver(prepared)
		if err != nil || address != want || (routed != nil) != c.tls || routed != nil && (routed.InsecureSkipVerify || routed.RootCAs == nil) {
			t.Errorf("%q: the cluster is asked at %s with %v (%v)", c.encryption, address, routed, err)
		}
		for address, pinned := range map[string]bool{"127.0.0.1:7687": true, "10.0.0.2:7687": false} {
			if over := p.overBolt(address); (over != nil) != c.tls || over != nil && over.InsecureSkipVerify != pinned {
				t.Errorf("%q: a backup asks %s with %v", c.encryption, address, over)
			}
		}
	}
}

// TestAPolicyThatWantsACertificateOfTheAgentIsSaidWhereItHasNone: the one of the server, which it shows, may be for servers
// only or cannot be read.
func TestAPolicyThatWantsACertificateOfTheAgentIsSaidWhereItHasNone(t *testing.T) {
	for name, c := range map[string]struct {
		encryption settings.Encryption
		stance     string
		says       string
	}{
		"for servers only":       {settings.EncryptionRequired, "REQUIRE", "dbms.ssl.policy.bolt.client_auth=REQUIRE: bolt takes only clients with a certificate"},
		"none is wanted":         {settings.EncryptionRequired, "OPTIONAL", ""},
		"the agent goes without": {settings.EncryptionOptional, "REQUIRE", ""},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			p := certified(t, settings.Settings{TLSBolt: c.encryption})
			p.log = zerolog.New(&log)
			p.given(t, "bolt", pair(t, time.Now().AddDate(1, 0, 0))) // self-signed: for servers
			p.settings.Neo4j = map[string]settings.Value{}
			for setting, value := range map[string]string{"enabled": "true", "base__directory": filepath.Join(p.settings.TLSDir, "bolt"), "client__auth": c.stance} {
				p.settings.Neo4j["NEO4J_dbms_ssl_policy_bolt_"+setting] = settings.Value{Secret: settings.NewSecret(value)}
			}
			var err error
			if p.neo4j.intent, err = p.input().Intent(); err != nil {
				t.Fatal(err)
			}
			p.warnOfClients(p.neo4j.intent.Config)
			if text := log.String(); !strings.Contains(text, c.says) || (text == "") != (c.says == "") {
				t.Errorf("the log says %q", text)
			}
		})
	}
}

func TestAPortWithoutACertificateHasNoPin(t *testing.T) {
	if pin := pinOf(runstate.Prepared{}, neo4jconf.OverHTTPS); pin.File != "" || pin.Begun != "" {
		t.Errorf("it has %+v", pin)
	}
}
