package integration

import (
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"neo4j-agent/agent/certs"
)

// Serial numbers of certificates by the authority.
const (
	ofMembers = 21
	thrownOut = 22
)

// mutual puts a pair into a folder as the program does for cluster and backup: two authorities are believed, and one of
// them has revoked a certificate.
func (a authority) mutual(t *testing.T, dir, host string) {
	t.Helper()
	other := newAuthority(t)
	key, certificate := a.pair(t, ofMembers, host)
	writePrivate(t, filepath.Join(dir, "given", "private.key"), key)
	writePrivate(t, filepath.Join(dir, "given", "public.crt"), certificate)
	for name, one := range map[string]authority{"this": a, "other": other} {
		writePrivate(t, filepath.Join(dir, "given", "trusted", name+".crt"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: one.certificate.Raw}))
	}
	writePrivate(t, filepath.Join(dir, "given", "revoked", "this.crl"), a.revokes(t, thrownOut))
	writePrivate(t, filepath.Join(dir, "given", "revoked", "other.crl"), other.revokes(t, thrownOut+1))
	given, _, _, wrong := certs.ReadFolder(filepath.Join(dir, "given"))
	pair, more := certs.Parse(given)
	if wrong = append(wrong, more...); len(wrong) > 0 {
		t.Fatal(wrong)
	}
	if err := certs.Keep(filepath.Join(dir, "kept"), pair); err != nil {
		t.Fatal(err)
	}
}

// revokes is the authority's list.
func (a authority) revokes(t *testing.T, number int64) []byte {
	t.Helper()
	list, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: time.Now().Add(-time.Hour), NextUpdate: time.Now().Add(24 * time.Hour),
		RevokedCertificateEntries: []x509.RevocationListEntry{{SerialNumber: big.NewInt(number), RevocationTime: time.Now().Add(-time.Minute)}}}, a.certificate, a.key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: list})
}

// TestAMutualChannelAdmitsThoseThatItTrustsAndNobodyElse: no server that runs here encrypts what servers say to each
// other. So one of each generation is told to treat Bolt as the program has cluster and backup treated, with a folder as
// the program makes it, and to load the policies of those two beside it. The agent itself is let in with the server's own
// certificate, and the member gets ready.
func TestAMutualChannelAdmitsThoseThatItTrustsAndNobodyElse(t *testing.T) {
	channels := []string{"bolt", "cluster", "backup"}
	for _, g := range played(0, 3, 4) {
		t.Run(g.String(), func(t *testing.T) {
			env, ca, dir := map[string]string{}, newAuthority(t), t.TempDir()
			m := g.member(t, env)
			ca.mutual(t, dir, m.Endpoint.Host)
			env[[...]string{"NEO4J_dbms_connector_", "NEO4J_dbms_connector_", "NEO4J_server_"}[g.names]+"bolt_tls__level"] = "REQUIRED"
			for _, channel := range channels {
				policy := "NEO4J_dbms_ssl_policy_" + channel + "_"
				env[policy+"base__directory"], env[policy+"client__auth"], env[policy+"verify__hostname"] = filepath.Join(dir, "kept"), "REQUIRE", "false"
				if g.names == names35 {
					env["NEO4J_bolt_ssl__policy"] = "bolt"
				} else {
					env[policy+"enabled"] = "true"
				}
			}
			getReady(t, m)
			ca.onlyAdmitted(t, strings.TrimPrefix(m.BoltURI(), "bolt://"))
			text, err := os.ReadFile(filepath.Join(env["NEO4J_DATA_ROOT"], "logs", "debug.log"))
			if err != nil {
				t.Fatal(err)
			}
			for _, channel := range channels {
				if !strings.Contains(strings.ToLower(string(text)), "loaded ssl policy '"+channel+"'") {
					t.Errorf("the server has not loaded the policy %s", channel)
				}
			}
		})
	}
}

// onlyAdmitted wants a port to speak with those alone who show a certificate of the authority that it has not revoked.
func (a authority) onlyAdmitted(t *testing.T, address string) {
	t.Helper()
	eventually(t, "the port to admit a member", formation, func() (bool, string) {
		err := a.shows(t, a, ofMembers, address)
		return err == nil, fmt.Sprint(err)
	})
	for who, err := range map[string]error{
		"one whose certificate was revoked": a.shows(t, a, thrownOut, address),
		"a stranger":                        a.shows(t, newAuthority(t), ofMembers, address),
		"nobody":                            a.shows(t, authority{}, 0, address),
	} {
		if err == nil || !strings.Contains(err.Error(), "remote error: tls") && !strings.Contains(err.Error(), "reset") && !strings.Contains(err.Error(), "EOF") {
			t.Errorf("%s is not turned away: %v", who, err)
		}
	}
}

// shows makes a connection with a certificate by an authority, or without one.
func (a authority) shows(t *testing.T, by authority, number int64, address string) error {
	t.Helper()
	// With TLS 1.2 the handshake ends after the server has looked at the certificate.
	config := &tls.Config{RootCAs: x509.NewCertPool(), MaxVersion: tls.VersionTLS12}
	config.RootCAs.AddCert(a.certificate)
	if by.key != nil {
		key, certificate := by.pair(t, number, "127.0.0.1")
		pair, err := tls.X509KeyPair(certificate, key)
		if err != nil {
			t.Fatal(err)
		}
		// Chosen by hand: Go would not show one that the server does not ask for.
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
	}
	conn, err := tls.Dial("tcp", address, config)
	if err == nil {
		err = conn.Close()
	}
	return err
}
