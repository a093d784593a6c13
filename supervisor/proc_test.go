package supervisor

import (
	"os"
	"os/signal"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

func TestAProcessNameMayHoldAnything(t *testing.T) {
	line := "4321 (a) b (c) R 1) S 10 4321 4000 34816 4321 4194304 1 2 3 4 5 6 7 8 20 0 17 0 100 200 300\n"
	got, ok := parseStat([]byte(line))
	if want := (stat{4321, 'S', 4321, 4000, 17}); !ok || got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestABrokenStatIsNoProcess(t *testing.T) {
	for _, line := range []string{"", "1", "1 (a", "1 (a)", "1 (a) S 1 2 3", "x (a) S 10 4321 4000 34816 4321 4194304 1 2 3 4 5 6 7 8 20 0 17 0"} {
		if got, ok := parseStat([]byte(line)); ok {
			t.Errorf("%q: %+v", line, got)
		}
	}
}

func FuzzParseStat(f *testing.F) {
	text, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte("1 (()) S"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if s, ok := parseStat(text); ok && s.state == 0 {
			t.Errorf("%q: no state", text)
		}
	})
}

func TestAZombieIsDeadUnlessAThreadOfItLives(t *testing.T) {
	for s, want := range map[stat]bool{
		{state: 'Z', threads: 1}: false, {state: 'X', threads: 1}: false, {state: 'Z', threads: 3}: true,
		{state: 'S', threads: 1}: true, {state: 'D', threads: 1}: true, {state: 'T', threads: 1}: true,
	} {
		if got := s.alive(); got != want {
			t.Errorf("%+v: %v", s, got)
		}
	}
}

func TestWeFindOurselves(t *testing.T) {
	session, _ := unix.Getsid(0)
	found := processes(func(s stat) bool { return s.session == session && s.group == unix.Getpgrp() })
	if !slices.Contains(found, os.Getpid()) {
		t.Errorf("%d is not among %v", os.Getpid(), found)
	}
}

func TestAHandlerShows(t *testing.T) {
	defer signal.Reset(unix.SIGUSR2)
	signal.Notify(make(chan os.Signal, 1), unix.SIGUSR2)
	if handles(os.Getpid(), unix.SIGKILL) || !handles(os.Getpid(), unix.SIGUSR2) {
		t.Error("we handle USR2, and nobody can handle KILL")
	}
	signal.Ignore(unix.SIGUSR2)
	if handles(os.Getpid(), unix.SIGUSR2) {
		t.Error("an ignored signal has no handler")
	}
	if handles(0, unix.SIGUSR2) {
		t.Error("no process, no handler")
	}
}
