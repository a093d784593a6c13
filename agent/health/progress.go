package health

import (
	"io/fs"
	"os"
	"path/filepath"
)

// progress measures what a member that does not serve yet may be writing: the stores and transaction logs, below
// databases/ and (4.0 and later) transactions/, and debug.log. cluster-state/ is left out: every election that leads to
// nothing writes there.
func progress(m Member) Progress {
	var p Progress
	for _, name := range []string{"databases", "transactions"} {
		if m.DataDir == "" {
			break
		}
		_ = filepath.WalkDir(filepath.Join(m.DataDir, name), func(_ string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return nil // files come and go while a store is copied
			}
			if info, err := entry.Info(); err == nil {
				p.StoreBytes += info.Size()
				p.StoreWritten = max(p.StoreWritten, info.ModTime().UnixNano())
			}
			return nil
		})
	}
	if info, err := os.Stat(m.DebugLog); err == nil {
		p.LogBytes = info.Size()
	}
	return p
}
