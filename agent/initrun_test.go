package main

import (
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"neo4j-agent/agent/initscripts"
)

func TestInitScriptsWaitUntilWhatHasRunIsRecorded(t *testing.T) {
	state := filepath.Join(t.TempDir(), "state")
	if err := os.WriteFile(state, nil, 0o644); err != nil { // in its way
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		r := initRun{state: volume(state), log: zerolog.Nop()}
		done := make(chan error, 1)
		go func() { done <- r.keep(t.Context(), initscripts.Record{Due: true}) }()
		<-time.After(initAgain)
		synctest.Wait()
		select {
		case err := <-done:
			t.Fatalf("they go on: %v", err)
		default:
		}
		if err := os.Remove(state); err != nil {
			t.Fatal(err)
		}
		if err := os.Mkdir(state, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
		if kept, err := r.state.initRecord(); err != nil || !kept.Due {
			t.Errorf("%+v (%v)", kept, err)
		}
	})
}
