package logship

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// fileID is what a file keeps when it is renamed. Device numbers change when a volume is attached anew, inodes are used
// again: neither is believed without the fingerprint.
type fileID struct {
	Device uint64 `json:"device"`
	Inode  uint64 `json:"inode"`
}

func idOf(info fs.FileInfo) fileID {
	stat := info.Sys().(*syscall.Stat_t)
	return fileID{Device: uint64(stat.Dev), Inode: stat.Ino} //nolint:unconvert // Dev is narrower on other systems
}

// entry is a file of one log as a listing found it.
type entry struct {
	path   string
	id     fileID
	size   int64
	mtime  time.Time
	active bool // Neo4j writes to it; the others are rotated
}

// compressed are the endings of files that log4j2 makes when a pattern ends so:
// https://logging.apache.org/log4j/2.x/manual/appenders/rolling-file.html. What is in them was read before.
var compressed = []string{".gz", ".zip", ".bz2", ".deflate", ".pack200", ".xz", ".zst", ".tmp"}

// list finds the log at path and its rotated files, oldest first: query.log.1 (3.5, 4.x), query.log.01 (5 and later), and
// whatever a pattern makes that begins with query.log or with query and a separator and ends in .log; and those that are
// elsewhere, if elsewhere says what their paths match. The order is that of the last write, since a pattern may count up or
// down. A directory that is not there has no files.
func list(path, elsewhere string) ([]entry, error) {
	names, err := os.ReadDir(filepath.Dir(path))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, name := range names {
		if belongs(name.Name(), filepath.Base(path)) {
			paths = append(paths, filepath.Join(filepath.Dir(path), name.Name()))
		}
	}
	if elsewhere != "" {
		matching, err := filepath.Glob(elsewhere)
		if err != nil {
			return nil, fmt.Errorf("cannot look for rotated files %s: %v", elsewhere, err)
		}
		paths = append(paths, slices.DeleteFunc(matching, isCompressed)...)
	}
	var found []entry
	for _, each := range paths {
		info, err := os.Stat(each)
		if err != nil || !info.Mode().IsRegular() { // renamed meanwhile: the next listing has it
			continue
		}
		found = append(found, entry{path: each, id: idOf(info), size: info.Size(), mtime: info.ModTime(), active: each == filepath.Clean(path)})
	}
	return inOrder(found), nil
}

// inOrder sorts oldest first, the active one last, and leaves out what a rename during the listing showed twice.
func inOrder(found []entry) []entry {
	slices.SortFunc(found, func(a, b entry) int {
		switch {
		case a.active != b.active:
			return map[bool]int{true: 1, false: -1}[a.active]
		case !a.mtime.Equal(b.mtime):
			return a.mtime.Compare(b.mtime)
		}
		return cmp.Or(-cmp.Compare(len(a.path), len(b.path)), -cmp.Compare(a.path, b.path)) // .10 is older than .9
	})
	seen := map[fileID]bool{}
	return slices.DeleteFunc(found, func(e entry) bool {
		twice := seen[e.id]
		seen[e.id] = true
		return twice
	})
}

// belongs tells whether a name is that of the log called base or of one of its rotated files.
func belongs(name, base string) bool {
	if name == base {
		return true
	}
	if isCompressed(name) {
		return false
	}
	if strings.HasPrefix(name, base+".") || strings.HasPrefix(name, base+"-") {
		return true
	}
	stem := strings.TrimSuffix(base, ".log")
	rest, ok := strings.CutPrefix(name, stem)
	return ok && stem != base && strings.HasSuffix(rest, ".log") && len(rest) > len(".log") && strings.ContainsRune("-._", rune(rest[0])) &&
		strings.ContainsAny(rest, "0123456789")
}

func isCompressed(name string) bool {
	return slices.ContainsFunc(compressed, func(ending string) bool { return strings.HasSuffix(name, ending) })
}
