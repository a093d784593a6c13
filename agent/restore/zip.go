package restore

import (
	"archive/zip"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"runtime"
	"slices"
	"strings"

	"github.com/klauspost/compress/flate"
	"golang.org/x/sync/errgroup"
)

const (
	// longestDirectory bounds what is read to find a zip's entries, in bytes: some ten thousand of them.
	longestDirectory = 4 << 20
	directoryBlock   = 256 << 10
	// runSize is how many bytes of neighbouring entries are read as one, so that small ones cost no request each.
	runSize = 8 << 20
	// mostUnzippers bounds how many entries are decompressed at once.
	mostUnzippers = 4

	localHeader    = 30         // bytes before the name (APPNOTE.TXT 4.3.7)
	localSignature = 0x04034b50 // of them the first four
	encrypted      = 1          // flag
)

// zipEntry is one file of a zip: where its local header is, and its name below the root.
type zipEntry struct {
	*zip.File
	at    int64
	clean string
}

// leastEnd is where an entry ends at the earliest.
func (e zipEntry) leastEnd() int64 {
	return e.at + localHeader + int64(len(e.Name)) + int64(e.CompressedSize64)
}

// zip unpacks a zip, several entries at once.
func (u *unpacker) zip(ctx context.Context, t *transfer, o object) error {
	entries, err := u.zipEntries(ctx, t, o)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(min(runtime.GOMAXPROCS(0), mostUnzippers))
	for len(entries) > 0 {
		n := 1
		for n < len(entries) && entries[n-1].leastEnd()-entries[0].at < runSize {
			n++
		}
		neighbours, end := entries[:n], o.size
		if entries = entries[n:]; len(entries) > 0 {
			end = entries[0].at
		}
		group.Go(func() error { return u.unzip(ctx, t, o, neighbours, end) })
	}
	return group.Wait()
}

// zipEntries reads the directory, makes the folders, and gives the files in the order in which they lie in the archive.
func (u *unpacker) zipEntries(ctx context.Context, t *transfer, o object) ([]zipEntry, error) {
	directory := &directory{ctx: ctx, t: t, o: o}
	archive, err := zip.NewReader(directory, o.size)
	if err != nil {
		return nil, unreadable(o.key, cmp.Or(directory.failed, err))
	}
	directory.asking = true
	var entries []zipEntry
	var size int64
	for _, f := range archive.File {
		if strings.HasSuffix(f.Name, "/") && f.Mode().IsDir() {
			if err := u.folder(f.Name); err != nil {
				return nil, err
			}
			continue
		}
		entry, err := u.zipEntry(f, directory)
		if err != nil {
			return nil, err
		}
		if size += int64(f.UncompressedSize64); size < 0 || size > u.limit {
			return nil, corrupt("unpack %s: it says that it unpacks to more than any store of its size", o.key)
		}
		entries = append(entries, entry)
	}
	slices.SortFunc(entries, func(a, b zipEntry) int { return cmp.Compare(a.at, b.at) })
	for i, entry := range entries {
		end := o.size
		if i+1 < len(entries) {
			end = entries[i+1].at
		}
		if entry.at < 0 || entry.leastEnd() > end || entry.leastEnd() < entry.at {
			return nil, corrupt("unpack %q: it overlaps with what follows", entry.Name)
		}
	}
	return entries, u.room(size)
}

func (u *unpacker) zipEntry(f *zip.File, directory *directory) (zipEntry, error) {
	switch {
	case !f.Mode().IsRegular():
		return zipEntry{}, corrupt("unpack %q: it is a link, a device or something else that no store has", f.Name)
	case f.Flags&encrypted != 0:
		return zipEntry{}, corrupt("unpack %q: it is encrypted", f.Name)
	case f.Method != zip.Store && f.Method != zip.Deflate:
		return zipEntry{}, corrupt("unpack %q: compression method %d is not supported", f.Name, f.Method)
	case int64(f.UncompressedSize64) < 0 || int64(f.CompressedSize64) < 0:
		return zipEntry{}, corrupt("unpack %q: its size cannot be", f.Name)
	}
	clean, err := u.names.take(f.Name, false)
	_, _ = f.DataOffset() // asks for the local header, and so tells where it is
	return zipEntry{f, directory.asked, clean}, err
}

