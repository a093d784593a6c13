package logship

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
)

// mark is how far a file was read. Head is the fingerprint of the first min(headBytes, Offset) bytes: a file of which
// nothing was read needs none, as it is read from its beginning whatever it is. Tail is that of the last tailBytes. Earlier
// are places before, newest first.
type mark struct {
	fileID
	Offset  int64  `json:"offset"`
	Head    string `json:"head,omitempty"`
	Tail    string `json:"tail,omitempty"`
	Earlier []spot `json:"earlier,omitempty"`
}

// spot is an offset that a batch ended at, with the fingerprint of the bytes before it.
type spot struct {
	Offset int64  `json:"offset"`
	Tail   string `json:"tail"`
}

// headBytes is how much of a file's beginning tells it from others, tailBytes how much before its offset tells that it is
// as it was. A record begins with its time in milliseconds.
const (
	headBytes = 1024
	tailBytes = 64
)

// headPrint is the fingerprint of the first bytes before an offset; empty for none, or when they cannot be read.
func headPrint(file io.ReaderAt, offset int64) string {
	return fingerprint(file, 0, min(offset, headBytes))
}

// tailPrint is that of the last ones.
func tailPrint(file io.ReaderAt, offset int64) string {
	from := max(0, offset-tailBytes)
	return fingerprint(file, from, offset-from)
}

func fingerprint(file io.ReaderAt, from, n int64) string {
	if n <= 0 {
		return ""
	}
	text := make([]byte, n)
	if _, err := file.ReadAt(text, from); err != nil && err != io.EOF {
		return ""
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// in is the mark that is true of a file. The marked file may have become shorter, since nobody makes sure that what Neo4j
// logs is on the disk before the machine crashes, and then have been written on, be it less or more than was lost: it was
// read up to the newest place before that is as it was. Any other file is not read yet.
func (m mark) in(file io.ReaderAt, size int64) mark {
	none := mark{fileID: m.fileID}
	if m.Offset != 0 && (m.Head == "" || headPrint(file, m.Offset) != m.Head) {
		return none
	}
	if size >= m.Offset && (m.Tail == "" || tailPrint(file, m.Offset) == m.Tail) {
		return m
	}
	for i, s := range m.Earlier {
		if size >= s.Offset && tailPrint(file, s.Offset) == s.Tail {
			return mark{m.fileID, s.Offset, headPrint(file, s.Offset), s.Tail, m.Earlier[i+1:]}
		}
	}
	return none
}

// earlierMost is how many places of a file are remembered. With a batch each second they reach back for minutes, while
// Linux writes to the disk what is older than half a minute (vm.dirty_expire_centisecs).
const earlierMost = 16

// thinned leaves out each place whose neighbours on the way back from end are no more than twice as far: what is read again
// is then no more than about what was lost.
func thinned(all []spot, end int64) []spot {
	var kept []spot
	for i, s := range all {
		if n := len(kept); n > 0 && i+1 < len(all) && end-all[i+1].Offset <= 2*(end-kept[n-1].Offset) {
			continue
		}
		kept = append(kept, s)
	}
	return kept[:min(len(kept), earlierMost)]
}
