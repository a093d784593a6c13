package main

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/term"
)

// report writes for people, in colour on a terminal.
type report struct {
	w      io.Writer
	colour bool
}

// newReport writes to file, plainly where no-color.org's variable asks for that.
func newReport(file *os.File) *report {
	plain := os.Getenv("NO_COLOR") != ""
	return &report{w: file, colour: term.IsTerminal(int(file.Fd())) && !plain}
}

func (r *report) line(text string) { _, _ = fmt.Fprintln(r.w, text) }

func (r *report) failure(err error) { r.line(r.paint(red, "demo: "+err.Error())) }

// ANSI colours (ECMA-48, SGR).
const (
	bold   = "1"
	red    = "31"
	green  = "32"
	yellow = "33"
)

func (r *report) paint(colour, text string) string {
	if !r.colour || colour == "" {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}
