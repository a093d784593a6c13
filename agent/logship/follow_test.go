package logship

import (
	"os"
	"path/filepath"
	"testing"
)

func TestEverythingWrittenArrivesOnceAndInOrder(t *testing.T) {
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
	for _, clean := range []bool{true, false} {
		w := newWorld(t)
		_, end := w.run()
		all := entries(0, 10)
		w.write("query.log", lines(all))
		w.arrives(all...)
		if clean {
			end(true)
		} else {
			until(t, func() bool { _, err := os.Stat(filepath.Join(w.options.Checkpoints, "query.json")); return err == nil })
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