// unzip unpacks neighbouring entries out of one stream.
func (u *unpacker) unzip(ctx context.Context, t *transfer, o object, entries []zipEntry, end int64) error {
	at := entries[0].at
	s := t.open(ctx, o, at, end-at)
	defer func() { _ = s.Close() }()
	inflate := flate.NewReader(nil)
	for _, entry := range entries {
		if at > entry.at {
			return corrupt("unpack %q: it overlaps with what is before it", entry.Name)
		}
		if _, err := io.CopyN(io.Discard, s, entry.at-at); err != nil {
			return unreadable(entry.Name, err)
		}
		header, err := readLocalHeader(s, entry)
		if err != nil {
			return unreadable(entry.Name, err)
		}
		if err := u.unzipOne(entry, s, inflate); err != nil {
			return err
		}
		at = entry.at + header + int64(entry.CompressedSize64)
	}
	return nil
}

// readLocalHeader reads what is before an entry's bytes, which must not say other than the directory.
func readLocalHeader(r io.Reader, entry zipEntry) (size int64, err error) {
	header := make([]byte, localHeader)
	if _, err := io.ReadFull(r, header); err != nil {
		return 0, err
	}
	name := make([]byte, binary.LittleEndian.Uint16(header[26:]))
	extra := int64(binary.LittleEndian.Uint16(header[28:]))
	if _, err := io.ReadFull(r, name); err != nil {
		return 0, err
	}
	if _, err := io.CopyN(io.Discard, r, extra); err != nil {
		return 0, err
	}
	switch {
	case binary.LittleEndian.Uint32(header) != localSignature || binary.LittleEndian.Uint16(header[8:]) != entry.Method:
		return 0, errors.New("there is no such entry where the directory says")
	case string(name) != entry.Name:
		return 0, errors.New("it has another name in the directory")
	}
	return localHeader + int64(len(name)) + extra, nil
}

// unzipOne writes one file, and checks its size and its CRC.
func (u *unpacker) unzipOne(entry zipEntry, s io.Reader, inflate io.ReadCloser) error {
	compressed := io.LimitReader(s, int64(entry.CompressedSize64))
	content := compressed
	if entry.Method == zip.Deflate {
		if err := inflate.(flate.Resetter).Reset(compressed, nil); err != nil {
			return unreadable(entry.Name, err)
		}
		content = inflate
	}
	sum := crc32.NewIEEE()
	if err := u.write(entry.clean, int64(entry.UncompressedSize64), io.TeeReader(content, sum)); err != nil {
		return err
	}
	if n, err := io.Copy(io.Discard, io.LimitReader(content, 1)); n > 0 || err != nil {
		return unreadable(entry.Name, cmp.Or(err, errors.New("it is larger than it says")))
	}
	if sum.Sum32() != entry.CRC32 {
		return corrupt("unpack %q: its checksum is wrong", entry.Name)
	}
	_, err := io.Copy(io.Discard, compressed)
	return unreadable(entry.Name, err)
}

// directory reads an archive here and there for archive/zip, which goes through its directory once, from front to back.
type directory struct {
	ctx    context.Context
	t      *transfer
	o      object
	at     int64 // of the block in hand
	block  []byte
	read   int64
	failed error
	// asking makes it tell where is read, without reading.
	asking bool
	asked  int64
}

var errAsking = errors.New("asked only for the place")

// ReadAt implements io.ReaderAt. Not for concurrent use.
func (d *directory) ReadAt(p []byte, at int64) (int, error) {
	if d.asking {
		d.asked = at
		return 0, errAsking
	}
	n := 0
	for n < len(p) && at+int64(n) < d.o.size {
		from := at + int64(n)
		if from < d.at || from >= d.at+int64(len(d.block)) {
			if d.failed = d.fetch(from - from%directoryBlock); d.failed != nil {
				return n, d.failed
			}
		}
		n += copy(p[n:], d.block[from-d.at:])
	}
	if d.failed = checkEnd(p); d.failed != nil {
		return n, d.failed
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// checkEnd refuses the end of a zip64 directory (APPNOTE.TXT 4.3.14), which archive/zip reads by itself, where it says
// that there are so many entries that the list of them is too much for memory.
func checkEnd(p []byte) error {
	if len(p) == 56 && string(p[:4]) == "PK\x06\x06" && binary.LittleEndian.Uint64(p[32:]) > mostEntries {
		return corrupt("unpack the archive: it says that it has more than %d entries", mostEntries)
	}
	return nil
}

func (d *directory) fetch(at int64) error {
	size := min(directoryBlock, d.o.size-at)
	if d.read += size; d.read > longestDirectory {
		return corrupt("unpack %s: its directory is longer than that of any store", d.o.key)
	}
	d.block = make([]byte, size)
	d.at = at
	return d.t.fill(d.ctx, d.o, at, d.block)
}
