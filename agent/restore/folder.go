package restore

import (
	"context"
	"io"
	"os"
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
	return object{key: path, size: info.Size()}, nil
}

func (folder) read(_ context.Context, o object, offset, length int64) (io.ReadCloser, error) {
	file, err := os.Open(o.key)
	if err != nil {
		return nil, onDisk("read the snapshot", err)
	}
	return section{io.NewSectionReader(file, offset, length), file}, nil
}

type section struct {
	io.Reader
	io.Closer
}
