package logship

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"neo4j-agent/agent/logship/fakelogs"
)

func TestEverythingWrittenArrivesOnceAndInOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, end := w.run()
	first, second := entries(0, 20), entries(20, 40)
	w.write("query.log", lines(first))
	w.arrives(first...)
	w.write("query.log", lines(second))
	end(true)
	w.arrives(concat(first, second)...)
}

func TestRotationsWhileWatchingLoseAndRepeatNothing(t *testing.T) {
	for _, format := range []string{".%d", ".%02d", "-%d.log"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			_, end := w.run()
			var all []string
			for n := range 6 {
				part := entries(n*10, n*10+10)
				w.write("query.log", lines(part))
				all = append(all, part...)
				if n%2 == 1 { // every other time it has been read before
					w.arrives(all...)
				}
				rotate(t, filepath.Join(w.logs, "query.log"), format, 7)
			}
			end(true)
			w.arrives(all...)
		})
	}
}

func TestRotationsWhileAwayLoseAndRepeatNothing(t *testing.T) {
	t.Parallel()
	for _, clean := range []bool{true, false} {
		w := newWorld(t)
		s, end := w.run()
		all := entries(0, 10)
		w.write("query.log", lines(all))
		w.arrives(all...)
		if clean {
			end(true)
		} else {
			until(t, func() bool { return s.Snapshot()[0].Bytes == int64(len(lines(all))) }) // saved too
			end(false)
		}
		for n := 1; n <= 4; n++ {
			part := entries(n*10, n*10+10)
			w.write("query.log", lines(part))
			all = append(all, part...)
			rotate(t, filepath.Join(w.logs, "query.log"), ".%d", 7)
		}
		_, end = w.run()
		end(true)
		w.arrives(all...)
	}
}

func TestFilesThatAreRotatedIntoAnotherFolderAreReadToTheirEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.options.Logs[0].Rotated = filepath.Join(w.logs, "*", "old-*.log*")
	folder := filepath.Join(w.logs, "2026-11")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	archive := func(n int, ending string) {
		if err := os.Rename(filepath.Join(w.logs, "query.log"), filepath.Join(folder, fmt.Sprintf("old-%d.log%s", n, ending))); err != nil {
			t.Fatal(err)
		}
	}
	all := entries(0, 50)
	w.write("query.log", lines(entries(900, 901)))
	archive(0, ".gz") // as if it were compressed, which log4j2 does beside
	w.write("query.log", lines(all[:5]))
	_, end := w.run()
	w.arrives(all[:5]...)
	w.write("query.log", lines(all[5:10]))
	archive(1, "")
	w.write("query.log", lines(all[10:15]))
	w.arrives(all[:15]...)
	end(true)
	for n := 15; n < 45; n += 10 { // while it is away
		w.write("query.log", lines(all[n:n+10]))
		archive(n, "")
	}
	w.write("query.log", lines(all[45:]))
	_, end = w.run()
	end(true)
	w.arrives(all...)
}

func TestWhatIsNotThereYetIsFollowedWhenItComes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if _, err := os.Stat(w.logs); err == nil {
		t.Fatal("the directory is there")
	}
	s, end := w.run()
	all := entries(0, 3)
	w.write("query.log", lines(all))
	w.arrives(all...)
	until(t, func() bool { return s.Snapshot()[0].BytesBehind == 0 })
	if err := os.RemoveAll(w.logs); err != nil {
		t.Fatal(err)
	}
	more := entries(3, 6)
	w.write("query.log", lines(more))
	end(true)
	w.arrives(concat(all, more)...)
}

func TestATruncatedFileIsReadFromItsBeginning(t *testing.T) {
	for _, away := range []bool{false, true} {
		for name, longer := range map[string]bool{"shorter": false, "longer": true} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				_, end := w.run()
				all := entries(0, 20)
				w.write("query.log", lines(all))
				w.arrives(all...)
				if away {
					end(true)
				}
				more := entries(100, 103)
				if longer {
					more = entries(100, 150)
				}
				if err := os.WriteFile(filepath.Join(w.logs, "query.log"), []byte(lines(more)), 0o644); err != nil {
					t.Fatal(err)
				}
				if away {
					_, end = w.run()
				}
				w.arrives(concat(all, more)...)
				end(true)
				w.arrives(concat(all, more)...)
			})
		}
	}
}

