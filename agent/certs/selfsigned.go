package certs

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"time"
)

// A self-signed pair is like those that Neo4j 3.5 makes itself: RSA, which all versions read, with 2048 bits, and good
// for longer than a development lasts.
const (
	selfSignedBits  = 2048
	selfSignedYears = 10
)

// SelfSigned makes a pair for development: a certificate that vouches for itself, for these hosts.
func SelfSigned(hosts []string, now time.Time) (Pair, error) {
	key, err := rsa.GenerateKey(rand.Reader, selfSignedBits)
	if err != nil {
		return Pair{}, fmt.Errorf("cannot make a private key: %v", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127)) // RFC 5280: at most 20 octets
	if err != nil {
		return Pair{}, fmt.Errorf("cannot make a certificate: %v", err)
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: hosts[0], Organization: []string{"neo4j-agent, self-signed"}},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(selfSignedYears, 0, 0), // clocks differ
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, BasicConstraintsValid: true, IsCA: true,
	}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return Pair{}, fmt.Errorf("cannot make a certificate: %v", err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return Pair{}, fmt.Errorf("cannot make a certificate: %v", err)
	}
	pair := Pair{Chain: encode([]*x509.Certificate{leaf}), Leaf: leaf}
	pair.Key, err = encodeKey(key)
	return pair, err
}
