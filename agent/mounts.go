package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"neo4j-agent/neo4jconf"
)

// refuseLocked ends a start that could not write all of Neo4j's folders, and names each.
func refuseLocked(folders []string) error {
	locked := slices.DeleteFunc(slices.Clone(folders), func(path string) bool {
		err := unix.Access(path, unix.W_OK)
		return err == nil || errors.Is(err, fs.ErrNotExist)
	})
	if len(locked) == 0 {
		return nil
	}
	return withCode(exitPermission, fmt.Errorf("cannot write %s as user %d: give it to that user, or start the container as its owner (--user)",
		strings.Join(locked, ", "), os.Getuid()))
}

// linkCertificates makes $NEO4J_HOME/certificates the mounted /ssl, as the image does: since 4.0 no setting says where
// certificates are, only one for each policy, which may name that folder. One that was there is kept under another name.
func (p *preparation) linkCertificates(config neo4jconf.Config) error {
	set := func(s neo4jconf.Setting) bool { return s.From == sslMount }
	if !p.neo4j.mounts[sslMount] || slices.ContainsFunc(config.Settings(), set) {
		return nil
	}
	link := filepath.Join(p.settings.Home, "certificates")
	if to, err := os.Readlink(link); err == nil && to == sslMount {
		return nil
	}
	if p.dry {
		p.would("would link %s to %s", link, sslMount)
		return nil
	}
	err := os.Rename(link, link+".before-ssl")
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		err = os.Symlink(sslMount, link)
	}
	if err != nil { // a read-only root; policies may name /ssl itself
		p.log.Warn().Msgf("%s is not the mounted %s: %v", link, sslMount, err)
	}
	return nil
}

const sslMount = "/ssl"
