// Package certs reads, checks and keeps the certificates that Neo4j shows at its ports. It does not know Neo4j: who
// calls it says which port a pair is for.
package certs

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
)

// Names of the files of a pair, which are Neo4j's own (manual, "SSL framework").
const (
	KeyFile         = "private.key"
	CertificateFile = "public.crt"
	trustedFolder   = "trusted"
	revokedFolder   = "revoked"
)

// Part is one text of a pair, as it was given.
type Part struct {
	From string // the file or variable, for messages
	PEM  []byte
}

// Given is a pair as it was given.
type Given struct{ Key, Certificate, Trusted, Revoked Part }

// Pair is a private key with its certificate, in the form that every version of Neo4j reads. Key is a secret.
type Pair struct {
	Key     []byte            // PKCS #8 in PEM
	Chain   []byte            // PEM, the server's own certificate first
	Trusted []byte            // PEM, nil for none
	Revoked []byte            // lists of revoked certificates (RFC 5280) in PEM, nil for none
	Leaf    *x509.Certificate // the server's own
}

// PEM block types (RFC 7468; those of PKCS #1 and SEC 1 are OpenSSL's).
const (
	certificateBlock = "CERTIFICATE"
	revokedBlock     = "X509 CRL"
	keyBlock         = "PRIVATE KEY"
	encryptedBlock   = "ENCRYPTED PRIVATE KEY"
	rsaBlock         = "RSA PRIVATE KEY"
	ecBlock          = "EC PRIVATE KEY"
)

// Parse makes a pair of what was given. The mistakes are all that is wrong with it, and name the file or variable.
func Parse(given Given) (Pair, []error) {
	var pair Pair
	var mistakes []error
	key, err := parseKey(given.Key.PEM)
	if err != nil {
		mistakes = append(mistakes, fmt.Errorf("%s: %v", given.Key.From, err))
	}
	chain, err := parseCertificates(given.Certificate.PEM)
	if err != nil {
		mistakes = append(mistakes, fmt.Errorf("%s: %v", given.Certificate.From, err))
	}
	if len(given.Trusted.PEM) > 0 {
		trusted, err := parseCertificates(given.Trusted.PEM)
		if err != nil {
			mistakes = append(mistakes, fmt.Errorf("%s: %v", given.Trusted.From, err))
		}
		pair.Trusted = encode(trusted)
	}
	if pair.Revoked, err = parseRevoked(given.Revoked.PEM); err != nil {
		mistakes = append(mistakes, fmt.Errorf("%s: %v", given.Revoked.From, err))
	}
	if len(chain) > 0 && key != nil && !fits(key, chain[0]) {
		mistakes = append(mistakes, fmt.Errorf("%s: is not the key of the first certificate in %s; give the two that belong together, the server's own certificate before those that vouch for it",
			given.Key.From, given.Certificate.From))
	}
	if len(mistakes) > 0 {
		return Pair{}, mistakes
	}
	if pair.Key, err = encodeKey(key); err != nil {
		return Pair{}, []error{fmt.Errorf("%s: %v", given.Key.From, err)}
	}
	pair.Chain, pair.Leaf = encode(chain), chain[0]
	return pair, nil
}

func encodeKey(key crypto.Signer) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("cannot encode the private key: %v", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: keyBlock, Bytes: der}), nil
}

// parseKey takes PKCS #8, and PKCS #1 and SEC 1, which Neo4j would not in every version.
func parseKey(text []byte) (crypto.Signer, error) {
	for {
		block, rest := pem.Decode(text)
		if block == nil {
			return nil, errors.New("holds no private key in PEM; it must have a line -----BEGIN PRIVATE KEY-----")
		}
		text = rest
		var key any
		var err error
		switch {
		case block.Type == encryptedBlock || block.Headers["DEK-Info"] != "":
			return nil, errors.New("is encrypted; give the key without a passphrase (openssl pkcs8 -topk8 -nocrypt), or set all of Neo4j's dbms.ssl.policy settings of this port yourself")
		case block.Type == keyBlock:
			key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
		case block.Type == rsaBlock:
			key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
		case block.Type == ecBlock:
			key, err = x509.ParseECPrivateKey(block.Bytes)
		default:
			continue // certificates, EC PARAMETERS
		}
		if err != nil {
			return nil, errors.New("holds a private key that cannot be read; give one of RSA or of an elliptic curve of NIST")
		}
		switch key := key.(type) {
		case *rsa.PrivateKey:
			return key, nil
		case *ecdsa.PrivateKey:
			return key, nil
		}
		return nil, errors.New("holds a private key of a kind that Neo4j does not read in every version; give one of RSA or of an elliptic curve of NIST")
	}
}

func parseCertificates(text []byte) ([]*x509.Certificate, error) {
	var all []*x509.Certificate
	for {
		block, rest := pem.Decode(text)
		if block == nil {
			break
		}
		text = rest
		if block.Type != certificateBlock {
			continue
		}
		one, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("certificate %d in it cannot be read: %v", len(all)+1, err)
		}
		all = append(all, one)
	}
	if len(all) == 0 {
		return nil, errors.New("holds no certificate in PEM; it must have a line -----BEGIN CERTIFICATE-----")
	}
	return all, nil
}

// parseRevoked checks lists of revoked certificates and gives them without remarks, nil where there are none.
func parseRevoked(text []byte) ([]byte, error) {
	var all bytes.Buffer
	for n := 1; ; n++ {
		block, rest := pem.Decode(text)
		if block == nil && len(bytes.TrimSpace(text)) > 0 {
			return nil, fmt.Errorf("holds something else than lists of revoked certificates in PEM after %d of them; each begins with -----BEGIN X509 CRL-----", n-1)
		}
		if block == nil {
			return all.Bytes(), nil
		}
		text = rest
		if _, err := x509.ParseRevocationList(block.Bytes); err != nil {
			return nil, fmt.Errorf("list %d of revoked certificates in it cannot be read: %v", n, err)
		}
		_ = pem.Encode(&all, &pem.Block{Type: revokedBlock, Bytes: block.Bytes}) // a buffer takes all
	}
}

// encode leaves out the remarks between certificates, at which Java stumbles.
func encode(all []*x509.Certificate) []byte {
	var text bytes.Buffer
	for _, one := range all {
		_ = pem.Encode(&text, &pem.Block{Type: certificateBlock, Bytes: one.Raw}) // a buffer takes all
	}
	return text.Bytes()
}

func fits(key crypto.Signer, certificate *x509.Certificate) bool {
	public, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool })
	return ok && public.Equal(certificate.PublicKey)
}

// Fingerprint is the SHA-256 of a certificate, in hex.
func Fingerprint(certificate *x509.Certificate) string {
	sum := sha256.Sum256(certificate.Raw)
	return hex.EncodeToString(sum[:])
}
