package supervisor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// toolGrace is what a tool gets between TERM and KILL where nobody says otherwise.
	toolGrace = 5 * time.Second

	// toolGone is how long Run waits for killed processes to be gone, looking every toolLook.
	toolGone = 2 * time.Second
	toolLook = 10 * time.Millisecond
)

// Tool is a helper program with a bound, for processes that are not PID 1. It stays in the caller's session, so that
// PID 1 can find it there, in a process group of its own, and dies with the caller (PR_SET_PDEATHSIG(2const)).
type Tool struct {
	Argv   []string // Argv[0] without a slash is looked up in the PATH of Env
	Env    []string // the whole environment; of a name given twice the last one counts
	Dir    string
	Stdin  io.Reader     // nil: /dev/null
	Output io.Writer     // gets each line of stdout and stderr as it comes; may be nil
	Limit  time.Duration // must be given: admin tools have been seen to hang
	Tail   int           // how many last lines to keep
	Grace  time.Duration // between TERM and KILL, for a tool that must end in good order; 0 is 5 s
}

// ToolResult is how a tool ended.
type ToolResult struct {
	Exit
	Tail []string // last lines of its output, oldest first
}

// Run runs the tool to its end. A tool that fails is no error but a result with an exit code; an error says that it
// could not be run (*StartError), or that it was stopped by ctx or at the limit (errors.Is context.Canceled or
// context.DeadlineExceeded). When Run returns nothing of its process group is left.
func (t Tool) Run(ctx context.Context) (ToolResult, error) {
	if reaping.Load() {
		return ToolResult{}, errors.New("cannot run a tool in this process: its reaper would take the exit code")
	}
	if t.Limit <= 0 {
		return ToolResult{}, errors.New("cannot run a tool without a limit")
	}
	ctx, cancel := context.WithTimeout(ctx, t.Limit)
	defer cancel()
	last := &tail{to: t.Output, keep: t.Tail}
	tool, err := t.command(ctx, last)
	if err != nil {
		return ToolResult{}, err
	}
	runtime.LockOSThread() // the death signal follows the thread that forks (golang issue 27505)
	defer runtime.UnlockOSThread()
	if err := tool.Start(); err != nil {
		return ToolResult{}, startError(t.Argv[0], err)
	}
	waited := tool.Wait()
	endGroup(tool.Process.Pid)
	last.endLine()
	result := ToolResult{Tail: last.lines()}
	if status, ok := tool.ProcessState.Sys().(syscall.WaitStatus); ok {
		result.Exit = exitOf(status)
	}
	return result, t.verdict(ctx, waited)
}

func (t Tool) command(ctx context.Context, output io.Writer) (*exec.Cmd, error) {
	c := Command{Name: "tool", Argv: t.Argv, Env: t.Env, Dir: t.Dir}
	path, failed := c.locate()
	if failed != nil {
		return nil, failed
	}
	tool := exec.CommandContext(ctx, path)
	tool.Args, tool.Env, tool.Dir = t.Argv, c.environment(), t.Dir
	tool.Stdin, tool.Stdout, tool.Stderr = t.Stdin, output, output
	tool.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	tool.Cancel = func() error { return syscall.Kill(-tool.Process.Pid, syscall.SIGTERM) }
	// Without it Wait waits for everybody who holds the output pipe, children of the tool that outlive it too
	// (golang issue 23019).
	tool.WaitDelay = cmp.Or(t.Grace, toolGrace)
	return tool, nil
}

// verdict is nil for a tool that came to its own end, well or not.
func (t Tool) verdict(ctx context.Context, waited error) error {
	var ended *exec.ExitError
	switch {
	case ctx.Err() != nil && waited != nil:
		return fmt.Errorf("cannot finish %s: %w", t.Argv[0], ctx.Err()) // arguments may hold a password
	case waited == nil, errors.As(waited, &ended), errors.Is(waited, exec.ErrWaitDelay):
		return nil
	default:
		return fmt.Errorf("cannot talk to %s: %v", t.Argv[0], waited)
	}
}

// endGroup kills what is left of a group and waits for it to be gone, so that the next tool is alone.
func endGroup(group int) {
	deadline := time.Now().Add(toolGone)
	look := time.NewTicker(toolLook)
	defer look.Stop()
	for unix.Kill(-group, unix.SIGKILL) == nil && time.Now().Before(deadline) {
		if len(processes(func(s stat) bool { return s.group == group })) == 0 {
			return // only zombies, which their new parent will reap
		}
		<-look.C
	}
}
