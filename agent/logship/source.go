package logship

import (
	"fmt"
	"io"
	"os"
	"time"
)

// source is a file being read. It stays open over a rename, and over its deletion until its end is reached.
type source struct {
	*framer
	file  *os.File
	place *place
	at    int64     // the place's offset as this source left it: another means that the file was replaced or truncated
	grew  time.Time // when something was read last
}

// open goes on in a file where its place says. The file may be another one than the listing said: renames go on
// meanwhile.
func (l *ledger) open(e entry) (*source, error) {
	file, err := os.Open(e.path)
	if err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", e.path, err)
	}
	s, err := l.begin(file)
	if err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("cannot read %s: %v", e.path, err)
	}
	return s, nil
}

func (l *ledger) begin(file *os.File) (*source, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	e := entry{path: file.Name(), id: idOf(info), size: info.Size(), mtime: info.ModTime()}
	p := l.place(e)
	p.mark = p.in(file, info.Size())
	if _, err := file.Seek(p.Offset, io.SeekStart); err != nil {
		return nil, err
	}
	p.held = true
	grew := info.ModTime()
	if now := time.Now(); grew.After(now) { // the clock was set back
		grew = now
	}
	return &source{framer: newFramer(file), file: file, place: p, at: p.Offset, grew: grew}, nil
}

// took moves the place on past a record.
func (s *source) took(r record) {
	if s.place.Offset != s.at { // the record is of what was there before
		return
	}
	s.place.advance(s.file, r.size)
	s.at = s.place.Offset
}

// replaced tells that the file was truncated or written anew under the reader: it counts from its beginning again.
func (s *source) replaced() bool {
	info, err := s.file.Stat()
	position, _ := s.file.Seek(0, io.SeekCurrent)
	if err == nil && info.Size() < position {
		s.place.mark = mark{fileID: s.place.fileID}
		s.at = -1
	}
	return s.place.Offset != s.at
}

// seal makes the mark tell a file that was shortened and written on.
func (s *source) seal() {
	if s.place.Offset == s.at {
		s.place.Tail = tailPrint(s.file, s.at)
	}
}

func (s *source) close() {
	s.seal()
	s.place.held = false
	_ = s.file.Close()
}
