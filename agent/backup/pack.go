package backup

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// content is how much there is in a folder.
type content struct {
	bytes int64
	files int
}

// measure adds up the files of a store.
func measure(dir string) (content, error) {
	var c content
	err := filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		c.bytes += info.Size()
		c.files++
		return nil
	})
	if err != nil {
		return c, fmt.Errorf("cannot measure %s: %w", dir, err)
	}
	return c, nil
}

// packed is the most that pack makes of c: zstd stores what it cannot compress with 3 bytes for each block of 128 KiB
// (RFC 8878, 3.1.1.2), tar adds at most three blocks of 512 bytes and a padding to a file.
func (c content) packed() int64 { return c.bytes + c.bytes>>14 + int64(c.files)*4096 + 1<<20 }

// pack writes a store as tar, compressed with zstd: names relative to dir, no owners. progress gets the bytes of files
// as they are read.
func pack(w io.Writer, dir string, progress func(int64)) (packed content, err error) {
	compressed, err := newFramer(w)
	if err != nil {
		return packed, err
	}
	archive := tar.NewWriter(compressed)
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		size, err := packOne(archive, path, name, entry, progress)
		packed.bytes += size
		if !entry.IsDir() {
			packed.files++
		}
		return err
	})
	if err = errors.Join(err, archive.Close(), compressed.Close()); err != nil {
		return packed, fmt.Errorf("cannot pack %s: %w", dir, err)
	}
	return packed, nil
}

func packOne(archive *tar.Writer, path, name string, entry fs.DirEntry, progress func(int64)) (int64, error) {
	info, err := entry.Info()
	if err != nil {
		return 0, err
	}
	header := &tar.Header{Name: filepath.ToSlash(name), Mode: int64(info.Mode().Perm()), ModTime: info.ModTime()}
	switch {
	case info.IsDir():
		header.Typeflag, header.Name = tar.TypeDir, header.Name+"/"
		return 0, archive.WriteHeader(header)
	case !info.Mode().IsRegular():
		return 0, fmt.Errorf("%s is neither a file nor a folder: a store has nothing else", path)
	}
	header.Typeflag, header.Size = tar.TypeReg, info.Size()
	if err := archive.WriteHeader(header); err != nil {
		return 0, err
	}
	return info.Size(), copyFile(archive, path, info.Size(), progress)
}

// copyFile copies a file that must have the size that was announced, neither less nor more.
func copyFile(w io.Writer, path string, size int64, progress func(int64)) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	copied, err := io.Copy(w, &meter{from: io.LimitReader(file, size+1), progress: progress, left: size})
	if err != nil {
		return err
	}
	if copied != size {
		return fmt.Errorf("%s changed while it was read: it had %d bytes", path, size)
	}
	return nil
}

// meter tells what was read, and gives no more than was announced.
type meter struct {
	from     io.Reader
	progress func(int64)
	left     int64
}

// errGrew ends the copy of a file that has more bytes than were announced.
var errGrew = errors.New("a file grew while it was read")

func (m *meter) Read(p []byte) (int, error) {
	n, err := m.from.Read(p)
	if m.left -= int64(n); m.left < 0 {
		return 0, errGrew
	}
	m.progress(int64(n))
	return n, err
}
