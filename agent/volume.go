package main

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"neo4j-agent/neo4jconf"
)

// volume is the agent's own folder on the member's volume. What is in it survives restarts and task replacement, so
// each file is written, fsynced, renamed, and the folder fsynced.
type volume string

const (
	identityFile = "member.json"
	formedFile   = "formed.json"
	serviceFile  = "discovery.json"
	lockFile     = "lock"
)

// member is who this volume belongs to.
type member struct {
	ID string `json:"id"`
}

// formed says that this member was part of a formed cluster.
type formed struct {
	At      time.Time `json:"at"`
	Cluster string    `json:"cluster"`
}

// discovery says by which service this member's cluster finds its members.
type discovery struct {
	Service neo4jconf.DiscoveryService `json:"service"`
}

func (v volume) path(name string) string { return filepath.Join(string(v), name) }

// identify gives this volume's member id: the one it already has, else fallback, else a random one. It is kept.
func (v volume) identify(fallback string) (string, error) {
	id, err := v.identity()
	if err != nil || id != "" {
		return id, err
	}
	if fallback == "" {
		fallback = "member-" + strings.ToLower(rand.Text()[:8])
	}
	return fallback, v.write(identityFile, member{ID: fallback})
}

// identity is the member id that this volume has, "" for none yet.
func (v volume) identity() (string, error) {
	var known member
	err := v.read(identityFile, &known)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return known.ID, err
}

// wasFormed tells whether this member was in a formed cluster before.
func (v volume) wasFormed() bool {
	var f formed
	return v.read(formedFile, &f) == nil
}

// noteFormed records that this member is part of a formed cluster. A second note changes nothing.
func (v volume) noteFormed(cluster string) error {
	if v.wasFormed() {
		return nil
	}
	return v.write(formedFile, formed{At: time.Now().UTC(), Cluster: cluster})
}

// forget removes a file, for good when it returns.
func (v volume) forget(name string) error {
	err := os.Remove(v.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = syncFolder(string(v))
	}
	return err
}

// service is the discovery service of this member's cluster, "" for none kept.
func (v volume) service() neo4jconf.DiscoveryService {
	var d discovery
	_ = v.read(serviceFile, &d)
	return d.Service
}

// keepService records the discovery service of a member that is about to run.
func (v volume) keepService(service neo4jconf.DiscoveryService) error {
	if service == "" || service == v.service() {
		return nil
	}
	return v.write(serviceFile, discovery{service})
}

func (v volume) read(name string, into any) error {
	text, err := os.ReadFile(v.path(name))
	if err != nil {
		return fmt.Errorf("cannot read %s: %w", v.path(name), err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("cannot read %s: %v", v.path(name), err)
	}
	return nil
}

func (v volume) write(name string, value any) error {
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return fmt.Errorf("cannot encode %s: %v", name, err)
	}
	return writeDurably(v.path(name), append(text, '\n'), 0o640)
}

// writeDurably replaces path so that a crash at any moment leaves either the old file or the new one, whole: write,
// fsync, rename, fsync the folder.
func writeDurably(path string, text []byte, mode fs.FileMode) error {
	dir := filepath.Dir(path)
	temporary, err := os.CreateTemp(dir, filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	defer func() { _ = os.Remove(temporary.Name()) }() // in vain once it is renamed
	_, err = temporary.Write(text)
	for _, step := range []func() error{
		func() error { return temporary.Chmod(mode) },
		temporary.Sync,
	} {
		if err == nil {
			err = step()
		}
	}
	if closed := temporary.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(temporary.Name(), path)
	}
	if err == nil {
		err = syncFolder(dir)
	}
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	return nil
}

func syncFolder(dir string) error {
	folder, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer func() { _ = folder.Close() }()
	return folder.Sync()
}
