package restore

import (
	"errors"
	"path/filepath"
	"runtime"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// withoutStatx runs a test on a thread of its own on which statx ends with an error, as old seccomp profiles
// (EPERM) and old kernels (ENOSYS) have it.
func withoutStatx(t *testing.T, with unix.Errno, test func()) {
	t.Helper()
	const ( // linux/seccomp.h, linux/filter.h
		setModeFilter = 2
		allow, errno  = 0x7fff0000, 0x00050000
		load, equal   = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
		leave         = unix.BPF_RET | unix.BPF_K
	)
	filter := []unix.SockFilter{
		{Code: load}, // the number of the call
		{Code: equal, Jf: 1, K: unix.SYS_STATX},
		{Code: leave, K: errno | uint32(with)},
		{Code: leave, K: allow},
	}
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with this
		program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
		err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
		if err == nil {
			err = unix.Prctl(unix.PR_SET_SECCOMP, setModeFilter, uintptr(unsafe.Pointer(&program)), 0, 0)
		}
		if err == nil {
			test()
		}
		done <- err
	}()
	if err := <-done; err != nil {
		t.Fatalf("cannot forbid a system call: %v", err)
	}
}

func TestTheRoomIsMeasuredWhereStatxIsForbidden(t *testing.T) {
	path := filepath.Join(t.TempDir(), "not", "there", "yet")
	want, err := roomAt(path)
	if err != nil || want.device == 0 {
		t.Fatalf("%+v, %v", want, err)
	}
	other, err := roomAt("/proc/self")
	if err != nil {
		t.Fatal(err)
	}
	for _, with := range []unix.Errno{unix.EPERM, unix.ENOSYS} {
		withoutStatx(t, with, func() {
			if err := unix.Statx(unix.AT_FDCWD, "/", 0, unix.STATX_MNT_ID, &unix.Statx_t{}); !errors.Is(err, with) {
				t.Errorf("statx is not forbidden: %v", err)
			}
			for path, want := range map[string]room{path: want, "/proc/self": other} {
				got, err := roomAt(path)
				if err != nil || got.device != want.device || got.mount != want.mount || (got.free == 0) != (want.free == 0) {
					t.Errorf("%v: %s: %+v, %v, want %+v", with, path, got, err, want)
				}
			}
		})
	}
}

func TestARoomWithoutANumberOfItsMountIsToldByItsDevice(t *testing.T) {
	for text, want := range map[string]uint64{"pos:\t0\nflags:\t012000000\nmnt_id:\t31\nino:\t2\n": 31, "pos:\t0\nflags:\t02\n": 0, "mnt_id:\tx\n": 0, "": 0} {
		if got := mountIn([]byte(text)); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}
