package restore

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"

	"github.com/klauspost/compress/gzip"
)

// trailer is how a tar ends: two blocks of zeros (POSIX, pax, ustar interchange format).
const trailer = 2 * 512

func ungzip(r io.Reader) (io.ReadCloser, error) { return gzip.NewReader(r) }

// tar unpacks a tar to its end.
func (u *unpacker) tar(what string, r io.Reader) error {
	end := &tail{Reader: r, left: u.limit + u.limit/8} // headers and padding come on top
	archive := tar.NewReader(end)
	for {
		header, err := archive.Next()
		if err == io.EOF {
			return unreadable(what, end.check())
		}
		if err != nil {
			return unreadable(what, err)
		}
		if err := u.tarEntry(header, archive); err != nil {
			return err
		}
		end.zeros = 0
	}
}

func (u *unpacker) tarEntry(header *tar.Header, content io.Reader) error {
	switch header.Typeflag {
	case tar.TypeReg, tar.TypeGNUSparse:
		return u.file(header.Name, header.Size, content)
	case tar.TypeDir:
		return u.folder(header.Name)
	case tar.TypeXGlobalHeader: // git archive's comment
		return nil
	}
	return corrupt("unpack %q: it is a link, a device or something else that no store has (type %q)", header.Name, header.Typeflag)
}

var errTooLarge = errors.New("it unpacks to more than any store of its size")

// tail watches the end of a tar, which archive/tar takes to be wherever the bytes end.
type tail struct {
	io.Reader
	left  int64 // that may be read
	zeros int64 // read last, since the last entry
}

func (t *tail) Read(p []byte) (int, error) {
	n, err := t.Reader.Read(p)
	if t.left -= int64(n); t.left < 0 {
		return 0, errTooLarge
	}
	if rest := bytes.TrimRight(p[:n], "\x00"); len(rest) > 0 {
		t.zeros = int64(n - len(rest))
	} else {
		t.zeros += int64(n)
	}
	return n, err
}

// check reads on to the end of the bytes: nothing but zeros, and enough of them.
func (t *tail) check() error {
	before := t.zeros
	n, err := io.Copy(io.Discard, onlyReader{t})
	switch {
	case err != nil:
		return err
	case t.zeros != before+n:
		return errors.New("something follows its end")
	case t.zeros < trailer:
		return errors.New("it is cut off: the end of the archive is missing")
	}
	return nil
}
