package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// neo4jUID is the user of the official images (docker-neo4j's Dockerfiles: groupadd --gid 7474, useradd --uid 7474).
const neo4jUID = 7474

// identity is a user and group by number.
type identity struct{ uid, gid int }

// neo4jIdentity is the user that root becomes: 7474, else the one called neo4j (3.5 images give it no fixed number).
// false where neither exists: the agent then stays root, as the database did.
func neo4jIdentity() (identity, bool) {
	found, err := user.LookupId(strconv.Itoa(neo4jUID))
	if err != nil {
		found, err = user.Lookup("neo4j")
	}
	if err != nil {
		return identity{}, false
	}
	uid, uidErr := strconv.Atoi(found.Uid)
	gid, gidErr := strconv.Atoi(found.Gid)
	return identity{uid, gid}, uidErr == nil && gidErr == nil && uid != 0
}

// become gives up root for good, in every thread of this process.
func become(who identity) error {
	if err := syscall.Setgroups([]int{who.gid}); err != nil {
		return fmt.Errorf("cannot set groups of user %d: %v", who.uid, err)
	}
	if err := syscall.Setgid(who.gid); err != nil {
		return fmt.Errorf("cannot become group %d: %v", who.gid, err)
	}
	if err := syscall.Setuid(who.uid); err != nil {
		return fmt.Errorf("cannot become user %d: %v", who.uid, err)
	}
	return nil
}

// give makes the tree at path who's where who could not write all of it, as the official image does: what is of the user's
// own making and writable for Neo4j stays as it is. Links are not followed, so that a link planted on a volume cannot hand
// out the host's files.
func give(path string, who identity) error {
	locked := errors.New("")
	err := walk(path, func(_ string, mode fs.FileMode, owner identity) error {
		if mode.Type() != fs.ModeSymlink && !who.mayWrite(mode, owner) {
			return locked
		}
		return nil
	})
	if errors.Is(err, locked) {
		err = walk(path, func(entry string, _ fs.FileMode, owner identity) error {
			if owner == who {
				return nil
			}
			return os.Lchown(entry, who.uid, who.gid)
		})
	}
	if err != nil {
		return fmt.Errorf("cannot give %s to user %d: %v", path, who.uid, err)
	}
	return nil
}

// mayWrite tells by its mode whether who may write a file or folder of owner.
func (who identity) mayWrite(mode fs.FileMode, owner identity) bool {
	switch {
	case who.uid == owner.uid:
		return mode&0o200 != 0
	case who.gid == owner.gid:
		return mode&0o020 != 0
	}
	return mode&0o002 != 0
}

// walk visits all that is below path. What goes away meanwhile is left out.
func walk(path string, visit func(entry string, mode fs.FileMode, owner identity) error) error {
	return filepath.WalkDir(path, func(entry string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		stat, ok := info.Sys().(*syscall.Stat_t)
		if !ok {
			return fmt.Errorf("cannot tell the owner of %s", entry)
		}
		return visit(entry, info.Mode(), identity{int(stat.Uid), int(stat.Gid)})
	})
}
