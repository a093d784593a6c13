package localcluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// tailLines is how many lines of a failed tool's output its error shows.
const tailLines = 20

// runTool runs an installation tool in dir to its end, with env beside this process's own environment. It gets a
// process group of its own, so that nothing it started outlives a cancelled ctx.
func runTool(ctx context.Context, dir string, env []string, name string, args ...string) error {
	command := exec.CommandContext(ctx, name, args...)
	command.Dir = dir
	command.Env = append(os.Environ(), env...)
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
	command.WaitDelay = 5 * time.Second // a stranger holding the pipe open must not hold us
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	if err := command.Run(); err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return fmt.Errorf("%s: %v\n%s", filepath.Base(name), err, lastLines(output.String(), tailLines))
	}
	return nil
}

// need returns the path of a tool, or an error that says what to install.
func need(tool, install string) (string, error) {
	path, err := exec.LookPath(tool)
	if errors.Is(err, exec.ErrNotFound) {
		return "", fmt.Errorf("%s is not on this machine: please install %s", tool, install)
	}
	return path, err
}

// lastLines returns the last n lines of text.
func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
