package localcluster

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// process is a child in a session of its own, so that Ctrl-C on the terminal reaches only us. The kernel kills it when
// this process ends, however that happens.
type process struct {
	handle *os.Process
	ended  chan struct{}
	state  *os.ProcessState // once ended is closed
}

// startProcess starts command, whose output must be files: then nothing but the child itself is waited for.
func startProcess(command *exec.Cmd) (*process, error) {
	if command.SysProcAttr == nil {
		command.SysProcAttr = &syscall.SysProcAttr{}
	}
	command.SysProcAttr.Setsid = true
	command.SysProcAttr.Pdeathsig = syscall.SIGKILL
	p := &process{ended: make(chan struct{})}
	started := make(chan error)
	go func() {
		// The signal is sent when the thread that started the child ends (prctl(2), PR_SET_PDEATHSIG), so this one stays.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := command.Start()
		p.handle = command.Process
		started <- err
		if err != nil {
			return
		}
		_ = command.Wait() // how it ended is in ProcessState
		p.state = command.ProcessState
		close(p.ended)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("cannot start %s: %v", command.Path, err)
	}
	return p, nil
}

// running tells whether the process has not been seen to end.
func (p *process) running() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// wait waits for the end and returns the exit code as a shell shows it: 128+n after signal n.
func (p *process) wait(ctx context.Context) (int, error) {
	select {
	case <-p.ended:
	case <-ctx.Done():
		return 0, fmt.Errorf("process %d has not ended: %v", p.handle.Pid, context.Cause(ctx))
	}
	if status, ok := p.state.Sys().(syscall.WaitStatus); ok && status.Signal() > 0 { // -1: by no signal
		return 128 + int(status.Signal()), nil
	}
	return p.state.ExitCode(), nil
}

// stop asks the process to end and kills it, and all that descends from it, when it has not after grace.
func (p *process) stop(grace time.Duration) {
	_ = p.handle.Signal(syscall.SIGTERM) // an error means that it has ended
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	if _, err := p.wait(ctx); err != nil {
		p.kill()
	}
}

// kill kills the process and all that descends from it, and waits for its end. Descendants are killed after it, so that
// it cannot start new ones; those of a PID namespace have gone with it by then.
func (p *process) kill() {
	family, _ := descendants(p.handle.Pid) // without /proc only the process itself can be killed
	_ = p.handle.Kill()
	<-p.ended
	for _, child := range family {
		child.kill()
	}
}
