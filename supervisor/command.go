package supervisor

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Command is a process to start.
//
// Descriptors are the caller's: starting never closes Files. Release, where it is not nil, is called exactly once when
// the child has them or the start has failed; whoever makes the Command closes there what was opened for this start.
type Command struct {
	Name    string     // for logs and states: "neo4j", "prepare", "serve"
	Argv    []string   // Argv[0] without a slash is looked up in the PATH of Env
	Env     []string   // the whole environment, nothing is inherited; of a name given twice the last one counts
	Dir     string     // working directory; empty: the caller's
	Stdin   *os.File   // nil: /dev/null
	Files   []*os.File // become descriptors 3, 4, …; stdout and stderr are inherited
	Session bool       // a session of its own instead of a process group of its own
	Bound   bool       // killed by the kernel when the process that started it dies (PR_SET_PDEATHSIG(2const))
	Release func()
}

func (c Command) release() {
	if c.Release != nil {
		c.Release()
	}
}

// defaultPath is searched when Env has no PATH; it is the one that container engines set.
const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// Exit codes of a command that could not be executed, as shells give them (POSIX XCU 2.8.2).
const (
	CannotExecute = 126
	NotFound      = 127
)

// StartError says why a command could not be started, and the exit code that deserves.
type StartError struct {
	Command string
	Code    int // CannotExecute or NotFound
	Err     error
}

func (e *StartError) Error() string { return fmt.Sprintf("cannot run %s: %v", e.Command, e.Err) }

// Unwrap gives the cause, where the system said it a syscall.Errno.
func (e *StartError) Unwrap() error { return e.Err }

// Temporary tells whether the same start may work a moment later: the machine was short of something.
func (e *StartError) Temporary() bool {
	for _, errno := range []syscall.Errno{unix.EAGAIN, unix.ENOMEM, unix.EMFILE, unix.ENFILE, unix.ETXTBSY} {
		if errors.Is(e.Err, errno) {
			return true
		}
	}
	return false
}

func startError(command string, err error) *StartError {
	code := CannotExecute
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENOTDIR) {
		code = NotFound
	}
	return &StartError{Command: command, Code: code, Err: err}
}

// locate finds the file to execute, as execvp(3) would in Env and Dir.
func (c Command) locate() (string, *StartError) {
	if len(c.Argv) == 0 || c.Argv[0] == "" {
		return "", startError(c.Name, unix.ENOENT)
	}
	name := c.Argv[0]
	if c.Dir != "" {
		if err := unix.Access(c.Dir, unix.X_OK); err != nil {
			return "", &StartError{name, CannotExecute, fmt.Errorf("cannot enter %s: %w", c.Dir, err)}
		}
	}
	if strings.Contains(name, "/") {
		return name, nil
	}
	found := error(unix.ENOENT)
	for _, folder := range filepath.SplitList(c.searchPath()) {
		path := filepath.Join(folder, name)
		switch err := c.executable(path); {
		case err == nil:
			return path, nil
		case errors.Is(err, unix.EACCES):
			found = err
		}
	}
	return "", startError(name, found)
}

func (c Command) executable(path string) error {
	if !filepath.IsAbs(path) {
		path = filepath.Join(c.Dir, path)
	}
	if info, err := os.Stat(path); err != nil || info.IsDir() {
		return unix.ENOENT
	}
	return unix.Faccessat(unix.AT_FDCWD, path, unix.X_OK, unix.AT_EACCESS)
}

func (c Command) searchPath() string {
	path := defaultPath
	for _, entry := range c.Env {
		if value, is := strings.CutPrefix(entry, "PATH="); is {
			path = value
		}
	}
	return path
}

// environment is Env without the entries that a later one replaces: getenv(3) would see the first.
func (c Command) environment() []string {
	last := make(map[string]int, len(c.Env))
	for i, entry := range c.Env {
		name, _, _ := strings.Cut(entry, "=")
		last[name] = i
	}
	kept := make([]string, 0, len(last))
	for i, entry := range c.Env {
		if name, _, _ := strings.Cut(entry, "="); last[name] == i {
			kept = append(kept, entry)
		}
	}
	return kept
}
