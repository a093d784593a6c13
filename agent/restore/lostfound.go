package restore

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// lostFound is the folder that mkfs.ext4 makes at the root of a file system, for e2fsck to put into what it finds
// (e2fsck(8), mklost+found(8)).
const lostFound = "lost+found"

// isLostFound tells whether path is that folder as it was made: at the root of what is mounted, and empty or not to be
// looked into by anybody but root. It is no data, and stays. What e2fsck has put into it counts as data.
func isLostFound(path string) bool {
	if filepath.Base(path) != lostFound {
		return false
	}
	info, err := os.Lstat(path)
	if err != nil || !info.IsDir() {
		return false
	}
	inside, err := os.ReadDir(path)
	if len(inside) > 0 || err != nil && !errors.Is(err, fs.ErrPermission) {
		return false
	}
	return isMount(filepath.Dir(path))
}

// isMount tells whether path is where something is mounted.
func isMount(path string) bool {
	device, mount, err := mountOf(path)
	aboveDevice, aboveMount, aboveErr := mountOf(path + "/..") // not of its name, which may be a link
	return err == nil && aboveErr == nil && (device != aboveDevice || mount != aboveMount)
}

// keepsLostFound tells whether path is a folder at the root of a file system that has one.
func keepsLostFound(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.IsDir() && isLostFound(filepath.Join(path, lostFound))
}

// empty removes all that is in a folder but its lost+found.
func empty(d disk, path string) error {
	entries, err := os.ReadDir(path)
	for _, entry := range entries {
		if err == nil && entry.Name() != lostFound {
			err = d.removeAll(filepath.Join(path, entry.Name()))
		}
	}
	if err == nil {
		err = d.syncDir(path)
	}
	return err
}
