package certs

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestKeysOfEveryFormBecomePKCS8(t *testing.T) {
	sec1, err := x509.MarshalECPrivateKey(ecKey())
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		key  crypto.Signer
		text []byte
	}{
		"RSA in PKCS #8":               {rsaKey(), pkcs8(t, rsaKey())},
		"RSA in PKCS #1":               {rsaKey(), block(rsaBlock, x509.MarshalPKCS1PrivateKey(rsaKey()))},
		"elliptic curve in PKCS #8":    {ecKey(), pkcs8(t, ecKey())},
		"elliptic curve in SEC 1":      {ecKey(), block(ecBlock, sec1)},
		"SEC 1 as OpenSSL writes it":   {ecKey(), slices.Concat(block("EC PARAMETERS", []byte{6, 0}), block(ecBlock, sec1))},
		"after remarks and no newline": {ecKey(), []byte("Bag Attributes\n" + strings.TrimSpace(string(pkcs8(t, ecKey()))))},
	} {
		chain := slices.Concat([]byte("subject=db\n"), certificate(t, c.key, time.Now().Add(time.Hour)), []byte("issuer=ca\n"), certificate(t, otherKey(), time.Now()))
		pair, wrong := Parse(Given{Key: Part{"k", c.text}, Certificate: Part{"c", chain}})
		if len(wrong) > 0 {
			t.Errorf("%s: %v", name, wrong)
			continue
		}
		if string(pair.Key) != string(pkcs8(t, c.key)) || strings.Contains(string(pair.Chain), "subject") || strings.Count(string(pair.Chain), "BEGIN") != 2 {
			t.Errorf("%s: key and chain are not those given:\n%s", name, pair.Chain)
		}
		if pair.Leaf.Subject.CommonName != "db.example.com" || len(Fingerprint(pair.Leaf)) != 64 {
			t.Errorf("%s: leaf %v", name, pair.Leaf.Subject)
		}
	}
}

func TestEveryMistakeNamesItsFileAndWhatToDo(t *testing.T) {
	good, fitting := pkcs8(t, ecKey()), certificate(t, ecKey(), time.Now().Add(time.Hour))
	legacy := []byte("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n")
	for name, c := range map[string]struct {
		key, certificate, trusted []byte
		want                      []string // a piece of each mistake, in their order
	}{
		"nothing":                   {nil, nil, nil, []string{"k: holds no private key", "c: holds no certificate"}},
		"the two exchanged":         {fitting, good, nil, []string{"k: holds no private key", "c: holds no certificate"}},
		"no PEM":                    {[]byte{0x30, 0x82}, fitting, nil, []string{"k: holds no private key in PEM"}},
		"encrypted":                 {block(encryptedBlock, []byte{1}), fitting, nil, []string{"k: is encrypted; give"}},
		"encrypted as OpenSSL did":  {legacy, fitting, nil, []string{"k: is encrypted; give"}},
		"cut off":                   {block(keyBlock, []byte{0x30}), fitting, nil, []string{"k: holds a private key that cannot be read; give"}},
		"of a kind nobody reads":    {pkcs8(t, ed25519Key(t)), fitting, nil, []string{"k: holds a private key of a kind"}},
		"certificate cut off":       {good, block(certificateBlock, []byte{0x30}), nil, []string{"c: certificate 1 in it cannot be read"}},
		"of two pairs":              {good, certificate(t, otherKey(), time.Now()), nil, []string{"k: is not the key of the first certificate in c; give"}},
		"those that vouch first":    {good, slices.Concat(certificate(t, otherKey(), time.Now()), fitting), nil, []string{"k: is not the key"}},
		"a key among those trusted": {good, fitting, good, []string{"t: holds no certificate"}},
	} {
		_, wrong := Parse(Given{Part{"k", c.key}, Part{"c", c.certificate}, Part{"t", c.trusted}, Part{"r", nil}})
		if len(wrong) != len(c.want) {
			t.Errorf("%s: %d mistakes: %v", name, len(wrong), wrong)
			continue
		}
		for i, want := range c.want {
			if !strings.Contains(wrong[i].Error(), want) {
				t.Errorf("%s: %v, want %s", name, wrong[i], want)
			}
		}
	}
}

