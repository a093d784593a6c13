package logship

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"
)

// following is a follower of query.log in a directory, whose batches go to out.
func following(dir string, out chan *batch, finish <-chan struct{}) *follower {
	return &follower{path: filepath.Join(dir, "query.log"), ledger: newLedger(nil), build: builder{used: make(chan *batch, 1)}, out: out, stats: &stats{},
		wake: make(chan struct{}), finish: finish, shaper: shaper{shape: Raw, count: &Stats{}}}
}

// logFiles writes files of which each is older than the next.
func logFiles(t *testing.T, dir string, files ...[]string) {
	t.Helper()
	for i, names := range files {
		path, at := filepath.Join(dir, names[0]), time.Now().Add(time.Duration(i)*time.Second)
		if err := os.WriteFile(path, []byte(lines(names[1:])), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
}

func messagesOf(b *batch) (all []string) {
	for _, e := range b.events {
		all = append(all, string(e.message))
	}
	return all
}

func TestAFileThatGoesWhileABatchCannotBeSentIsPassedOver(t *testing.T) {
	dir := t.TempDir()
	many, gone, last := entries(0, 3000), entries(3000, 3001), entries(3001, 3002)
	synctest.Test(t, func(t *testing.T) {
		logFiles(t, dir, append([]string{"query.log.2"}, many...), append([]string{"query.log.1"}, gone...), append([]string{"query.log"}, last...))
		out, finish := make(chan *batch), make(chan struct{})
		f := following(dir, out, finish)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go f.run(ctx)
		<-time.After(pollEvery) // it waits with the first batch
		if err := os.Remove(filepath.Join(dir, "query.log.1")); err != nil {
			t.Fatal(err)
		}
		<-time.After(2 * forgetAfter)
		close(finish)
		var got []string
		for b := range out {
			got = append(got, messagesOf(b)...)
		}
		if want := slices.Concat(many, last); !slices.Equal(got, want) {
			t.Errorf("%d records, want %d", len(got), len(want))
		}
		if f.ledger.lost != 1 {
			t.Errorf("%d files lost, want 1", f.ledger.lost)
		}
	})
}

func TestAFileThatCannotBeReadKeepsNoOtherFromBeingRead(t *testing.T) {
	dir := t.TempDir()
	all := entries(0, 3)
	logFiles(t, dir, []string{"query.log.1", "of another user"}, append([]string{"query.log"}, all...))
	if err := os.Chmod(filepath.Join(dir, "query.log.1"), 0); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil {
		t.Fatal(err)
	}
	out, finish := make(chan *batch, 1), make(chan struct{})
	close(finish)
	f := following(dir, out, finish)
	go func() {
		runtime.LockOSThread() // the thread goes with its goroutine: root could read everything
		if _, err := unix.SetfsuidRetUid(65534); err != nil {
			t.Error(err)
		}
		f.run(t.Context())
	}()
	b, ok := <-out
	if !ok || !slices.Equal(messagesOf(b), all) {
		t.Errorf("the others are not read: %v", b)
	}
	if trouble := f.stats.unfinished(); !strings.Contains(trouble, "query.log.1: permission denied") {
		t.Errorf("what is left is not told: %q", trouble)
	}
}
