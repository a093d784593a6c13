package logship

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"time"
)

// headBytes is how much of a file's beginning tells it from others. A record begins with its time in milliseconds.
const headBytes = 1024

// mark is how far a file was read. Head is the fingerprint of the first min(headBytes, Offset) bytes: a file of which
// nothing was read needs none, as it is read from its beginning whatever it is.
type mark struct {
	fileID
	Offset int64  `json:"offset"`
	Head   string `json:"head,omitempty"`
}

// fingerprint is of a file's first n bytes; empty for none, or when they cannot be read.
func fingerprint(file io.ReaderAt, n int64) string {
	if n <= 0 {
		return ""
	}
	head := make([]byte, min(n, headBytes))
	if _, err := file.ReadAt(head, 0); err != nil && err != io.EOF {
		return ""
	}
	sum := sha256.Sum256(head)
	return hex.EncodeToString(sum[:])
}

// knows tells whether the file with these first bytes is the one that was marked.
func (m mark) knows(file io.ReaderAt, size int64) bool {
	return size >= m.Offset && (m.Offset == 0 || m.Head != "" && fingerprint(file, m.Offset) == m.Head)
}

// ledger remembers how far each file of one log was read, while the file exists.
type ledger struct {
	marks map[fileID]*place
	lost  int64 // files that were gone before they were read to their ends
}

// place is a mark with what was last seen of its file.
type place struct {
	mark
	size     int64 // and mtime, when the file was last found to be the marked one
	mtime    time.Time
	lastSeen time.Time // in a listing
	held     bool      // open, so that it can be read though it is deleted
}

// newLedger goes on from a checkpoint's marks.
func newLedger(marks []mark) *ledger {
	l := &ledger{marks: map[fileID]*place{}}
	for _, m := range marks {
		l.marks[m.fileID] = &place{mark: m, size: -1, lastSeen: time.Now()}
	}
	return l
}

// see enters a listing and returns it without the files that were read to their ends, with the bytes not yet read. A file
// that was replaced under its inode, or truncated, counts from its beginning.
func (l *ledger) see(found []entry) (unread []entry, behind int64) {
	now := time.Now()
	for _, e := range found {
		p := l.place(e)
		p.lastSeen = now
		if p.size != e.size || !p.mtime.Equal(e.mtime) {
			p.verify(e)
		}
		if e.size > p.Offset {
			unread = append(unread, e)
			behind += e.size - p.Offset
		}
	}
	if len(found) == 0 { // the directory is away, and may come back with all that it had
		return nil, 0
	}
	for id, p := range l.marks {
		if now.Sub(p.lastSeen) > forgetAfter && !p.held {
			delete(l.marks, id)
			if p.Offset < p.size {
				l.lost++
			}
		}
	}
	return unread, behind
}

// place is where a file was left. A file known by inode and fingerprint but from another device is on a volume that was
// attached anew; it takes its mark along.
func (l *ledger) place(e entry) *place {
	if p := l.marks[e.id]; p != nil {
		return p
	}
	for id, p := range l.marks {
		if id.Inode != e.id.Inode || p.size >= 0 || p.Offset == 0 {
			continue
		}
		if same, sure := p.matches(e); same && sure {
			delete(l.marks, id)
			p.fileID = e.id
			l.marks[e.id] = p
			return p
		}
	}
	p := &place{mark: mark{fileID: e.id}, size: -1}
	l.marks[e.id] = p
	return p
}

// verify begins anew when the file is not the marked one.
func (p *place) verify(e entry) {
	same, sure := p.matches(e)
	if !sure {
		return
	}
	if !same {
		p.mark = mark{fileID: e.id}
	}
	p.size, p.mtime = e.size, e.mtime
}

// matches compares the beginning of a file with the mark's; not sure when it cannot be opened or was renamed meanwhile.
func (p *place) matches(e entry) (same, sure bool) {
	file, err := os.Open(e.path)
	if err != nil {
		return false, false
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil || idOf(info) != e.id {
		return false, false
	}
	return p.knows(file, info.Size()), true
}

// advance moves the mark on by a record of n bytes.
func (p *place) advance(file io.ReaderAt, n int64) {
	whole := p.Offset >= headBytes
	if p.Offset += n; !whole {
		p.Head = fingerprint(file, p.Offset)
	}
}

// snapshot are the marks as a checkpoint keeps them.
func (l *ledger) snapshot() []mark {
	all := make([]mark, 0, len(l.marks))
	for _, p := range l.marks {
		if p.Offset > 0 {
			all = append(all, p.mark)
		}
	}
	return all
}
