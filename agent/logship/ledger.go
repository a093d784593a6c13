package logship

import (
	"io"
	"os"
	"time"
)

// ledger remembers how far each file of one log was read, while the file exists.
type ledger struct {
	marks map[fileID]*place
	lost  int64 // files that were gone before they were read to their ends
}

// place is a mark with what was last seen of its file.
type place struct {
	mark
	size    int64 // and mtime, when the file was last found to be the marked one
	mtime   time.Time
	missing time.Time // since when no listing shows it, zero while one does
	held    bool      // open, so that it can be read though it is deleted
}

// newLedger goes on from a checkpoint's marks.
func newLedger(marks []mark) *ledger {
	l := &ledger{marks: map[fileID]*place{}}
	for _, m := range marks {
		l.marks[m.fileID] = &place{mark: m, size: -1}
	}
	return l
}

// see enters a listing and returns it without the files that were read to their ends, with the bytes not yet read. A file
// that was replaced under its inode, or truncated, counts from its beginning.
func (l *ledger) see(found []entry) (unread []entry, behind int64) {
	now, shown := time.Now(), map[*place]bool{}
	for _, e := range found {
		p := l.place(e)
		p.missing, shown[p] = time.Time{}, true
		if p.size != e.size || !p.mtime.Equal(e.mtime) {
			l.verify(p, e)
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
		if shown[p] || p.held {
			continue
		}
		if p.missing.IsZero() {
			p.missing = now
		}
		if now.Sub(p.missing) >= forgetAfter {
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
		if now, sure := p.matches(e); sure && now.Offset > 0 {
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

// verify begins anew when the file is not the marked one. What had not been read of that one is lost.
func (l *ledger) verify(p *place, e entry) {
	now, sure := p.matches(e)
	if !sure {
		return
	}
	if p.size > p.Offset && (now.Offset != p.Offset || e.size < p.size) && !p.held {
		l.lost++
	}
	p.mark, p.size, p.mtime = now, e.size, e.mtime
}

// matches gives the mark that is true of a file; not sure when it cannot be opened or was renamed meanwhile.
func (p *place) matches(e entry) (now mark, sure bool) {
	file, err := os.Open(e.path)
	if err != nil {
		return mark{}, false
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil || idOf(info) != e.id {
		return mark{}, false
	}
	return p.in(file, info.Size()), true
}

// advance moves the mark on by a record of n bytes.
func (p *place) advance(file io.ReaderAt, n int64) {
	whole, sealed := p.Offset >= headBytes, spot{p.Offset, p.Tail}
	p.Tail = ""
	if p.Offset += n; !whole {
		p.Head = headPrint(file, p.Offset)
	}
	if sealed.Tail != "" {
		p.Earlier = thinned(append([]spot{sealed}, p.Earlier...), p.Offset)
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
