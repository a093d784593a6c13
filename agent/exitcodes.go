package main

import (
	"context"
	"errors"
	"strings"
	"syscall"

	"github.com/rs/zerolog"
)

// Exit codes. 64 to 78 are those of sysexits(3); 126, 127 and 128+n those of the shell (POSIX XCU 2.8.2). All other
// codes of `start` and of a passed-through command are the child's own.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitBadData     = 65 // EX_DATAERR: a backup that is not what it should be
	exitNoInput     = 66 // EX_NOINPUT: there is no such backup
	exitUnavailable = 69 // EX_UNAVAILABLE: a service does not answer
	exitCannotMake  = 73 // EX_CANTCREAT: a file or directory cannot be created
	exitInputOutput = 74 // EX_IOERR
	exitTryAgain    = 75 // EX_TEMPFAIL: the same may work later
	exitPermission  = 77 // EX_NOPERM
	exitConfig      = 78 // EX_CONFIG
)

// exitError is an error that knows which exit code it deserves.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

func withCode(code int, err error) error {
	if err == nil {
		return nil
	}
	return &exitError{code: code, err: err}
}

// errSaid is the error of a command that has already said what is wrong.
var errSaid = errors.New("")

// said writes an error into the log and leaves only its exit code.
func said(log zerolog.Logger, err error) error {
	if err == nil || errors.Is(err, errSaid) {
		return err
	}
	log.Error().Msg(err.Error())
	return withCode(codeOf(err), errSaid)
}

// codeOf is the exit code that an error deserves.
func codeOf(err error) int {
	var coded *exitError
	if errors.As(err, &coded) {
		return coded.code
	}
	return exitFailed
}

// stopCode is the exit code of work that a signal ended, by a context of signal.NotifyContext, whose cause names it.
func stopCode(ctx context.Context) int {
	if cause := context.Cause(ctx); cause != nil && strings.HasPrefix(cause.Error(), syscall.SIGINT.String()) {
		return signalled + int(syscall.SIGINT)
	}
	return signalled + int(syscall.SIGTERM)
}

// signalled and the signal's number is the exit code of a process that a signal ended (POSIX XCU 2.8.2).
const signalled = 128
