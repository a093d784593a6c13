package logship

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// readUpTo makes a file and a ledger that has read so much of it.
func readUpTo(t *testing.T, text string, offset int64) (entry, *ledger) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "query.log")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	l := newLedger(nil)
	l.see(listed(t, path))
	source, err := l.open(listed(t, path)[0])
	if err != nil {
		t.Fatal(err)
	}
	source.took(record{size: offset})
	source.close()
	return listed(t, path)[0], l
}

func listed(t *testing.T, path string) []entry {
	t.Helper()
	found, err := list(path, "")
	if err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	return found
}

func TestAFileIsKnownByWhatItBeginsWithToo(t *testing.T) {
	long := strings.Repeat("2026 a line\n", 500)
	for name, c := range map[string]struct {
		before, after string
		read, behind  int64
	}{
		"it grew":                          {long, long + "more", int64(len(long)), 4},
		"another with its inode":           {long, strings.Replace(long, "2026", "2027", 1), 2000, int64(len(long))},
		"another with its inode, a little": {"one\n", "two\n", 4, 4},
		"truncated":                        {long, long[:100], 2000, 100},
		"the same":                         {long, long, 2000, int64(len(long)) - 2000},
		"shortened within its first batch": {long, long[:3000], 5000, 3000}, // and perhaps written on
		"shortened and written on":         {long, long[:3000] + strings.Repeat("2027 another line\n", 500), 5000, 3000 + 500*18},
	} {
		e, l := readUpTo(t, c.before, c.read)
		marks := l.snapshot()
		if err := os.WriteFile(e.path, []byte(c.after), 0o644); err != nil {
			t.Fatal(err)
		}
		for who, ledger := range map[string]*ledger{"the same shipper": l, "the next": newLedger(marks)} {
			if _, behind := ledger.see(listed(t, e.path)); behind != c.behind {
				t.Errorf("%s: %s is %d bytes behind, want %d", name, who, behind, c.behind)
			}
		}
	}
}

func TestAFileThatWasShortenedAndWrittenOnIsReadFromShortlyBeforeThat(t *testing.T) {
	const batches = 200
	text := lines(entries(0, 10*batches))
	path := filepath.Join(t.TempDir(), "query.log")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	l := newLedger(nil)
	source, err := l.open(listed(t, path)[0])
	if err != nil {
		t.Fatal(err)
	}
	batch := int64(len(text) / batches)
	for range batches {
		source.took(record{size: batch})
		source.seal() // as each batch is handed over
	}
	source.close()
	marks := l.snapshot()
	if n := len(marks[0].Earlier); n > earlierMost {
		t.Errorf("%d earlier places are remembered", n)
	}
	for _, gone := range []int64{1, 3, 10, 60} { // batches that were not on the disk yet
		for name, more := range map[string]string{"nothing": "", "a little": "2027 another line\n", "more": strings.Repeat("2027 another line\n", int(gone*batch))} {
			kept := int64(len(text)) - gone*batch - batch/2
			if err := os.WriteFile(path, []byte(text[:kept]+more), 0o644); err != nil {
				t.Fatal(err)
			}
			_, behind := newLedger(marks).see(listed(t, path))
			if again := behind - int64(len(more)); again < 0 || again > (gone+2)*batch {
				t.Errorf("%d batches gone, %s written on: %d bytes are read again, of %d", gone, name, again, kept)
			}
		}
	}
}

func TestAVolumeAttachedAnewKeepsItsPlaces(t *testing.T) {
	e, l := readUpTo(t, "one\ntwo\n", 4)
	marks := l.snapshot()
	marks[0].Device += 7
	next := newLedger(marks)
	if _, behind := next.see([]entry{e}); behind != 4 || len(next.snapshot()) != 1 || next.snapshot()[0].fileID != e.id {
		t.Errorf("%d behind, %+v", behind, next.snapshot())
	}
	marks[0].Inode++
	if _, behind := newLedger(marks).see([]entry{e}); behind != 8 {
		t.Errorf("another file: %d behind", behind)
	}
}

func TestAPlaceIsForgottenOnlyWhenItsFileStaysAway(t *testing.T) {
	e, l := readUpTo(t, "one\ntwo\n", 4)
	synctest.Test(t, func(t *testing.T) {
		other := entry{id: fileID{Inode: 1}, path: e.path}
		l.see([]entry{e})
		for _, step := range []struct {
			after time.Duration
			found []entry
			known bool
		}{{forgetAfter * 3, []entry{other}, true}, {0, []entry{e}, true}, {forgetAfter / 2, []entry{other}, true}, {forgetAfter * 3, nil, true}, {0, []entry{e}, true}, {forgetAfter / 2, []entry{other}, true}, {forgetAfter, []entry{other}, false}} {
			<-time.After(step.after)
			l.see(step.found)
			if _, known := l.marks[e.id]; known != step.known {
				t.Errorf("known: %t, want %t", known, step.known)
			}
		}
		if l.lost != 1 {
			t.Errorf("%d lost", l.lost)
		}
	})
}

func TestWhatWasNotReadOfAFileThatAnotherTookThePlaceOfIsCounted(t *testing.T) {
	e, l := readUpTo(t, strings.Repeat("2026 a line\n", 200), 1200)
	l.see([]entry{e})
	if err := os.WriteFile(e.path, []byte("2027 another\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if l.see(listed(t, e.path)); l.lost != 1 {
		t.Errorf("%d files lost, want 1", l.lost)
	}
}

func TestTheCheckpointIsReplacedAndAnUnreadableOneIsSaid(t *testing.T) {
	c := checkpoint{filepath.Join(t.TempDir(), "deep", "query.json")}
	for n := range int64(3) {
		want := []mark{{fileID{1, 2}, n, "ab", "cd", []spot{{1, "ef"}}}}
		if err := c.save(want); err != nil {
			t.Fatal(err)
		}
		if got, err := c.load(); err != nil || !cmp.Equal(want, got, cmp.AllowUnexported(mark{})) {
			t.Errorf("%v, %v", got, err)
		}
	}
	for _, text := range []string{"", "{", `{"version":2}`} {
		if err := os.WriteFile(c.path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := c.load(); err == nil {
			t.Errorf("%q was understood", text)
		}
	}
}

func TestListingsAreOldestFirstWhateverThePattern(t *testing.T) {
	dir, now := t.TempDir(), time.Now()
	for i, name := range []string{"query.log.10", "query.log.9", "query.log.02", "query-2026-11-24.log", "query.log", "query.log.1.gz", "query.log.zip", "queries.log", "query.log2", "query-plan.log"} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		at := now.Add(time.Duration(max(1, i)) * time.Second) // the first two at the same time
		if name == "query.log" {
			at = now.Add(-time.Hour) // and a clock that was set back
		}
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	found, err := list(filepath.Join(dir, "query.log"), "")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range found {
		got = append(got, filepath.Base(e.path))
	}
	if diff := cmp.Diff([]string{"query.log.10", "query.log.9", "query.log.02", "query-2026-11-24.log", "query.log"}, got); diff != "" {
		t.Error(diff)
	}
}
