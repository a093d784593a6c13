package restore

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strings"
)

// format is how an archive is packed, told by how its name ends.
type format int

const (
	unknownFormat format = iota
	zipFormat
	dumpFormat
	artifactFormat
	tarGzipFormat
	tarZstdFormat
)

var endings = []struct {
	ending string
	format format
}{
	{".zip", zipFormat}, {".dump", dumpFormat}, {".backup", artifactFormat},
	{".tar.gz", tarGzipFormat}, {".tgz", tarGzipFormat}, {".tar.zst", tarZstdFormat},
}

const knownEndings = ".zip, .dump, .backup, .tar.gz, .tgz, .tar.zst"

func formatOf(name string) format {
	for _, known := range endings {
		if strings.HasSuffix(name, known.ending) {
			return known.format
		}
	}
	return unknownFormat
}

// How Neo4j's own archives begin (neo4j, community/dbms, org.neo4j.dbms.archive: DumpFormatSelector,
// StandardCompressionFormat, backup.BackupFormatSelector). Dumps of 3.5 and 4.x are gzip or zstd from the first byte.
const (
	dumpZstd  = "DZV1"
	dumpGzip  = "DGV1"
	magicGzip = "\x1f\x8b"
	magicZstd = "\x28\xb5\x2f\xfd"
)

// isArtifact tells whether a .backup begins as one: B, its packing (Z or T), V and a version, as BZV1 or BTV2.
func isArtifact(start []byte) bool {
	return len(start) == 4 && start[0] == 'B' && (start[1] == 'Z' || start[1] == 'T') && start[2] == 'V' && start[3] >= '1' && start[3] <= '9'
}

// readDump reads a dump to its end: what is cut off or damaged does not decompress.
func (u *unpacker) readDump(raw io.Reader) error {
	buffered := bufio.NewReaderSize(raw, 64<<10)
	start, _ := buffered.Peek(4)
	if bytes.HasPrefix(start, []byte(dumpZstd)) || bytes.HasPrefix(start, []byte(dumpGzip)) {
		_, _ = buffered.Discard(4)
	}
	var content io.ReadCloser
	var err error
	switch packed, _ := buffered.Peek(4); {
	case bytes.HasPrefix(packed, []byte(magicZstd)) && string(start) != dumpGzip:
		content, err = unzstd(buffered)
	case bytes.HasPrefix(packed, []byte(magicGzip)) && string(start) != dumpZstd:
		content, err = ungzip(buffered)
	default:
		return fmt.Errorf("it begins with %q, which no dump does", start)
	}
	if err != nil {
		return err
	}
	defer func() { _ = content.Close() }()
	u.dumped, err = io.Copy(io.Discard, io.LimitReader(content, u.limit+1))
	switch {
	case err == nil && u.dumped == 0:
		return io.ErrUnexpectedEOF
	case u.dumped > u.limit:
		return u.tooLarge("the dump")
	}
	return err
}

// readArtifact reads a .backup to its end. What is behind its first bytes is known to Neo4j alone, which checks it when
// it restores.
func readArtifact(raw io.Reader) error {
	start := make([]byte, 4)
	if _, err := io.ReadFull(raw, start); err != nil || !isArtifact(start) {
		return fmt.Errorf("it begins with %q, which no backup artifact does", start)
	}
	_, err := io.Copy(io.Discard, raw)
	return err
}

// bytesText is a number of bytes for people.
func bytesText(n int64) string {
	const unit = 1024
	if n < unit {
		return fmt.Sprintf("%d B", n)
	}
	value, names := float64(n), "KMGTPE"
	i := -1
	for value >= unit && i < len(names)-1 {
		value, i = value/unit, i+1
	}
	return fmt.Sprintf("%.1f %ciB", value, names[i])
}
