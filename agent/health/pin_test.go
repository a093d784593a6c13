package health

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// secured serves h over TLS at an address that its certificate does not name, and returns what pins it.
func secured(t *testing.T, h http.HandlerFunc) (*httptest.Server, Pin) {
	t.Helper()
	server := httptest.NewTLSServer(h) // for example.com, which vouches for itself
	t.Cleanup(server.Close)
	server.Config.ErrorLog = nil
	file := filepath.Join(t.TempDir(), "public.crt")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(server.Certificate().Raw)
	return server, Pin{File: file, Begun: hex.EncodeToString(sum[:])}
}

func TestOnlyThePinnedCertificateIsBelieved(t *testing.T) {
	server, pin := secured(t, func(http.ResponseWriter, *http.Request) {})
	for name, c := range map[string]struct {
		pin  Pin
		want bool
	}{
		"that of now":                  {Pin{File: pin.File}, true},
		"that of the start, exchanged": {Pin{File: "/nowhere", Begun: pin.Begun}, true},
		"another":                      {Pin{File: "/nowhere", Begun: "00"}, false},
		"none":                         {Pin{}, false},
	} {
		conn, err := tls.Dial("tcp", server.Listener.Addr().String(), Pinned(c.pin))
		if (err == nil) != c.want {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil {
			_ = conn.Close()
		}
	}
}

func TestOtherMembersMustBeVouchedFor(t *testing.T) {
	server, _ := secured(t, func(http.ResponseWriter, *http.Request) {})
	vouching := x509.NewCertPool()
	vouching.AddCert(server.Certificate())
	for name, c := range map[string]struct {
		roots *x509.CertPool
		host  string
		want  bool
	}{"vouched for": {vouching, "example.com", true}, "for another host": {vouching, "neo4j.com", false}, "unknown": {x509.NewCertPool(), "example.com", false}} {
		over := Trusting(c.roots, Pin{})
		over.ServerName = c.host
		conn, err := tls.Dial("tcp", server.Listener.Addr().String(), over)
		if (err == nil) != c.want {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil {
			_ = conn.Close()
		}
	}
}

// TestAPortThatWantsACertificateOfItsClientsIsShownItsOwn, where that can be: the agent is one of them.
func TestAPortThatWantsACertificateOfItsClientsIsShownItsOwn(t *testing.T) {
	both := []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	for name, c := range map[string]struct {
		auth    tls.ClientAuthType
		usage   []x509.ExtKeyUsage
		trusted bool
		spoil   func(*Pin)
		enters  bool
		problem string
	}{
		"it is trusted":                                {tls.RequireAndVerifyClientCert, both, true, nil, true, ""},
		"for any use":                                  {tls.RequireAndVerifyClientCert, nil, true, nil, true, ""},
		"for servers only":                             {tls.RequireAndVerifyClientCert, both[:1], true, nil, false, "is not for clients"},
		"with a key that cannot be read":               {tls.RequireAndVerifyClientCert, both, true, func(p *Pin) { p.Key = "/nowhere" }, false, "no such file"},
		"with a key that nobody knows of":              {tls.RequireAndVerifyClientCert, both, true, func(p *Pin) { p.Key = "" }, false, "no private key"},
		"another is trusted":                           {tls.RequireAndVerifyClientCert, both, false, nil, false, ""},
		"another is trusted, and nobody needs to show": {tls.VerifyClientCertIfGiven, both, false, nil, true, ""},
		"for servers only, and nobody needs to show":   {tls.VerifyClientCertIfGiven, both[:1], true, nil, true, "is not for clients"},
	} {
		t.Run(name, func(t *testing.T) {
			pin, own := pairOf(t, c.usage)
			_, other := pairOf(t, both)
			config := &tls.Config{Certificates: []tls.Certificate{own}, ClientAuth: c.auth, ClientCAs: x509.NewCertPool()}
			config.ClientCAs.AddCert(map[bool]tls.Certificate{true: own, false: other}[c.trusted].Leaf)
			listener := boltOver(t, config)
			if c.spoil != nil {
				c.spoil(&pin)
			}
			if got := handshake(t.Context(), listener.Addr().String(), pin); got != c.enters {
				t.Errorf("it is let in: %t", got)
			}
			if err := pin.ForClients(); (err == nil) != (c.problem == "") || err != nil && !strings.Contains(err.Error(), c.problem) {
				t.Errorf("the problem is %v", err)
			}
			roots := x509.NewCertPool()
			roots.AddCert(own.Leaf)
			over := Trusting(roots, pin)
			over.MaxVersion = tls.VersionTLS12 // whose handshake ends after the server has looked
			conn, err := tls.Dial("tcp", listener.Addr().String(), over)
			if (err == nil) != c.enters {
				t.Errorf("as another member: %v", err)
			}
			if err == nil {
				_ = conn.Close()
			}
		})
	}
}

// boltOver is a Bolt port that wants TLS.
func boltOver(t *testing.T, config *tls.Config) net.Listener {
	t.Helper()
	listener, err := tls.Listen("tcp", "127.0.0.1:0", config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go answerBolt(conn)
		}
	}()
	return listener
}

// pairOf makes a pair that vouches for itself, and the pin of a port that shows it.
func pairOf(t *testing.T, usage []x509.ExtKeyUsage) (Pin, tls.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	serial := time.Now().UnixNano()
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: fmt.Sprint(serial)}, NotAfter: time.Now().Add(time.Hour), ExtKeyUsage: usage,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, BasicConstraintsValid: true, IsCA: true}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	pin := Pin{File: filepath.Join(t.TempDir(), "public.crt"), Key: filepath.Join(t.TempDir(), "private.key")}
	for file, block := range map[string]*pem.Block{pin.File: {Type: "CERTIFICATE", Bytes: certificate}, pin.Key: {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pair, err := tls.LoadX509KeyPair(pin.File, pin.Key)
	if err != nil {
		t.Fatal(err)
	}
	return pin, pair
}

func TestAServerWithoutHTTPIsAskedOverHTTPS(t *testing.T) {
	server, pin := secured(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") })
	facts := facts35(Standalone)
	facts.Member.LocalHTTP, facts.Member.LocalHTTPS, facts.Member.LocalBolt = "", server.Listener.Addr().String(), ""
	for want, pin := range map[bool]Pin{true: pin, false: {File: "/nowhere", Begun: "00"}} {
		facts.Member.HTTPSPin = pin
		p := prober()
		if seen := p.Probe(t.Context(), facts); seen.HTTP != want {
			t.Errorf("HTTPS with the pin %v answers: %v", pin, seen.HTTP)
		}
		p.Close()
	}
}

func TestTheHandshakeIsMadeOverTLSWhereBoltWantsIt(t *testing.T) {
	server, pin := secured(t, func(http.ResponseWriter, *http.Request) {})
	listener := boltOver(t, server.TLS)
	address := listener.Addr().String()
	if !handshake(t.Context(), address, pin) {
		t.Error("Bolt over TLS is not seen")
	}
	if handshake(t.Context(), address, Pin{}) || handshake(t.Context(), address, Pin{File: "/nowhere", Begun: "00"}) {
		t.Error("Bolt is seen without TLS, or behind another certificate")
	}
}

func answerBolt(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	if _, err := io.ReadFull(conn, make([]byte, 20)); err == nil {
		_, _ = conn.Write([]byte{0, 0, 0, 3})
	}
}
