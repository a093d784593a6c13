package restore

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
)

// What an archive may unpack to, in bytes. A store's files compress to a tenth or so, preallocated logs of an empty one
// to a thousandth; so small archives may grow to a few of those logs, and large ones by a generous factor.
const (
	alwaysAllowed = 16 << 30
	mostGrowth    = 200
)

// unpacker writes what an archive holds below a folder that only it writes to.
type unpacker struct {
	disk  disk
	root  string
	names *names
	limit int64
	room  func(need int64) error
	bytes atomic.Int64
	files atomic.Int64
	// dumped is how many bytes a dump unpacks to, which are not written.
	dumped int64
}

// unpacker is for an archive of that size.
func (r *run) unpacker(root string, size int64) *unpacker {
	return &unpacker{
		disk: r.disk, root: root, names: newNames(), limit: max(alwaysAllowed, size*mostGrowth),
		room: func(need int64) error { return r.room(need) },
	}
}

// folder makes the folder called name.
func (u *unpacker) folder(name string) error {
	clean, err := u.names.take(name, true)
	if err != nil {
		return err
	}
	return onDisk("unpack "+clean, u.disk.mkdirAll(filepath.Join(u.root, clean)))
}

// file writes the file called name, which has size bytes.
func (u *unpacker) file(name string, size int64, content io.Reader) error {
	clean, err := u.names.take(name, false)
	if err != nil {
		return err
	}
	return u.write(clean, size, content)
}

// write writes a file whose name was taken. It may be called for several at once.
func (u *unpacker) write(clean string, size int64, content io.Reader) error {
	sink, err := u.create(clean, size)
	if err != nil {
		return err
	}
	buf := copyBuffers.Get().(*[]byte)
	defer copyBuffers.Put(buf)
	n, err := io.CopyBuffer(onlyWriter{sink}, onlyReader{io.LimitReader(content, size)}, *buf)
	if err == nil && n < size {
		err = io.ErrUnexpectedEOF
	}
	return errors.Join(unreadable(clean, err), sink.Close())
}

// copyBuffers are larger than io.Copy's, for fewer calls of the kernel.
var copyBuffers = sync.Pool{New: func() any { buf := make([]byte, 256<<10); return &buf }}

// onlyWriter and onlyReader hide the methods with which io.CopyBuffer would pass its buffer by.
type onlyWriter struct{ io.Writer }
type onlyReader struct{ io.Reader }

func (u *unpacker) tooLarge(what string) error {
	return corrupt("unpack %s: the archive unpacks to more than %s, which no store of its size does", what, bytesText(u.limit))
}

// create opens a file whose name was taken, after looking whether size more bytes are allowed and fit.
func (u *unpacker) create(clean string, size int64) (*sink, error) {
	if size < 0 || u.bytes.Load() > u.limit-size {
		return nil, u.tooLarge(clean)
	}
	u.bytes.Add(size)
	u.files.Add(1)
	if err := u.room(size); err != nil {
		return nil, err
	}
	path := filepath.Join(u.root, clean)
	if err := u.disk.mkdirAll(filepath.Dir(path)); err != nil {
		return nil, onDisk("unpack "+clean, err)
	}
	file, err := u.disk.create(path)
	if err != nil {
		return nil, onDisk("unpack "+clean, err)
	}
	return &sink{file, clean}, nil
}

// sink is a file being unpacked; its errors are the disk's.
type sink struct {
	file file
	name string
}

func (s *sink) Write(p []byte) (int, error) {
	n, err := s.file.Write(p)
	return n, onDisk("unpack "+s.name, err)
}

func (s *sink) Close() error { return onDisk("unpack "+s.name, s.file.Close()) }

// copyFolder takes a folder of this machine as it is.
func (u *unpacker) copyFolder(from string, meter *meter) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return onDisk("read the snapshot", err)
		}
		name, err := filepath.Rel(from, path)
		switch {
		case err != nil:
			return err
		case name == ".":
			return nil
		case isLostFound(path):
			return fs.SkipDir
		case entry.IsDir():
			return u.folder(name)
		case !entry.Type().IsRegular():
			return corrupt("restore %s: it is neither a file nor a folder", path)
		}
		file, err := os.Open(path)
		if err != nil {
			return onDisk("read the snapshot", err)
		}
		defer func() { _ = file.Close() }()
		info, err := file.Stat()
		if err != nil {
			return onDisk("read the snapshot", err)
		}
		return u.file(name, info.Size(), metered{file, meter})
	})
}

// metered counts what is read.
type metered struct {
	io.Reader
	meter *meter
}

func (m metered) Read(p []byte) (int, error) {
	n, err := m.Reader.Read(p)
	m.meter.add(int64(n))
	return n, err
}
