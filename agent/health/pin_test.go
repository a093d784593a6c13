package health

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
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
		over := Trusting(c.roots)
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
	listener, err := tls.Listen("tcp", "127.0.0.1:0", server.TLS)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go answerBolt(conn)
		}
	}()
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
