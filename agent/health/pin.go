package health

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"os"
)

// Pin says which certificate a port of this machine shows. The zero Pin is a port that is asked without TLS.
type Pin struct {
	File  string // with it, the server's own first
	Begun string // SHA-256 in hex of what was in the file when the database was started; "" where that is not known
}

// Pinned believes the server that shows the certificate of a pin and no other. Which names are in it does not matter, as
// it is asked at an address of this machine, and neither does its end: a member that is well must not fail for that.
func Pinned(pin Pin) *tls.Config {
	return &tls.Config{
		MinVersion:         tls.VersionTLS12,
		InsecureSkipVerify: true, // VerifyConnection does it
		VerifyConnection: func(state tls.ConnectionState) error {
			shown := sha256.Sum256(state.PeerCertificates[0].Raw) // a server always shows one (crypto/tls)
			if got := hex.EncodeToString(shown[:]); got == pin.Begun || got == pin.now() {
				return nil
			}
			return errors.New("the certificate shown is not that of this member")
		},
	}
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

// Trusting believes servers whose certificate is for their address and vouched for by one of these.
func Trusting(roots *x509.CertPool) *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots}
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
