package restore

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Move puts a file or folder that was built where it belongs. What was there has been removed by then.
type Move struct{ From, To string }

// do renames, and copies where To is on another file system.
func (m Move) do(d disk) error {
	err := d.mkdirAll(filepath.Dir(m.To))
	if err == nil {
		err = d.rename(m.From, m.To)
	}
	mounted := errors.Is(err, unix.EBUSY) || errors.Is(err, fs.ErrExist) && isMount(m.To) // the second is os.Rename's for any folder
	if errors.Is(err, unix.EXDEV) || mounted {
		err = m.copy()
	}
	return onDisk("put "+m.To+" in place", err)
}

func (m Move) copy() error {
	info, err := os.Stat(m.From)
	if err != nil {
		return err
	}
	if info.IsDir() {
		return os.CopyFS(m.To, os.DirFS(m.From))
	}
	text, err := os.ReadFile(m.From) // the only file by itself is a short script
	if err != nil {
		return err
	}
	return os.WriteFile(m.To, text, 0o640)
}
