package health

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"slices"
)

// Pin says which certificate a port of this machine shows. The zero Pin is a port that is asked without TLS.
type Pin struct {
	File  string // with it, the server's own first
	Key   string // its private key, for a port that wants a certificate of its clients; "" where that is not known
	Begun string // SHA-256 in hex of what was in the file when the database was started; "" where that is not known
}

// Pinned believes the server that shows the certificate of a pin and no other. Which names are in it does not matter, as
// it is asked at an address of this machine, and neither does its end: a member that is well must not fail for that.
func Pinned(pin Pin) *tls.Config {
	return &tls.Config{
		MinVersion:           tls.VersionTLS12,
		InsecureSkipVerify:   true, // VerifyConnection does it
		GetClientCertificate: pin.show,
		VerifyConnection: func(state tls.ConnectionState) error {
			shown := sha256.Sum256(state.PeerCertificates[0].Raw) // a server always shows one (crypto/tls)
			if got := hex.EncodeToString(shown[:]); got == pin.Begun || got == pin.now() {
				return nil
			}
			return errors.New("the certificate shown is not that of this member")
		},
	}
}

// show is for a server that asks for a certificate of its client: it gets its own, unless that cannot be one, or is not among
// those that it believes. Where none is needed, none is better than that.
func (p Pin) show(asked *tls.CertificateRequestInfo) (*tls.Certificate, error) {
	pair, err := p.pair()
	if err != nil || asked.SupportsCertificate(&pair) != nil {
		return &tls.Certificate{}, nil
	}
	return &pair, nil
}

// ForClients tells why the certificate cannot be shown by a client, nil where it can be.
func (p Pin) ForClients() error {
	_, err := p.pair()
	return err
}

func (p Pin) pair() (tls.Certificate, error) {
	if p.Key == "" {
		return tls.Certificate{}, errors.New("no private key is known")
	}
	pair, err := tls.LoadX509KeyPair(p.File, p.Key)
	if err != nil {
		return pair, err
	}
	// RFC 5280, section 4.2.1.12: one that names no use is for any.
	clients := func(use x509.ExtKeyUsage) bool {
		return use == x509.ExtKeyUsageClientAuth || use == x509.ExtKeyUsageAny
	}
	if uses := pair.Leaf.ExtKeyUsage; len(uses)+len(pair.Leaf.UnknownExtKeyUsage) > 0 && !slices.ContainsFunc(uses, clients) {
		return pair, fmt.Errorf("the certificate in %s is not for clients (extended key usage clientAuth)", p.File)
	}
	return pair, nil
}

// config is that of Pinned, nil for the zero Pin.
func (p Pin) config() *tls.Config {
	if p == (Pin{}) {
		return nil
	}
	return Pinned(p)
}

// now is the fingerprint of what is in the file, "" when that cannot be read.
func (p Pin) now() string {
	text, err := os.ReadFile(p.File)
	if err != nil {
		return ""
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return ""
	}
	sum := sha256.Sum256(block.Bytes)
	return hex.EncodeToString(sum[:])
}

// Trusting believes servers whose certificate is for their address and vouched for by one of these. Where they want one of
// their client, they are shown that of own.
func Trusting(roots *x509.CertPool, own Pin) *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots, GetClientCertificate: own.show}
}

// scheme is that of a URI for the driver, which takes from it whether it checks certificates itself.
func scheme(base string, over *tls.Config) string {
	switch {
	case over == nil:
		return base + "://"
	case over.InsecureSkipVerify:
		return base + "+ssc://"
	}
	return base + "+s://"
}
