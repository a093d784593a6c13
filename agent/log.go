package main

import (
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sys/unix"
	"golang.org/x/term"

	"neo4j-agent/agent/settings"
	"neo4j-agent/supervisor"
)

// newLog makes the one logger of a process: text for people where stderr is a terminal, JSON lines where it is not, or
// as AGENT_LOG_FORMAT says. It writes to standard error, since standard output is Neo4j's, and never blocks: nothing that
// keeps a database alive may wait for a reader of logs. flush must be called before the process ends.
func newLog(s *settings.Settings, process string) (log zerolog.Logger, flush func()) {
	lines := supervisor.NewLogWriter(os.Stderr)
	level, err := zerolog.ParseLevel(s.LogLevel)
	if err != nil {
		level = zerolog.InfoLevel
	}
	zerolog.TimeFieldFormat = time.RFC3339Nano
	terminal := term.IsTerminal(int(os.Stderr.Fd()))
	var to io.Writer = lines
	if s.LogFormat == "text" || s.LogFormat == "auto" && terminal {
		to = zerolog.ConsoleWriter{Out: to, TimeFormat: time.TimeOnly, NoColor: s.NoColor || !terminal}
	}
	log = zerolog.New(to).Level(level).With().Timestamp().Str("process", process).Logger()
	return log, func() { lines.Flush(flushLimit) }
}

// flushLimit is how long the last lines of a process may take.
const flushLimit = time.Second

// outliveReaders keeps SIGPIPE from ending this process when nobody reads its output any more. Taken, not ignored: what
// is ignored stays ignored in the programs that we start.
func outliveReaders() { signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) }

// hideMemory keeps other processes of the same user, the database among them, from reading our secrets through /proc
// (PR_SET_DUMPABLE(2const)).
func hideMemory() { _ = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0) }
