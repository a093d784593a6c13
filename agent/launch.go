package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"

	"neo4j-agent/agent/runstate"
)

// launch is what prepare tells PID 1: how to start the database. It travels through a memory file that prepare
// inherits, so that a full run directory cannot keep the database from starting.
type launch struct {
	Argv     []string          `json:"argv"`
	Env      []string          `json:"env"`              // added to the scrubbed environment
	Script   string            `json:"script,omitempty"` // EXTENSION_SCRIPT, which Argv runs first
	Prepared runstate.Prepared `json:"prepared"`
}

// newMemoryFile is an empty file without a name (memfd_create(2)).
func newMemoryFile(name string) (*os.File, error) {
	fd, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("cannot create memory file %s: %v", name, err)
	}
	return os.NewFile(uintptr(fd), name), nil
}

func (l launch) writeTo(file *os.File) error {
	text, err := json.Marshal(l)
	if err != nil {
		return fmt.Errorf("cannot encode how to launch neo4j: %v", err)
	}
	if err := file.Truncate(0); err != nil {
		return fmt.Errorf("cannot tell PID 1 how to launch neo4j: %v", err)
	}
	if _, err := file.WriteAt(text, 0); err != nil {
		return fmt.Errorf("cannot tell PID 1 how to launch neo4j: %v", err)
	}
	return nil
}

// readLaunch reads what prepare wrote, from the start whatever the file's offset is.
func readLaunch(file *os.File) (launch, error) {
	var l launch
	text, err := io.ReadAll(io.NewSectionReader(file, 0, 1<<20))
	if err != nil {
		return l, fmt.Errorf("cannot read how to launch neo4j: %v", err)
	}
	if err := json.Unmarshal(text, &l); err != nil || len(l.Argv) == 0 {
		return l, fmt.Errorf("cannot launch neo4j: prepare ended well but did not say how (%v)", err)
	}
	return l, nil
}
