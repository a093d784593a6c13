package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"neo4j-agent/agent/health"
	"neo4j-agent/agent/runstate"
	"neo4j-agent/agent/settings"
)

// shipping is a server with what prepare said in a directory, whose database has ended.
func shipping(t *testing.T, dir string, prepared runstate.Prepared, logs ...string) *server {
	t.Helper()
	prepared.Done, prepared.StateDir = true, dir
	if err := runstate.Write(dir, runstate.PreparedFile, prepared); err != nil {
		t.Fatal(err)
	}
	s := &server{
		settings: &settings.Settings{RunDir: dir, ShipLogs: logs, LogTarget: "stdout", LogShape: "raw", StopTimeout: 2 * time.Minute},
		stopped:  make(chan struct{}), shipped: make(chan struct{}), log: zerolog.Nop(),
	}
	close(s.stopped)
	return s
}

// TestTheLogOfADatabaseThatEndedAtOnceIsSent: its end is told before shipping has begun.
func TestTheLogOfADatabaseThatEndedAtOnceIsSent(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "debug.log")
	if err := os.WriteFile(path, []byte("2026-11-24 10:00:00.000+0000 INFO  the last word\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	s := shipping(t, dir, runstate.Prepared{Logs: map[string]string{"debug": path}}, "debug")
	s.shipLogs(t.Context())
	if all := s.logShipping(); len(all) != 1 || all[0].Events != 1 {
		t.Errorf("sent: %+v, want the one record", all)
	}
}

func TestRotatedFilesAreSentFromWherePrepareSaysThatTheyAre(t *testing.T) {
	dir := t.TempDir()
	for n, name := range []string{"old-1", "old-2", "debug.log"} {
		if err := os.WriteFile(filepath.Join(dir, name), fmt.Appendf(nil, "2026-11-24 10:00:0%d.000+0000 INFO  a word\n", n), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s := shipping(t, dir, runstate.Prepared{
		Logs: map[string]string{"debug": filepath.Join(dir, "debug.log")}, RotatedLogs: map[string]string{"debug": filepath.Join(dir, "old-*")},
	}, "debug")
	s.shipLogs(t.Context())
	if all := s.logShipping(); len(all) != 1 || all[0].Events != 3 {
		t.Errorf("sent: %+v, want three records", all)
	}
}

func TestALogThatIsAskedForAndNotThereIsTroubleInTheStatusAndTheLog(t *testing.T) {
	dir := t.TempDir()
	s := shipping(t, dir, runstate.Prepared{
		Logs: map[string]string{"debug": filepath.Join(dir, "debug.log")}, UnwrittenLogs: map[string]string{"user": "dbms.logs.user.stdout_enabled=false"},
	}, "query", "debug", "user")
	var said strings.Builder
	s.log = zerolog.New(&said)
	s.shipLogs(t.Context())
	want := []health.LogShipping{
		{Log: "debug"},
		{Log: "query", Trouble: "this Neo4j has no such log"},
		{Log: "user", Trouble: "this Neo4j writes no such log without dbms.logs.user.stdout_enabled=false"},
	}
	if diff := cmp.Diff(want, s.logShipping()); diff != "" {
		t.Error(diff)
	}
	for _, log := range want[1:] {
		if !strings.Contains(said.String(), log.Trouble) {
			t.Errorf("not said: %s\n%s", log.Trouble, said.String())
		}
	}
}

func TestLogsThatCannotBeSentAtAllAreTroubleInTheStatus(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(dir, "none"))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(dir, "none"))
	t.Setenv("AWS_PROFILE", "missing")
	s := shipping(t, dir, runstate.Prepared{Logs: map[string]string{"debug": filepath.Join(dir, "debug.log")}}, "query", "debug")
	s.settings.LogTarget, s.settings.LogGroup = "cloudwatch", "/neo4j"
	s.shipLogs(t.Context())
	all := s.logShipping()
	if len(all) != 2 || all[0].Log != "query" || all[0].Trouble == "" || all[1].Log != "debug" || !strings.Contains(all[1].Trouble, "missing") {
		t.Errorf("%+v", all)
	}
}
