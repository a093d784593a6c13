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

// own gives the tree at path to who where it is not theirs already. Links are not followed, so that a link planted on a
// volume cannot hand out the host's files.
func own(path string, who identity) error {
	err := filepath.WalkDir(path, func(entry string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) { // went away meanwhile
			return nil
		}
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if stat, ok := info.Sys().(*syscall.Stat_t); ok && int(stat.Uid) == who.uid && int(stat.Gid) == who.gid {
			return nil
		}
		return os.Lchown(entry, who.uid, who.gid)
	})
	if err != nil {
		return fmt.Errorf("cannot give %s to user %d: %v", path, who.uid, err)
	}
	return nil
}
