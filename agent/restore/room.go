package restore

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// room is what a file system has, as seen from a path.
type room struct {
	free   int64  // bytes that we may write
	device uint64 // tells file systems apart
	mount  uint64 // tells apart where they are mounted: nothing is renamed from one mount to another (rename(2), EXDEV)
}

// roomAt is that of the file system of path, which need not be there yet. It asks for nothing that an old kernel or an
// old seccomp profile refuses, as statx is.
func roomAt(path string) (room, error) {
	for {
		there, err := roomOf(path)
		if errors.Is(err, fs.ErrNotExist) && filepath.Dir(path) != path {
			path = filepath.Dir(path)
			continue
		}
		if err != nil {
			return room{}, onDisk("measure the free space of "+path, err)
		}
		return there, nil
	}
}

func roomOf(path string) (room, error) {
	var space unix.Statfs_t
	if err := unix.Statfs(path, &space); err != nil {
		return room{}, err
	}
	device, mount, err := mountOf(path)
	return room{int64(space.Bavail) * space.Bsize, device, mount}, err
}

// mountOf tells file systems and mounts apart. Where the mount has no number, 0, its device has to do.
func mountOf(path string) (device, mount uint64, err error) {
	at, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return 0, 0, err
	}
	defer func() { _ = unix.Close(at) }()
	var stat unix.Stat_t
	if err := unix.Fstat(at, &stat); err != nil {
		return 0, 0, err
	}
	text, _ := os.ReadFile(fmt.Sprintf("/proc/self/fdinfo/%d", at)) // descriptors are the process's, whichever thread asks
	return stat.Dev, mountIn(text), nil
}

// mountIn reads what the kernel tells of a descriptor (proc_pid_fdinfo(5): mnt_id since Linux 3.15), 0 for nothing.
func mountIn(text []byte) (mount uint64) {
	for line := range bytes.Lines(text) {
		if number, is := bytes.CutPrefix(line, []byte("mnt_id:")); is {
			mount, _ = strconv.ParseUint(string(bytes.TrimSpace(number)), 10, 64)
		}
	}
	return mount
}

// room tells whether need more bytes can be staged now, and stores made of them beside those that they will replace.
func (r *run) room(need int64) error {
	if r.BuildCopies {
		need *= 2
	}
	return r.free(need)
}

// free tells whether need more bytes fit beside the staging folder. What a restore that was broken off has left is no
// store: where space is short it goes first.
func (r *run) free(need int64) error {
	there, err := r.space(r.Staging)
	if err == nil && need > there.free && len(r.half) > 0 {
		err = r.discardHalf()
		if err == nil {
			there, err = r.space(r.Staging)
		}
	}
	if err != nil {
		return err
	}
	return r.fits(need, there, r.Staging)
}

func (r *run) fits(need int64, there room, path string) error {
	if need <= there.free {
		return nil
	}
	return Fail(NoSpace, "restore %s: it needs %s on the file system of %s, %s are free: %s more are needed",
		r.source, bytesText(need), path, bytesText(there.free), bytesText(need-there.free))
}

func (r *run) discardHalf() error {
	r.Log.Info().Msg("space is short: the store of the restore that was broken off is discarded first")
	for _, path := range r.half {
		if err := discard(r.disk, path); err != nil {
			return err
		}
	}
	r.half = nil
	return nil
}

// freeElsewhere tells whether what has to be copied to other mounts than that of the staging folder, such as transaction
// logs on a volume of their own, fits there. What is replaced makes room.
func (r *run) freeElsewhere(moves []Move) error {
	here, err := r.space(r.Staging)
	if err != nil {
		return err
	}
	need, at := map[uint64]int64{}, map[uint64]string{}
	for _, m := range moves {
		there, err := r.space(m.To)
		if err != nil {
			return err
		}
		if there.mount == here.mount && there.device == here.device {
			continue
		}
		more, err := sizeOf([]string{m.From})
		if err != nil {
			return err
		}
		less, err := sizeOf([]string{m.To})
		if err != nil {
			return err
		}
		need[there.device] += more - less
		at[there.device] = cmp.Or(at[there.device], m.To)
	}
	for device, bytes := range need {
		there, err := r.space(at[device])
		if err == nil {
			err = r.fits(bytes, there, at[device])
		}
		if err != nil {
			return err
		}
	}
	return nil
}
