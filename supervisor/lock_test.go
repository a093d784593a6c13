package supervisor

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestALockIsHeldByEveryoneWhoInheritsIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	first, err := Lock(path)
	if err != nil {
		t.Fatal(err)
	}
	var held *HeldError
	if _, err := Lock(path); !errors.As(err, &held) || !slices.Equal(held.PIDs, []int{os.Getpid()}) {
		t.Fatalf("the second lock: %v", err)
	}
	heir := exec.Command("sleep", "300")
	heir.ExtraFiles = []*os.File{first}
	if err := heir.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := Lock(path); !errors.As(err, &held) || !slices.Contains(held.PIDs, heir.Process.Pid) {
		t.Errorf("the heir is not named: %v", err)
	}
	_ = first.Close()
	if _, err := Lock(path); !errors.As(err, &held) || !slices.Equal(held.PIDs, []int{heir.Process.Pid}) {
		t.Errorf("only the heir holds it now: %v", err)
	}
	_ = heir.Process.Kill()
	_ = heir.Wait()
	last, err := Lock(path)
	if err != nil {
		t.Fatalf("nobody holds it any more: %v", err)
	}
	_ = last.Close()
}

func TestALockIsNotInheritedUnasked(t *testing.T) {
	file, err := Lock(filepath.Join(t.TempDir(), "lock"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	flags, err := unix.FcntlInt(file.Fd(), unix.F_GETFD, 0)
	if err != nil || flags&unix.FD_CLOEXEC == 0 {
		t.Errorf("flags %d, %v", flags, err)
	}
}

func TestALockThatCannotBeMadeIsNotHeld(t *testing.T) {
	_, err := Lock(filepath.Join(t.TempDir(), "missing", "lock"))
	var held *HeldError
	if err == nil || errors.As(err, &held) || !strings.HasPrefix(err.Error(), "cannot open the lock") {
		t.Error(err)
	}
}
