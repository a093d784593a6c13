package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/term"
)

const (
	// lineEvery is the pace of log lines about long work (contract.md: a line every few seconds), barEvery that of a bar.
	lineEvery = 5 * time.Second
	barEvery  = 200 * time.Millisecond
	barWidth  = 24
	// eraseLine is for what follows on a terminal: to the first column, erase the line (ECMA-48).
	eraseLine = "\r\x1b[K"
)

// progress shows how far long work is: a bar on a terminal, else a line in the log every few seconds and at each step.
type progress struct {
	log      zerolog.Logger
	terminal io.Writer // nil where there is none
	what     string
	now      func() time.Time

	mu    sync.Mutex
	step  string
	shown time.Time
	drawn bool // a bar is on the terminal
}

// newProgress shows progress of what, on terminal where it is not nil.
func newProgress(log zerolog.Logger, terminal io.Writer, what string) *progress {
	return &progress{log: log, terminal: terminal, what: what, now: time.Now}
}

// stderrTerminal is standard error where that is a terminal.
func stderrTerminal() io.Writer {
	if term.IsTerminal(int(os.Stderr.Fd())) {
		return os.Stderr
	}
	return nil
}

// tell shows what is known; it may be called as often as there is news. total, rate (bytes a second) and left are 0
// while they are not known.
func (p *progress) tell(step string, done, total int64, rate float64, left time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	every := lineEvery
	if p.terminal != nil {
		every = barEvery
	}
	now := p.now()
	if step == p.step && now.Sub(p.shown) < every {
		return
	}
	p.step, p.shown = step, now
	if p.terminal != nil {
		p.drawn = true
		_, _ = io.WriteString(p.terminal, eraseLine+bar(p.what+": "+step, done, total, rate, left)+"\r")
		return
	}
	event := p.log.Info().Str("step", step)
	if done > 0 || total > 0 {
		event.Int64("bytes", done)
	}
	if total > 0 {
		event.Int64("of", total)
	}
	if rate > 0 {
		event.Int64("bytes_per_second", int64(rate))
	}
	if left > 0 {
		event.Stringer("left", left.Round(time.Second))
	}
	event.Msg(p.what)
}

// end takes the bar off the terminal.
func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.drawn {
		_, _ = io.WriteString(p.terminal, eraseLine)
		p.drawn = false
	}
}

// bar is one line for a terminal.
func bar(what string, done, total int64, rate float64, left time.Duration) string {
	parts := []string{what}
	switch {
	case total > 0:
		full := int(min(done, total) * barWidth / total)
		parts = append(parts, "["+strings.Repeat("#", full)+strings.Repeat(".", barWidth-full)+"]",
			fmt.Sprintf("%3d %%", min(done, total)*100/total), bytesText(float64(done))+" of "+bytesText(float64(total)))
	case done > 0:
		parts = append(parts, bytesText(float64(done)))
	}
	if rate > 0 {
		parts = append(parts, bytesText(rate)+"/s")
	}
	if left > 0 {
		parts = append(parts, left.Round(time.Second).String()+" left")
	}
	return strings.Join(parts, "  ")
}

// bytesText is a number of bytes in its largest unit, as S3 and disks count them.
func bytesText(bytes float64) string {
	units := [...]string{"B", "kB", "MB", "GB", "TB", "PB"}
	unit := 0
	for bytes >= 1000 && unit < len(units)-1 {
		bytes, unit = bytes/1000, unit+1
	}
	if unit == 0 {
		return fmt.Sprintf("%.0f B", bytes)
	}
	return fmt.Sprintf("%.1f %s", bytes, units[unit])
}
