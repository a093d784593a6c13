package restore

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"
)

// disk is what is done to the volume, so that tests can see the order of it.
type disk interface {
	create(path string) (file, error) // new, for writing
	mkdirAll(path string) error
	rename(from, to string) error
	removeAll(path string) error
	syncFile(path string) error // makes what is in a file last
	syncDir(path string) error  // makes names in a folder last
}

type file interface {
	io.Writer
	Sync() error
	Close() error
}

// osDisk is the real one.
type osDisk struct{}

func (osDisk) create(path string) (file, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640)
	return &eager{File: f}, err
}

// eagerEvery is after how many bytes the kernel is asked to write what it has of a file.
const eagerEvery = 8 << 20

// eager is a file whose bytes are on their way to the disk while the next ones are still being fetched, so that they do
// not all wait for the fsync at the end, nor fill the container's memory until then.
type eager struct {
	*os.File
	written, asked int64
}

func (e *eager) Write(p []byte) (int, error) {
	n, err := e.File.Write(p)
	if e.written += int64(n); e.written-e.asked >= eagerEvery {
		e.ask()
	}
	return n, err
}

func (e *eager) Close() error {
	e.ask()
	return e.File.Close()
}

// ask does not wait. Where a file system cannot do it, the fsync at the end does it all.
func (e *eager) ask() {
	_ = unix.SyncFileRange(int(e.Fd()), e.asked, e.written-e.asked, unix.SYNC_FILE_RANGE_WRITE)
	e.asked = e.written
}
func (osDisk) mkdirAll(path string) error   { return os.MkdirAll(path, 0o750) }
func (osDisk) rename(from, to string) error { return os.Rename(from, to) }
func (osDisk) removeAll(path string) error  { return os.RemoveAll(path) }

func (osDisk) syncFile(path string) error { return syncPath(path) }
func (osDisk) syncDir(path string) error  { return syncPath(path) }

func syncPath(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}

// locks are the files that Neo4j makes before it has a store (StoreLocker, DatabaseLayout in its source).
var locks = []string{"store_lock", "database_lock"}

// firstFile finds a file at or below the paths, "" for none. Folders do not count: Neo4j's launcher and we make them.
func firstFile(paths []string) (string, error) {
	found := ""
	err := walkFiles(paths, func(path string, entry fs.DirEntry) error {
		if slices.Contains(locks, entry.Name()) {
			return nil
		}
		found = path
		return fs.SkipAll
	})
	return found, err
}

// sizeOf is how many bytes the files at or below the paths have.
func sizeOf(paths []string) (int64, error) {
	var size int64
	err := walkFiles(paths, func(_ string, entry fs.DirEntry) error {
		info, err := entry.Info()
		if err == nil {
			size += info.Size()
		}
		return err
	})
	return size, err
}

func walkFiles(paths []string, visit func(string, fs.DirEntry) error) error {
	for _, path := range paths {
		err := filepath.WalkDir(path, func(path string, entry fs.DirEntry, err error) error {
			switch {
			case errors.Is(err, fs.ErrNotExist):
				return nil
			case err != nil:
				return err
			case isLostFound(path):
				return fs.SkipDir
			case entry.IsDir():
				return nil
			}
			return visit(path, entry)
		})
		if err != nil {
			return onDisk("look into "+path, err)
		}
	}
	return nil
}

// discard removes what is at path and makes that last, so that nothing of it comes back after a power loss and is taken
// for a part of the new store.
func discard(d disk, path string) error {
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return remove(d, path)
}

func remove(d disk, path string) error {
	if keepsLostFound(path) {
		return onDisk("empty "+path, empty(d, path))
	}
	err := d.removeAll(path)
	if left, readErr := os.ReadDir(path); errors.Is(err, unix.EBUSY) && readErr == nil && len(left) == 0 { // a mounted one
		return onDisk("empty "+path, d.syncDir(path))
	}
	if err == nil {
		err = d.syncDir(filepath.Dir(path))
	}
	return onDisk("remove "+path, err)
}

// syncTree makes what is at or below path last, and the names of the folders above it up to root. What is not there needs
// nothing.
func syncTree(d disk, path, root string) error {
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	err := filepath.WalkDir(path, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case isLostFound(path):
			return fs.SkipDir
		case entry.IsDir():
			return d.syncDir(path)
		case entry.Type().IsRegular():
			return d.syncFile(path)
		}
		return nil
	})
	for above := filepath.Dir(path); err == nil; above = filepath.Dir(above) {
		err = d.syncDir(above)
		if below, _ := filepath.Rel(root, above); !filepath.IsLocal(below) || below == "." {
			break
		}
	}
	return onDisk("write "+path+" to the disk", err)
}
