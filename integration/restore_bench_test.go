package integration

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"neo4j-agent/agent/restore"
)

// BenchmarkARestoreBesideAPlainCopy restores a store-like snapshot, both of our own format and as the system replaced
// made it, beside writing the same files to the disk and beside unzip. All end with the bytes on the disk.
// 2 GB with SOAK: go test -run - -bench PlainCopy -benchtime 3x ./integration
func BenchmarkARestoreBesideAPlainCopy(b *testing.B) {
	_, client := realS3(b)
	size := times(256, 2048) << 20
	files := storeLike(b, size)
	uploadBackup(b, client, time.Date(2026, 11, 20, 4, 0, 0, 0, time.UTC), files)
	var archive bytes.Buffer
	zipped(b, &archive, files)
	upload(b, client, "old.zip", archive.Bytes())
	source, local := b.TempDir(), filepath.Join(b.TempDir(), "old.zip")
	if err := os.WriteFile(local, archive.Bytes(), 0o600); err != nil {
		b.Fatal(err)
	}
	archive = bytes.Buffer{}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(source, name), content, 0o600); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("plain copy", func(b *testing.B) { timed(b, size, func(to string) error { return plainCopy(source, to) }) })
	b.Run("unzip", func(b *testing.B) {
		timed(b, size, func(to string) error {
			return firstError(exec.Command("unzip", "-q", local, "-d", to).Run(), exec.Command("sync", "-f", to).Run())
		})
	})
	for name, spec := range map[string]string{"own format": "latest", "old zip": "backups/old.zip"} {
		b.Run(name, func(b *testing.B) {
			timed(b, size, func(string) error {
				options, _ := restoring(b, client, spec)
				_, err := restore.Run(b.Context(), options)
				return err
			})
		})
	}
}

func timed(b *testing.B, size int, work func(to string) error) {
	b.SetBytes(int64(size))
	for b.Loop() {
		if err := work(b.TempDir()); err != nil {
			b.Fatal(err)
		}
	}
}

// plainCopy copies the files of a folder, each to its end on the disk.
func plainCopy(from, to string) error {
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		source, err := os.Open(filepath.Join(from, entry.Name()))
		if err != nil {
			return err
		}
		target, err := os.Create(filepath.Join(to, entry.Name()))
		if err == nil {
			_, err = io.Copy(struct{ io.Writer }{target}, struct{ io.Reader }{source})
		}
		if err := firstError(err, target.Sync(), target.Close(), source.Close()); err != nil {
			return err
		}
	}
	return nil
}
