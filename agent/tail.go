package main

import (
	"bytes"
	"io"
	"os"
	"strings"
)

// tailBytes bounds what is read of a log file's end.
const tailBytes = 32 << 10

// linesSince are the last lines, oldest first, that a file has got since it was size bytes long. A file that has shrunk
// was replaced: all of it counts. There are none when it cannot be read.
func linesSince(path string, size int64) []string {
	file, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer func() { _ = file.Close() }()
	now := sizeOf(path)
	if now < size {
		size = 0
	}
	from := max(size, now-tailBytes)
	text, err := io.ReadAll(io.NewSectionReader(file, from, tailBytes))
	if err != nil {
		return nil
	}
	if from > size { // the first line is cut
		_, text, _ = bytes.Cut(text, []byte("\n"))
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return nil
	}
	return strings.Split(strings.TrimRight(string(text), "\n"), "\n")
}

// sizeOf is the size of a file, 0 when there is none.
func sizeOf(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}
