package restore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"syscall"
)

// Kind is what has to change before a restore can work; each has its exit code (contract.md, Exit codes).
type Kind int

// The kinds of trouble.
const (
	Corrupt   Kind = iota // 65: the snapshot is not what it should be
	Missing               // 66: there is no such snapshot
	NoSpace               // 74: the volume is too small
	DiskError             // 74: the volume or the source cannot be read or written
	Later                 // 75: the same may work later
	Denied                // 77: no permission
	Refused               // 78: it must not be done without another word
)

// Error is a restore that failed. The store is as it was, or recorded as half done.
type Error struct {
	Kind Kind
	text string
}

func (e *Error) Error() string { return e.text }

func corrupt(format string, args ...any) error { return Fail(Corrupt, format, args...) }
func refused(format string, args ...any) error { return Fail(Refused, format, args...) }

// Fail is an error of that kind; the text completes "cannot".
func Fail(kind Kind, format string, args ...any) error {
	return &Error{kind, "cannot " + fmt.Sprintf(format, args...)}
}

func isMissing(err error) bool {
	var known *Error
	return errors.As(err, &known) && known.Kind == Missing
}

// onDisk says of which kind an error of the local disk is.
func onDisk(doing string, err error) error {
	kind := DiskError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		kind = NoSpace
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		kind = Denied
	case errors.Is(err, fs.ErrNotExist):
		kind = Missing
	}
	return Fail(kind, "%s: %v", doing, err)
}

// unreadable is the error of an archive that does not decompress: what went wrong below it counts first.
func unreadable(what string, err error) error {
	var known *Error
	if err == nil || errors.As(err, &known) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return corrupt("unpack %s: %v", what, err)
}

// Refuse is the error of Accept for what must not be done; the text completes "cannot".
func Refuse(format string, args ...any) error { return refused(format, args...) }
