package logship

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/google/go-cmp/cmp"

	"neo4j-agent/agent/logship/fakelogs"
)

// kept says which limit of PutLogEvents a batch breaks, counted anew.
func kept(events []event) error {
	bytes, first, last := 0, events[0].time, events[len(events)-1].time
	for i, e := range events {
		bytes += len(e.message) + 26
		if i > 0 && e.time < events[i-1].time {
			return errors.New("the events are not in order")
		}
	}
	if bytes > 1<<20 || len(events) > 10_000 || last-first > 24*3600_000 {
		return fmt.Errorf("%d events of %d bytes over %d ms", len(events), bytes, last-first)
	}
	return nil
}

func TestBatchesKeepEveryLimitAndEveryEvent(t *testing.T) {
	full := bytes.Repeat([]byte("x"), eventBytes)
	rapid.Check(t, func(t *rapid.T) {
		sent, entered := 0, 0
		b := builder{}
		finish := func() {
			events := b.close(nil).events
			if err := kept(events); err != nil {
				t.Fatal(err)
			}
			sent += len(events)
		}
		sizes := rapid.OneOf(rapid.Just(1), rapid.IntRange(1, 400), rapid.IntRange(1, 300_000), rapid.IntRange(eventBytes-60, eventBytes))
		hours := rapid.Int64Range(0, 13*24)
		for range rapid.IntRange(1, 12).Draw(t, "kinds") {
			size, step, at := sizes.Draw(t, "size"), rapid.Int64Range(-5, 5).Draw(t, "step"), hours.Draw(t, "hour")*3600_000
			for n := range rapid.IntRange(1, max(1, 200_000/(size+20))).Draw(t, "events") {
				if !b.fits(size, at+int64(n)*step) {
					finish()
				}
				b.add(full[:size], at+int64(n)*step)
				entered++
			}
		}
		if finish(); sent != entered {
			t.Fatalf("%d of %d events", sent, entered)
		}
	})
}

// TestTheServiceTakesBatchesAtTheLimits sends the fullest batches to the strict fake.
func TestTheServiceTakesBatchesAtTheLimits(t *testing.T) {
	service := fakelogs.New()
	put := putter(t, service)
	now := time.Now().UnixMilli()
	for _, c := range []struct{ size, count int }{{eventBytes, 1}, {1, batchEvents}, {498, batchFill / (498 + eventCost)}} {
		b := builder{}
		for n := 0; b.fits(c.size, now); n++ {
			if n == c.count {
				t.Errorf("%d events of %d bytes are more than expected", n, c.size)
			}
			b.add(bytes.Repeat([]byte("\x01"), c.size), now) // the most bytes in JSON
		}
		if rejected := put(b.close(nil).events); rejected != 0 {
			t.Errorf("%d events of %d bytes: %d were rejected", c.count, c.size, rejected)
		}
	}
	if broken := service.Broken(); broken != nil {
		t.Error(broken)
	}
}

// TestABatchIsFullWhenTheServiceWouldRefuseMore goes to each limit and one beyond.
func TestABatchIsFullWhenTheServiceWouldRefuseMore(t *testing.T) {
	day := batchSpan.Milliseconds()
	for name, c := range map[string]struct {
		size, count int // of the events that fit
		at          int64
		next        int
		nextAt      int64
	}{
		"events": {1, batchEvents, 0, 1, 0},
		"bytes":  {batchFill - 2*eventCost - 1, 1, 0, 2, 0},
		"span":   {1, 1, day, 1, 0},
	} {
		b := builder{}
		for range c.count {
			if !b.fits(c.size, c.at) {
				t.Fatalf("%s: it is full too early", name)
			}
			b.add(bytes.Repeat([]byte("x"), c.size), c.at)
		}
		if b.fits(c.next, c.nextAt) {
			t.Errorf("%s: one more fits", name)
		}
	}
	b := builder{}
	b.add(bytes.Repeat([]byte("x"), batchFill-2*eventCost-1), 0)
	if !b.fits(1, day-1) {
		t.Error("the last byte does not fit")
	}
}

func TestABatchIsInOrderOfTimeAndThenOfTheFile(t *testing.T) {
	b := builder{}
	for i, at := range []int64{5, 3, 5, 3, 4} {
		b.add([]byte{'a' + byte(i)}, at)
	}
	got := ""
	for _, e := range b.close(nil).events {
		got += string(e.message)
	}
	if diff := cmp.Diff("bdeac", got); diff != "" {
		t.Error(diff)
	}
}

// putter puts events into a fake without HTTP in between, and tells how many were rejected.
func putter(t interface{ Fatal(...any) }, service *fakelogs.Server) func([]event) int {
	service.AddGroup(groupName, 0)
	api := direct(service)
	g := &group{CloudWatch: CloudWatch{Put: api, Create: api, Group: groupName}}
	return func(events []event) int {
		rejected, err := g.put(context.Background(), streamName, events)
		if err != nil {
			t.Fatal(err)
		}
		return rejected.all()
	}
}
