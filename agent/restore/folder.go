package restore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// folder is the file system of this machine; keys are absolute paths.
type folder struct{}

func (folder) String() string { return "" }

func (folder) isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func (folder) stat(_ context.Context, path string) (object, error) {
	info, err := os.Stat(path)
	if err != nil {
		return object{}, onDisk("find the snapshot", err)
	}
	if !info.Mode().IsRegular() {
		return object{}, corrupt("restore %s: it is not a file", path)
	}
	return object{key: path, size: info.Size(), version: versionOf(info)}, nil
}

// versionOf tells a file from what it was before.
func versionOf(info fs.FileInfo) string {
	inode := info.Sys().(*syscall.Stat_t).Ino
	return fmt.Sprintf("%d %d %s", inode, info.Size(), info.ModTime())
}

func (folder) read(_ context.Context, o object, offset, length int64) (io.ReadCloser, error) {
	file, err := os.Open(o.key)
	if err != nil {
		return nil, onDisk("read the snapshot", err)
	}
	if info, err := file.Stat(); err != nil || versionOf(info) != o.version {
		_ = file.Close()
		return nil, Fail(Later, "read %s: it was replaced while it was read", o.key)
	}
	return section{io.NewSectionReader(file, offset, length), file}, nil
}

// section is a part of a file; to ask again changes nothing about its errors.
type section struct {
	io.Reader
	io.Closer
}

func (s section) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = onDisk("read the snapshot", err)
	}
	return n, err
}