func FuzzNoTextMakesAPairThatIsNone(f *testing.F) {
	f.Add([]byte("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"), []byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"))
	f.Fuzz(func(t *testing.T, key, chain []byte) {
		pair, wrong := Parse(Given{Key: Part{"k", key}, Certificate: Part{"c", chain}})
		if (len(wrong) == 0) != (pair.Leaf != nil) {
			t.Errorf("pair %v with mistakes %v", pair.Leaf, wrong)
		}
	})
}

func write(t *testing.T, path string, text []byte, mode os.FileMode) {
	t.Helper()
	err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, text, mode), os.Chmod(path, mode))
	if err != nil {
		t.Fatal(err)
	}
}

func TestAFolderIsReadAsNeo4jHasIt(t *testing.T) {
	dir := t.TempDir()
	if _, there, _, wrong := ReadFolder(dir); there || len(wrong) > 0 {
		t.Errorf("an empty folder holds a pair: %v, %v", there, wrong)
	}
	write(t, filepath.Join(dir, KeyFile), pkcs8(t, ecKey()), 0o444)
	_, there, warnings, wrong := ReadFolder(dir)
	if !there || len(wrong) != 1 || !strings.Contains(wrong[0].Error(), "public.crt: is missing") {
		t.Errorf("half a pair: there %v, mistakes %v", there, wrong)
	}
	if len(warnings) != 1 || !strings.Contains(warnings[0], "private.key: everybody may read") {
		t.Errorf("a key that everybody may read: %v", warnings)
	}
	ca := certificate(t, otherKey(), time.Now())
	write(t, filepath.Join(dir, CertificateFile), certificate(t, ecKey(), time.Now().Add(time.Hour)), 0o644)
	write(t, filepath.Join(dir, "trusted", "ca.crt"), ca, 0o644)
	write(t, filepath.Join(dir, "trusted", "..data", "ca.crt"), []byte("a mounted secret's own"), 0o644)
	given, _, _, wrong := ReadFolder(dir)
	pair, more := Parse(given)
	if len(wrong)+len(more) > 0 || string(pair.Trusted) != string(ca) {
		t.Errorf("mistakes %v %v, trusted:\n%s", wrong, more, pair.Trusted)
	}
}

func TestAKeyThatCannotBeReadIsNamed(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, CertificateFile), certificate(t, ecKey(), time.Now()), 0o644)
	if err := os.Mkdir(filepath.Join(dir, KeyFile), 0o700); err != nil { // root may read every file, and nobody this
		t.Fatal(err)
	}
	_, there, _, wrong := ReadFolder(dir)
	if !there || len(wrong) != 1 || !strings.Contains(wrong[0].Error(), "private.key: cannot be read") {
		t.Errorf("there %v, mistakes %v", there, wrong)
	}
}

func TestAKeptPairIsPrivateAndWholeForNeo4j(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "certificates", "bolt")
	first, wrong := Parse(Given{Key: Part{"k", pkcs8(t, ecKey())}, Certificate: Part{"c", certificate(t, ecKey(), time.Now())},
		Trusted: Part{"t", certificate(t, otherKey(), time.Now())}})
	second, more := Parse(Given{Key: Part{"k", pkcs8(t, otherKey())}, Certificate: Part{"c", certificate(t, otherKey(), time.Now())}})
	if len(wrong)+len(more) > 0 {
		t.Fatal(wrong, more)
	}
	for _, pair := range []Pair{first, first, second} {
		if err := Keep(dir, pair); err != nil {
			t.Fatal(err)
		}
		if !Kept(dir, pair) {
			t.Error("what was kept is not there")
		}
		for name, want := range map[string]os.FileMode{".": 0o700, KeyFile: 0o400, CertificateFile: 0o400, "trusted": 0o700, "revoked": 0o700} {
			if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != want {
				t.Errorf("%s: %v (%v), want %v", name, info.Mode(), err, want)
			}
		}
	}
	if Kept(dir, first) {
		t.Error("the old pair passes for the new one")
	}
	for name, want := range map[string]int{".": 4, "trusted": 0, "revoked": 0} {
		if entries, err := os.ReadDir(filepath.Join(dir, name)); err != nil || len(entries) != want {
			t.Errorf("%s holds %v (%v), want %d", name, entries, err, want)
		}
	}
}

