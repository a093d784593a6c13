package integration

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"
	"github.com/neo4j/neo4j-go-driver/v5/neo4j/config"

	"neo4j-agent/agent/health"
	"neo4j-agent/integration/localcluster"
)

// authority is a private one that vouches for servers.
type authority struct {
	key         *ecdsa.PrivateKey
	certificate *x509.Certificate
}

func newAuthority(t *testing.T) authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	id := make([]byte, 8)
	_, _ = rand.Read(id) // never fails (crypto/rand)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: fmt.Sprintf("private authority %x", id)}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(24 * time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, SubjectKeyId: id}
	return authority{key, signed(t, template, template, key, key)}
}

func signed(t *testing.T, template, parent *x509.Certificate, key, by *ecdsa.PrivateKey) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), by)
	if err != nil {
		t.Fatal(err)
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// issue puts a new pair for a host into the folders of both ports.
func (a authority) issue(t *testing.T, dir, host string, number int64) {
	t.Helper()
	key, certificate := a.pair(t, number, host)
	for _, port := range []string{"bolt", "https"} {
		folder := filepath.Join(dir, port)
		writePrivate(t, filepath.Join(folder, "private.key"), key)
		writePrivate(t, filepath.Join(folder, "public.crt"), certificate)
	}
}

// pair makes one for hosts, and for whoever runs here, in PEM.
func (a authority) pair(t *testing.T, number int64, hosts ...string) (key, certificate []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(number), Subject: pkix.Name{CommonName: "server"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(20 * time.Hour), KeyUsage: x509.KeyUsageDigitalSignature}
	for _, host := range append(hosts, "127.0.0.1") {
		template.IPAddresses = append(template.IPAddresses, net.ParseIP(host))
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed(t, template, a.certificate, private, a.key).Raw})
}

