// Package initscripts runs the files of Cypher of a folder once: in order, each statement recorded when it has run, so that
// a run that failed or was killed goes on where it ended.
//
// A statement that was killed between its end and its record is run once more: exactly once cannot be had without writing
// into the user's graph. The package reads the files and keeps the order; who calls it splits and runs statements, and
// keeps the Record.
package initscripts

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

// suffix is what makes a file a script.
const suffix = ".cypher"

// mostBytes is how long a script may be. All of it is in memory while it runs; what is longer is data, for LOAD CSV.
const mostBytes = 16 << 20

// Statement is one of a script.
type Statement struct {
	Text string
	Line int // where it begins, from 1
}

// Script is a file that was read and split.
type Script struct {
	Name       string
	Sum        string // SHA-256 of the file
	Statements []Statement
}

// Split gives the statements of a script, or why it has none, and the line of that.
type Split func(text string) (found []Statement, line int, reason string)

// Error says why a script does not go on.
type Error struct {
	File string
	Line int // 0 where it is about the file as a whole
	// Waits tells that it will be the same until the file is changed.
	Waits bool
	Err   error
}

func (e *Error) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("cannot run init script %s: %v", e.File, e.Err)
	}
	return fmt.Sprintf("cannot run init script %s, line %d: %v", e.File, e.Line, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

// List gives the names of a folder's scripts in the order in which they are run, and those of files that are none. A folder
// that is not there has none. Links are followed, as mounted configuration consists of them.
func List(dir string) (scripts, others []string, err error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("cannot list the init scripts: %v", err)
	}
	for _, entry := range entries {
		name := entry.Name()
		info, err := os.Stat(filepath.Join(dir, name))
		switch {
		case err == nil && info.IsDir():
		case strings.HasSuffix(name, suffix) && !strings.HasPrefix(name, "."):
			scripts = append(scripts, name)
		default:
			others = append(others, name)
		}
	}
	return scripts, others, nil
}

// Read reads and splits scripts, all of them before one may be run. The first one that cannot be run is an *Error.
func Read(dir string, names []string, split Split) ([]Script, error) {
	scripts := make([]Script, 0, len(names))
	for _, name := range names {
		script, err := read(dir, name, split)
		if err != nil {
			return nil, err
		}
		scripts = append(scripts, script)
	}
	return scripts, nil
}

func read(dir, name string, split Split) (Script, error) {
	info, err := os.Stat(filepath.Join(dir, name))
	if err == nil && (!info.Mode().IsRegular() || info.Size() > mostBytes) {
		return Script{}, &Error{name, 0, true, fmt.Errorf("it is not a file of at most %d MiB; load data with LOAD CSV", mostBytes>>20)}
	}
	var content []byte
	if err == nil {
		content, err = os.ReadFile(filepath.Join(dir, name))
	}
	if err != nil {
		return Script{}, &Error{name, 0, true, err}
	}
	if line := notText(content); line > 0 {
		return Script{}, &Error{name, line, true, errors.New("it is not UTF-8")}
	}
	statements, line, reason := split(strings.TrimPrefix(string(content), "\ufeff")) // some editors begin a file with it
	if reason != "" {
		return Script{}, &Error{name, line, true, errors.New(reason)}
	}
	for _, s := range statements {
		if strings.HasPrefix(s.Text, ":") {
			command := strings.Fields(s.Text)[0] // what follows may be a secret
			return Script{}, &Error{name, s.Line, true, fmt.Errorf("%.40q is a command of cypher-shell, not Cypher", command)}
		}
	}
	return Script{name, sum(content), statements}, nil
}

// Sum gives the SHA-256 of a script.
func Sum(dir, name string) (string, error) {
	content, err := os.ReadFile(filepath.Join(dir, name))
	return sum(content), err
}

// notText is the first line that is not UTF-8, 0 for none.
func notText(content []byte) int {
	if utf8.Valid(content) {
		return 0
	}
	for i, line := range bytes.Split(content, []byte("\n")) {
		if !utf8.Valid(line) {
			return i + 1
		}
	}
	return 1
}

func sum(content []byte) string {
	hash := sha256.Sum256(content)
	return hex.EncodeToString(hash[:])
}
