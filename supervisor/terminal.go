package supervisor

import (
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// terminal is the controlling terminal of this process, which can be given to one process group at a time.
type terminal struct {
	fd   int
	ours int // our own process group
}

// terminalOf is nil when file is no terminal, not ours, or somebody else has it: a job in the background must not
// take it.
func terminalOf(file *os.File) *terminal {
	t := &terminal{fd: int(file.Fd()), ours: unix.Getpgrp()}
	if owner, err := t.owner(); err != nil || owner != t.ours {
		return nil
	}
	return t
}

// owner is the process group in the foreground (tcgetpgrp(3)). It fails when this is not our controlling terminal.
func (t *terminal) owner() (int, error) { return unix.IoctlGetInt(t.fd, unix.TIOCGPGRP) }

// give puts a process group into the foreground (tcsetpgrp(3)). From the background that raises TTOU, which stops us,
// unless it is blocked in the thread that asks. It is not ignored, since children inherit that.
func (t *terminal) give(group int) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var blocked, before unix.Sigset_t
	blocked.Val[0] = 1 << (unix.SIGTTOU - 1)
	if err := unix.PthreadSigmask(unix.SIG_BLOCK, &blocked, &before); err != nil {
		return
	}
	_ = unix.IoctlSetPointerInt(t.fd, unix.TIOCSPGRP, group) // fails when the terminal is gone: nothing to do then
	_ = unix.PthreadSigmask(unix.SIG_SETMASK, &before, nil)
}
