package certs

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// ReadFolder reads the pair in a folder as Neo4j has it: private.key, public.crt and, where it is there, trusted. A
// folder with neither key nor certificate holds no pair. The warnings are about what works and should not be.
func ReadFolder(dir string) (given Given, there bool, warnings []string, mistakes []error) {
	read := func(name string) Part {
		path := filepath.Join(dir, name)
		text, err := os.ReadFile(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case errors.Is(err, fs.ErrPermission):
			there = true
			mistakes = append(mistakes, fmt.Errorf("%s: cannot be read as user %d; make it that user's own", path, os.Getuid()))
		case err != nil:
			there = true
			mistakes = append(mistakes, fmt.Errorf("%s: cannot be read: %v", path, cause(err)))
		default:
			there = true
		}
		return Part{path, text}
	}
	given.Key, given.Certificate = read(KeyFile), read(CertificateFile)
	if !there {
		return given, false, nil, nil
	}
	for _, part := range []Part{given.Key, given.Certificate} {
		if _, err := os.Lstat(part.From); errors.Is(err, fs.ErrNotExist) {
			mistakes = append(mistakes, fmt.Errorf("%s: is missing, and the other file of the pair is there", part.From))
		}
	}
	if info, err := os.Stat(given.Key.From); err == nil && info.Mode().Perm()&0o004 != 0 {
		warnings = append(warnings, fmt.Sprintf("%s: everybody may read this private key; take that away (chmod o-r)", given.Key.From))
	}
	for name, part := range map[string]*Part{trustedFolder: &given.Trusted, revokedFolder: &given.Revoked} {
		var err error
		if *part, err = readAll(filepath.Join(dir, name)); err != nil {
			mistakes = append(mistakes, err)
		}
	}
	return given, true, warnings, mistakes
}

// readAll joins the files of a folder. Hidden ones are left out: a mounted secret has such folders.
func readAll(dir string) (Part, error) {
	part := Part{From: dir}
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return part, nil
	}
	if err != nil {
		return part, fmt.Errorf("%s: cannot be read: %v", dir, cause(err))
	}
	for _, entry := range entries {
		path := filepath.Join(dir, entry.Name())
		if info, err := os.Stat(path); strings.HasPrefix(entry.Name(), ".") || err != nil || !info.Mode().IsRegular() {
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return part, fmt.Errorf("%s: cannot be read: %v", path, cause(err))
		}
		part.PEM = append(append(part.PEM, text...), '\n')
	}
	return part, nil
}

// ReadCertificate reads the first certificate of a file.
func ReadCertificate(path string) (*x509.Certificate, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%s: cannot be read: %v", path, cause(err))
	}
	chain, err := parseCertificates(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %v", path, err)
	}
	return chain[0], nil
}

// Keep writes a pair into a folder of its own that nobody else may read, with all that Neo4j wants to find there. Files
// that are the same already stay.
func Keep(dir string, pair Pair) error {
	for _, path := range []string{dir, filepath.Join(dir, trustedFolder), filepath.Join(dir, revokedFolder)} {
		if err := os.MkdirAll(path, 0o700); err != nil {
			return fmt.Errorf("cannot keep a certificate: %v", err)
		}
	}
	if err := os.Chmod(dir, 0o700); err != nil { // it may have been there
		return fmt.Errorf("cannot keep a certificate: %v", err)
	}
	for name, text := range pair.files() {
		if err := replace(filepath.Join(dir, name), text); err != nil {
			return fmt.Errorf("cannot keep a certificate: %v", err)
		}
	}
	return nil
}

// files are those of a pair in its folder, nil those that it has not.
func (p Pair) files() map[string][]byte {
	return map[string][]byte{
		KeyFile: p.Key, CertificateFile: p.Chain,
		filepath.Join(trustedFolder, "trusted.crt"): p.Trusted, filepath.Join(revokedFolder, "revoked.crl"): p.Revoked,
	}
}

// replace gives a file another content, or takes it away where there is none, whole at every moment.
func replace(path string, text []byte) error {
	if text == nil {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, text) {
		return nil
	}
	temporary, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(temporary.Name()) }() // in vain once it is renamed
	_, err = temporary.Write(text)
	if err == nil {
		err = temporary.Chmod(0o400)
	}
	if closed := temporary.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(temporary.Name(), path)
	}
	return err
}

// Kept tells whether a folder holds just this pair.
func Kept(dir string, pair Pair) bool {
	for name, want := range pair.files() {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if errors.Is(err, fs.ErrNotExist) && want == nil {
			continue
		}
		if err != nil || !bytes.Equal(got, want) {
			return false
		}
	}
	return true
}

// Trusted are the certificates that a client of this folder's owner may believe beside the system's: those of its
// trusted folder and those that vouch for its own, nil where the system's cannot be read.
func Trusted(dir string) (*x509.CertPool, error) {
	pool, err := x509.SystemCertPool()
	if err != nil {
		return nil, fmt.Errorf("cannot read the system's certificates: %v", err)
	}
	chain, err := os.ReadFile(filepath.Join(dir, CertificateFile))
	if err == nil {
		pool.AppendCertsFromPEM(chain)
	}
	trusted, err := readAll(filepath.Join(dir, trustedFolder))
	if err == nil {
		pool.AppendCertsFromPEM(trusted.PEM)
	}
	return pool, err
}

// cause leaves out the path, which messages begin with.
func cause(err error) error {
	var about *fs.PathError
	if errors.As(err, &about) {
		return about.Err
	}
	return err
}