func TestADeletedFileIsReadToItsEndAndItsSuccessorFromTheBeginning(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, end := w.run()
	all := entries(0, 20)
	w.write("query.log", lines(all))
	w.arrives(all...)
	late := entries(20, 25)
	w.write("query.log", lines(late))
	if err := os.Remove(filepath.Join(w.logs, "query.log")); err != nil {
		t.Fatal(err)
	}
	more := entries(25, 60) // may well get the same inode
	w.write("query.log", lines(more))
	end(true)
	w.arrives(concat(all, late, more)...)
}

func TestAnIncompleteLastLineWaitsForItsEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, end := w.run()
	first, second := queryEntry(1), queryEntry(2)
	w.write("query.log", first+"\n"+second[:80])
	w.arrives(first)
	until(t, func() bool { return s.Snapshot()[0].BytesBehind == 80 })
	w.write("query.log", second[80:]+"\n")
	w.arrives(first, second)
	w.write("query.log", "2026")
	end(true)
	w.arrives(first, second, "2026")
}

func TestLateLinesOfARotatedFileArriveAndCompressedFilesAreNotReadAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, end := w.run()
	all, late, more := entries(0, 5), entries(5, 7), entries(7, 9)
	w.write("query.log", lines(all))
	w.arrives(all...)
	rotate(t, filepath.Join(w.logs, "query.log"), ".%d", 7)
	w.write("query.log", lines(more))
	w.arrives(concat(all, more)...)
	w.write("query.log.1", lines(late))
	w.arrives(concat(all, more, late)...)
	w.write("query.log.1.gz", lines(all))
	w.write("query.log.2.zip", lines(all))
	w.write("querylog.txt", lines(all))
	end(true)
	w.arrives(concat(all, more, late)...)
}

func TestASwitchOfTheClockLosesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, end := w.run()
	var all []string
	for n, at := range []string{"2020-01-01", "2026-11-24", "2120-01-01", "1971-01-01"} { // far past, far future
		if n > 0 && n < 2 {
			all = append(all, queryEntry(n))
			continue
		}
		all = append(all, at+queryEntry(n)[10:])
	}
	w.write("query.log", lines(all))
	future := time.Now().Add(9 * time.Hour)
	if err := os.Chtimes(filepath.Join(w.logs, "query.log"), future, future); err != nil {
		t.Fatal(err)
	}
	until(t, func() bool { return len(w.messages()) == 2 }) // the old ones are rejected, as documented
	rotate(t, filepath.Join(w.logs, "query.log"), ".%d", 7)
	w.write("query.log", lines(entries(50, 55)))
	end(true)
	got := map[string]int{}
	for _, m := range w.messages() {
		got[m]++
	}
	for _, want := range append(entries(50, 55), all[1], all[2]) {
		if got[want] == 0 {
			t.Errorf("%s is lost", want)
		}
	}
}

// TestFilesThatMoveWhileAnotherIsReadAreStillReadInOrder rotates between the listing and the opening of what it listed.
func TestFilesThatMoveWhileAnotherIsReadAreStillReadInOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const each = 10_000 // entries of a file, several batches
	path := filepath.Join(w.logs, "query.log")
	for n := range 3 {
		w.write("query.log", lines(entries(n*each, n*each+each)))
		if n < 2 {
			rotate(t, path, ".%d", 7)
		}
	}
	calls, released := make(chan struct{}, 1), make(chan struct{})
	w.service.Faults = func(operation string, n int) fakelogs.Fault {
		if operation == "PutLogEvents" && n == 3 { // the follower waits in the middle of the oldest file
			calls <- struct{}{}
			<-released
		}
		return fakelogs.Fault{}
	}
	_, end := w.run()
	<-calls
	rotate(t, path, ".%d", 7)
	w.write("query.log", lines(entries(3*each, 3*each+10)))
	close(released)
	end(true)
	for n, m := range w.messages() {
		if m != queryEntry(n) {
			t.Fatalf("event %d is %s", n, m)
		}
	}
	if got := len(w.messages()); got != 3*each+10 {
		t.Errorf("%d events arrived", got)
	}
}

func TestWithoutAVolumeEachRunBeginsWithTheFilesOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.options.Checkpoints = ""
	all := entries(0, 20)
	w.write("query.log", lines(all[:10]))
	rotate(t, filepath.Join(w.logs, "query.log"), ".%d", 7)
	w.write("query.log", lines(all[10:15]))
	_, end := w.run()
	w.arrives(all[:15]...)
	rotate(t, filepath.Join(w.logs, "query.log"), ".%d", 7)
	w.write("query.log", lines(all[15:]))
	end(true)
	w.arrives(all...)
	_, end = w.run()
	end(true)
	w.arrives(concat(all, all)...)
}