// writePrivate writes a file that nobody else may read, and the folders that it needs.
func writePrivate(t *testing.T, path string, text []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// shown is the serial number of what a port shows to a client that believes the authority alone.
func (a authority) shown(address string) (int64, error) {
	roots := x509.NewCertPool()
	roots.AddCert(a.certificate)
	conn, err := tls.Dial("tcp", address, &tls.Config{RootCAs: roots})
	if err != nil {
		return 0, err
	}
	defer func() { _ = conn.Close() }()
	return conn.ConnectionState().PeerCertificates[0].SerialNumber.Int64(), nil
}

// askWith runs a query with a driver of its own.
func (a authority) askWith(t *testing.T, uri string) error {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(a.certificate)
	d, err := neo4j.NewDriverWithContext(uri, neo4j.BasicAuth("neo4j", localcluster.Password, ""), func(c *config.Config) {
		c.TlsConfig = &tls.Config{RootCAs: roots}
		c.MaxTransactionRetryTime = time.Second
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close(context.Background()) }()
	_, _, err = query(t.Context(), d, neo4j.AccessModeRead, "RETURN 1")
	return err
}

// certified is what /status tells of certificates.
func certified(t *testing.T, m *localcluster.Member) (told struct {
	Certificates  []struct{ Scope, Problem string }
	RestartNeeded string
}) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	if _, body, err := m.Get(ctx, "/status"); err != nil || json.Unmarshal(body, &told) != nil {
		t.Logf("no status: %v", err)
	}
	return told
}

// onlyTLS makes a member that is heard over TLS alone, and returns the address of its HTTPS port too.
func onlyTLS(t *testing.T, g generation) (m *localcluster.Member, ca authority, https string) {
	t.Helper()
	https = freeAddress(t)
	env := map[string]string{"AGENT_TLS_BOLT": "required"}
	prefix := [...]string{"NEO4J_dbms_connector_", "NEO4J_dbms_connector_", "NEO4J_server_"}[g.names]
	env[prefix+"http_enabled"], env[prefix+"https_listen__address"] = "false", https
	if g.names == names35 {
		env[prefix+"https_enabled"] = "true" // which the local cluster switches off
	}
	m, ca = g.member(t, env), newAuthority(t)
	env["AGENT_TLS_DIR"] = filepath.Join(m.Dir, "ssl")
	ca.issue(t, env["AGENT_TLS_DIR"], m.Endpoint.Host, 7)
	return m, ca, https
}

// TestOnlyTLSWithAPrivateAuthority: Bolt takes nobody without TLS, HTTP is off and HTTPS on; the agent's own questions go
// that way too. Another certificate asks for a restart, and is shown after it.
func TestOnlyTLSWithAPrivateAuthority(t *testing.T) {
	for _, g := range played(4) { // 3.5 wants TLS as a cluster below
		if g.version == localcluster.Community41 {
			continue // reads certificates as 4.4 does
		}
		t.Run(g.String(), func(t *testing.T) {
			m, ca, https := onlyTLS(t, g)
			getReady(t, m)
			bolt := strings.TrimPrefix(m.BoltURI(), "bolt://")
			if err := ca.askWith(t, "bolt+s://"+bolt); err != nil {
				t.Errorf("a driver that believes the authority: %v", err)
			}
			if err := ca.askWith(t, "bolt://"+bolt); err == nil {
				t.Error("Bolt takes a client without TLS")
			}
			for name, address := range map[string]string{"Bolt": bolt, "HTTPS": https} {
				eventually(t, name+" with the certificate", 10*time.Second, func() (bool, string) { // 3.5 opens HTTPS after Bolt
					got, err := ca.shown(address)
					return err == nil && got == 7, fmt.Sprintf("shows %d (%v)", got, err)
				})
			}
			if seen := probed(t, m, bolt, https); !seen.HTTP || !seen.Bolt.Answers {
				t.Errorf("the agent's own questions find %+v", seen)
			}
			eventually(t, "a status that tells of both certificates", 10*time.Second, func() (bool, string) {
				told := certified(t, m)
				return len(told.Certificates) == 2 && strings.Contains(told.Certificates[0].Problem, "it ends in 0 days") && told.RestartNeeded == "", fmt.Sprintf("%+v", told)
			})
			ca.issue(t, filepath.Join(m.Dir, "ssl"), m.Endpoint.Host, 8)
			eventually(t, "a status that asks for a restart", 90*time.Second, func() (bool, string) {
				needed := certified(t, m).RestartNeeded
				return strings.Contains(needed, "certificate of bolt changed on 2"), needed
			})
			if got, err := ca.shown(bolt); err != nil || got != 7 || statusOf(m).Phase != "ready" {
				t.Errorf("Bolt shows %d before the restart (%v), and the member is %s", got, err, statusOf(m).Phase)
			}
			leave(t, m)
			getReady(t, m)
			if got, err := ca.shown(bolt); err != nil || got != 8 {
				t.Errorf("Bolt shows %d after the restart (%v), want 8", got, err)
			}
		})
	}
}

// probed is what the agent's own questions find in a member that speaks nothing but TLS.
func probed(t *testing.T, m *localcluster.Member, bolt, https string) health.Observation {
	t.Helper()
	p := health.NewProber(func() (string, string) { return "neo4j", localcluster.Password })
	defer p.Close()
	pin := func(port string) health.Pin {
		return health.Pin{File: filepath.Join(m.RunDir, "certificates", port, "public.crt")}
	}
	return p.Probe(t.Context(), health.Facts{Member: health.Member{Role: health.Standalone, AuthEnabled: true, LocalBolt: bolt, LocalHTTPS: https,
		BoltPin: pin("bolt"), HTTPSPin: pin("https")}})
}

// TestASelfSignedPairServesDevelopment: who believes the file that the agent made gets in, and so does who speaks no TLS.
func TestASelfSignedPairServesDevelopment(t *testing.T) {
	for _, g := range played(1, 3) {
		t.Run(g.String(), func(t *testing.T) {
			m := g.member(t, map[string]string{"AGENT_TLS_SELF_SIGNED": "true"})
			getReady(t, m)
			text, err := os.ReadFile(filepath.Join(m.RunDir, "certificates", "bolt", "public.crt"))
			block, _ := pem.Decode(text)
			if err != nil || block == nil {
				t.Fatalf("there is no certificate: %v", err)
			}
			own, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				t.Fatal(err)
			}
			for _, scheme := range []string{"bolt+s://", "bolt://"} {
				if err := (authority{certificate: own}).askWith(t, strings.Replace(m.BoltURI(), "bolt://", scheme, 1)); err != nil {
					t.Errorf("%s: %v", scheme, err)
				}
			}
		})
	}
}

