package supervisor

import (
	"fmt"
	"syscall"
)

// Exit is how a process ended.
type Exit struct {
	Code   int            // what it gave to exit(3); meaningless when Signal is set
	Signal syscall.Signal // what killed it, 0 when it left by itself
}

func exitOf(status syscall.WaitStatus) Exit {
	if signal := status.Signal(); signal >= 0 { // -1: it left by itself
		return Exit{Signal: signal}
	}
	return Exit{Code: status.ExitStatus()}
}

// ExitCode is the code as a shell gives it: 128+n for a process killed by signal n (POSIX XCU 2.8.2).
func (e Exit) ExitCode() int {
	if e.Signal != 0 {
		return killedBy(e.Signal)
	}
	return e.Code
}

func (e Exit) String() string {
	if e.Signal != 0 {
		return fmt.Sprintf("killed by signal %d (%v)", int(e.Signal), e.Signal)
	}
	return fmt.Sprintf("exit code %d", e.Code)
}

func killedBy(signal syscall.Signal) int { return 128 + int(signal) }

// failure is code, or 1 when it says success: leaving with 0 would tell the platform that all is well.
func failure(code int) int {
	if code == 0 {
		return 1
	}
	return code
}
