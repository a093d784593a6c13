package supervisor

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// HeldError says that somebody else holds a lock.
type HeldError struct {
	Path string
	PIDs []int // the holders as far as /proc shows them to us
}

func (e *HeldError) Error() string {
	if len(e.PIDs) == 0 {
		return fmt.Sprintf("cannot lock %s: another process holds it", e.Path)
	}
	pids := make([]string, len(e.PIDs))
	for i, pid := range e.PIDs {
		pids[i] = strconv.Itoa(pid)
	}
	return fmt.Sprintf("cannot lock %s: process %s holds it", e.Path, strings.Join(pids, ", "))
}

// Lock takes the exclusive flock(2) on path, which is created if missing and never removed. The lock belongs to the
// open file: whoever inherits the descriptor through Command.Files holds it too, and it ends with the last of them.
// The error is a *HeldError when somebody else has it.
func Lock(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("cannot open the lock: %v", err)
	}
	err = unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if err == nil {
		return file, nil
	}
	defer func() { _ = file.Close() }()
	if errors.Is(err, unix.EWOULDBLOCK) {
		return nil, &HeldError{Path: path, PIDs: holders(file)}
	}
	return nil, fmt.Errorf("cannot lock %s: %v", path, err)
}

// holders finds the processes that hold a lock on the file. /proc/locks would not do: it names only the process that
// took it, which may be gone.
func holders(file *os.File) []int {
	wanted, err := file.Stat()
	if err != nil {
		return nil
	}
	var pids []int
	for _, pid := range processNumbers() {
		if holds(pid, wanted) {
			pids = append(pids, pid)
		}
	}
	slices.Sort(pids)
	return pids
}

func holds(pid int, wanted os.FileInfo) bool {
	descriptors, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	for _, descriptor := range descriptors {
		info, err := os.Stat(descriptor)
		if err != nil || !os.SameFile(info, wanted) {
			continue
		}
		// proc_pid_fdinfo(5): "lock: 1: FLOCK ADVISORY WRITE …" for a descriptor whose open file has the lock.
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/fdinfo/%s", pid, filepath.Base(descriptor)))
		if err == nil && strings.Contains(string(text), "FLOCK") {
			return true
		}
	}
	return false
}
