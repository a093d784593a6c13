package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

func TestABarShowsWhatIsKnown(t *testing.T) {
	tests := []struct {
		name        string
		done, total int64
		rate        float64
		left        time.Duration
		want        string
	}{
		{"nothing", 0, 0, 0, 0, "restore: fetching"},
		{"bytes alone", 1_500_000, 0, 0, 0, "restore: fetching  1.5 MB"},
		{"half", 50, 100, 0, 0, "restore: fetching  [############............]   50 %  50 B of 100 B"},
		{"all", 100, 100, 2_000_000_000, time.Second, "restore: fetching  [########################]  100 %  100 B of 100 B  2.0 GB/s  1s left"},
		{"more than was expected", 300, 100, 0, 0, "restore: fetching  [########################]  100 %  300 B of 100 B"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := bar("restore: fetching", test.done, test.total, test.rate, test.left); got != test.want {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}

func TestProgressSaysEachStepAtOnceAndBytesEveryFewSeconds(t *testing.T) {
	var lines bytes.Buffer
	p := newProgress(zerolog.New(&lines), nil, "backing up")
	now := time.Now()
	p.now = func() time.Time { return now }
	p.tell("taking", 0, 0, 0, 0)
	for range 100 { // ten seconds
		now = now.Add(100 * time.Millisecond)
		p.tell("uploading", 10, 100, 5, 18*time.Second)
	}
	if n := strings.Count(lines.String(), "\n"); n != 3 {
		t.Errorf("there are %d lines, want one of each step and one after five seconds:\n%s", n, lines.String())
	}
	want := `{"level":"info","step":"uploading","bytes":10,"of":100,"bytes_per_second":5,"left":"18s","message":"backing up"}`
	if !strings.Contains(lines.String(), want) {
		t.Errorf("no line is %s:\n%s", want, lines.String())
	}
}

func TestABarIsDrawnOverItselfAndTakenAwayAtTheEnd(t *testing.T) {
	var terminal, lines bytes.Buffer
	p := newProgress(zerolog.New(&lines), &terminal, "restore")
	p.tell("fetching", 1, 2, 0, 0)
	p.tell("placing", 0, 0, 0, 0)
	p.end()
	want := "\r\x1b[Krestore: fetching  [############............]   50 %  1 B of 2 B\r\r\x1b[Krestore: placing\r\r\x1b[K"
	if terminal.String() != want || lines.Len() > 0 {
		t.Errorf("got %q and log %q", terminal.String(), lines.String())
	}
}