func TestASelfSignedPairNamesItsHosts(t *testing.T) {
	pair, err := SelfSigned([]string{"10.0.0.1", "db", "localhost", "127.0.0.1"}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if _, wrong := Parse(Given{Key: Part{"k", pair.Key}, Certificate: Part{"c", pair.Chain}}); len(wrong) > 0 {
		t.Fatal(wrong)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pair.Chain)
	for host, want := range map[string]bool{"10.0.0.1": true, "db": true, "localhost": true, "127.0.0.1": true, "10.0.0.2": false, "other": false} {
		_, err := pair.Leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: host})
		if (err == nil) != want {
			t.Errorf("%s: %v, want %v", host, err, want)
		}
	}
	if years := time.Until(pair.Leaf.NotAfter).Hours() / 24 / 365; years < 9 {
		t.Errorf("it ends in %.1f years", years)
	}
}

func TestListsOfRevokedCertificatesAreKept(t *testing.T) {
	key := ecKey()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCRLSign, SubjectKeyId: []byte{1}}
	der, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{Number: big.NewInt(1), NextUpdate: time.Now().Add(time.Hour)}, template, key)
	if err != nil {
		t.Fatal(err)
	}
	list, dir := block(revokedBlock, der), t.TempDir()
	write(t, filepath.Join(dir, KeyFile), pkcs8(t, key), 0o600)
	write(t, filepath.Join(dir, CertificateFile), certificate(t, key, time.Now().Add(time.Hour)), 0o600)
	for name, c := range map[string]struct {
		text []byte
		want string
	}{
		"two with a remark": {slices.Concat([]byte("of the authority\n"), list, list), ""},
		"a certificate":     {certificate(t, key, time.Now()), "list 1 of revoked certificates in it cannot be read"},
		"not in PEM":        {der, "something else than lists of revoked certificates"},
	} {
		write(t, filepath.Join(dir, revokedFolder, "a.crl"), c.text, 0o644)
		given, _, _, wrong := ReadFolder(dir)
		if len(wrong) > 0 {
			t.Fatal(wrong)
		}
		pair, wrong := Parse(given)
		if c.want != "" {
			if len(wrong) != 1 || !strings.Contains(wrong[0].Error(), c.want) {
				t.Errorf("%s: %v, want %q", name, wrong, c.want)
			}
			continue
		}
		kept := t.TempDir()
		if err := Keep(kept, pair); err != nil || !Kept(kept, pair) || !bytes.Equal(pair.Revoked, slices.Concat(list, list)) {
			t.Errorf("%s: kept is something else (%v)", name, err)
		}
		pair.Revoked = list
		if Kept(kept, pair) {
			t.Errorf("%s: another list is taken for the same", name)
		}
	}
}

func TestAClientBelievesWhoeverVouchesForThisFolder(t *testing.T) {
	dir := t.TempDir()
	ca, own := certificate(t, rsaKey(), time.Now().Add(time.Hour)), certificate(t, ecKey(), time.Now().Add(time.Hour))
	write(t, filepath.Join(dir, CertificateFile), own, 0o644)
	write(t, filepath.Join(dir, "trusted", "ca.crt"), ca, 0o644)
	pool, err := Trusted(dir)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		text []byte
		want bool
	}{"itself": {own, true}, "trusted": {ca, true}, "a stranger": {certificate(t, otherKey(), time.Now().Add(time.Hour)), false}} {
		chain, err := parseCertificates(c.text)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := chain[0].Verify(x509.VerifyOptions{Roots: pool}); (err == nil) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}
