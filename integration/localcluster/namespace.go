package localcluster

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// enter is what the first process of the new namespaces does: it gets a /proc of its own and becomes the command.
const enter = `mount --make-rprivate / && mount -t proc proc /proc && `

// pidNamespaces tells whether this machine lets us start a process as PID 1 of its own PID namespace. Containers and
// hardened kernels often do not.
var pidNamespaces = sync.OnceValue(func() bool {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	probe := asPID1("/bin/sh", "-c", `test $$ = 1 && test "$(readlink /proc/self)" -lt 10`)
	p, err := startProcess(probe)
	if err != nil {
		return false
	}
	code, err := p.wait(ctx)
	if err != nil {
		p.kill()
		return false
	}
	return code == 0
})

// asPID1 makes a command that runs argv as PID 1 of a new PID namespace. It is not forked off: the command's process
// id is argv's, signals reach it and its exit code comes back. Without root a user namespace gives the right to; a
// second one inside gives argv its own user id back.
func asPID1(argv ...string) *exec.Cmd {
	attributes := &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS}
	script := enter + `exec "$@"`
	if user, group := os.Geteuid(), os.Getegid(); user != 0 {
		attributes.Cloneflags |= syscall.CLONE_NEWUSER
		attributes.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: user, Size: 1}}
		attributes.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: group, Size: 1}}
		script = enter + fmt.Sprintf(`exec unshare --user --map-user=%d --map-group=%d -- "$@"`, user, group)
	}
	command := exec.Command("/bin/sh", append([]string{"-c", script, "sh"}, argv...)...)
	command.SysProcAttr = attributes
	return command
}