// TestAPairFromVariablesIsShownAndItsKeyIsNot: Neo4j has the key in a file of its own, and nobody in an environment.
func TestAPairFromVariablesIsShownAndItsKeyIsNot(t *testing.T) {
	env, ca, dir := map[string]string{}, newAuthority(t), t.TempDir()
	m := generations[len(generations)-1].member(t, env)
	ca.issue(t, dir, m.Endpoint.Host, 11)
	key, err := os.ReadFile(filepath.Join(dir, "bolt", "private.key"))
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := os.ReadFile(filepath.Join(dir, "bolt", "public.crt"))
	if err != nil {
		t.Fatal(err)
	}
	env["AGENT_TLS_BOLT_KEY"], env["AGENT_TLS_BOLT_CERTIFICATE"] = string(key), string(certificate)
	getReady(t, m)
	if got, err := ca.shown(strings.TrimPrefix(m.BoltURI(), "bolt://")); err != nil || got != 11 {
		t.Errorf("Bolt shows %d (%v), want 11", got, err)
	}
	secret := strings.Split(string(key), "\n")[1]
	serve, err := m.Serve()
	if err != nil {
		t.Fatal(err)
	}
	database, err := m.Database()
	if err != nil {
		t.Fatal(err)
	}
	places := []string{m.LogPath, filepath.Join(m.Home, "conf", "neo4j.conf"), filepath.Join(m.RunDir, "prepare.json")}
	for _, pid := range []int{m.PID(), serve, database} {
		places = append(places, fmt.Sprintf("/proc/%d/environ", pid), fmt.Sprintf("/proc/%d/cmdline", pid))
	}
	for _, path := range places {
		text, err := os.ReadFile(path)
		if err != nil || strings.Contains(string(text), secret) {
			t.Errorf("%s shows the key (%v)", path, err)
		}
	}
	if info, err := os.Stat(filepath.Join(m.RunDir, "certificates", "bolt", "private.key")); err != nil || info.Mode().Perm() != 0o400 {
		t.Errorf("the key of Neo4j is %v (%v)", info, err)
	}
}

func TestAPairThatDoesNotFitEndsTheStart(t *testing.T) {
	m, _, _ := onlyTLS(t, generations[0])
	other := t.TempDir()
	newAuthority(t).issue(t, other, m.Endpoint.Host, 9)
	key, err := os.ReadFile(filepath.Join(other, "bolt", "private.key"))
	if err != nil {
		t.Fatal(err)
	}
	for _, port := range []string{"bolt", "https"} {
		if err := os.WriteFile(filepath.Join(m.Dir, "ssl", port, "private.key"), key, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.Start(); err != nil {
		t.Fatal(err)
	}
	if code := wait(t, m, time.Minute); code != 78 {
		t.Errorf("exit code %d, want 78", code)
	}
	for _, want := range []string{"/bolt/private.key: is not the key", "/https/private.key: is not the key"} {
		if !strings.Contains(m.LogText(), want) {
			t.Errorf("its log does not say %q", want)
		}
	}
}

// TestAClusterWhoseBoltWantsTLSForms: roles and overview come over TLS, and where HTTP is off too over HTTPS.
func TestAClusterWhoseBoltWantsTLSForms(t *testing.T) {
	c := newCluster(t, localcluster.Options{Cores: 3, Replicas: 1, Env: map[string]string{
		"AGENT_TLS_SELF_SIGNED": "true", "AGENT_TLS_BOLT": "required",
		"NEO4J_dbms_connector_http_enabled": "false", "NEO4J_dbms_connector_https_enabled": "true",
	}})
	for _, m := range c.Members {
		if err := m.Start(); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "a ready cluster", formation, func() (bool, string) { return allReady(c.Members) })
	for _, m := range c.Members {
		if s := statusOf(m); len(s.Members) != 4 {
			t.Errorf("%s sees %v", m.Name, s)
		}
	}
}
