package supervisor

import (
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// signals are those that `start` reacts to. Each kind has a channel of its own, so that a flood of one cannot displace
// another.
type signals struct {
	drain  chan os.Signal // TERM, INT
	reload chan os.Signal // HUP
	dump   chan os.Signal // QUIT
}

// listen takes every signal there is, so that none ends us: neither USR1 nor the SIGPIPE of a broken stdout.
func listen() signals {
	s := signals{make(chan os.Signal, 2), make(chan os.Signal, 1), make(chan os.Signal, 1)}
	signal.Notify(s.drain, unix.SIGTERM, unix.SIGINT)
	signal.Notify(s.reload, unix.SIGHUP)
	signal.Notify(s.dump, unix.SIGQUIT)
	// Taken and dropped. signal.Ignore would be inherited by the children: a JVM respects an ignored HUP or TERM.
	signal.Notify(make(chan os.Signal, 1), otherSignals()...)
	return s
}

// otherSignals are the standard signals beside those above, those that cannot be taken, and those that belong to
// somebody else: CHLD to the Reaper, URG and PROF to Go's runtime.
func otherSignals() []os.Signal {
	var others []os.Signal
	for n := syscall.Signal(1); n < 32; n++ {
		switch n {
		case unix.SIGTERM, unix.SIGINT, unix.SIGHUP, unix.SIGQUIT, unix.SIGKILL, unix.SIGSTOP,
			unix.SIGCHLD, unix.SIGURG, unix.SIGPROF:
		default:
			others = append(others, n)
		}
	}
	return others
}
