package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

type dumpConfigCommand struct{}

// Run writes the configuration into /conf and says so in the image's words.
func (c dumpConfigCommand) Run(out output) error { return inspect("dump-config", out, c.dump) }

func (dumpConfigCommand) dump(ctx context.Context, p *preparation) error {
	if !exists(confMount) {
		return withCode(exitConfig, errors.New("cannot dump the configuration: mount a folder at /conf, which takes it"))
	}
	config, err := p.configNow(ctx)
	if err != nil {
		return err
	}
	owner, err := dumpOwner()
	if err != nil {
		return withCode(exitPermission, err)
	}
	for _, file := range filesOf(config) {
		path := filepath.Join(confMount, file.name)
		if err := writeDurably(path, file.text, confMode); err != nil {
			return withCode(exitCannotMake, err)
		}
		if err := os.Chown(path, owner.uid, owner.gid); err != nil {
			return withCode(exitPermission, err)
		}
	}
	_, err = fmt.Fprintln(p.out, "Config Dumped")
	return err
}

// dumpOwner is whose the files are to be: the folder's owner is who wants them, and Neo4j reads them at the next start.
func dumpOwner() (identity, error) {
	if os.Getuid() != 0 {
		return identity{-1, -1}, nil // chown(2): as they are
	}
	info, err := os.Stat(confMount)
	if err != nil {
		return identity{}, err
	}
	owner := identity{-1, -1}
	if stat, ok := info.Sys().(*syscall.Stat_t); ok && stat.Uid != 0 {
		return identity{int(stat.Uid), int(stat.Gid)}, nil
	}
	if who, known := neo4jIdentity(); known {
		owner = who
	}
	return owner, nil
}
