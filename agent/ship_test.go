package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"neo4j-agent/agent/runstate"
	"neo4j-agent/agent/settings"
)

// TestTheLogOfADatabaseThatEndedAtOnceIsSent: its end is told before shipping has begun.
func TestTheLogOfADatabaseThatEndedAtOnceIsSent(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "debug.log")
	if err := os.WriteFile(path, []byte("2026-11-24 10:00:00.000+0000 INFO  the last word\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	prepared := runstate.Prepared{Done: true, StateDir: dir, Logs: map[string]string{"debug": path}}
	if err := runstate.Write(dir, runstate.PreparedFile, prepared); err != nil {
		t.Fatal(err)
	}
	s := &server{
		settings: &settings.Settings{RunDir: dir, ShipLogs: []string{"debug"}, LogTarget: "stdout", LogShape: "raw", StopTimeout: 2 * time.Minute},
		stopped:  make(chan struct{}), shipped: make(chan struct{}), log: zerolog.Nop(),
	}
	close(s.stopped)
	s.shipLogs(t.Context())
	if all := s.logShipping(); len(all) != 1 || all[0].Events != 1 {
		t.Errorf("sent: %+v, want the one record", all)
	}
}
