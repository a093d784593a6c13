package logship

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSlowQueriesAreCountedEachMinute(t *testing.T) {
	minute := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC).UnixMilli()
	s := slowQueries{member: "core-1"}
	for ms := range int64(1000) {
		if message, _ := s.due(minute + ms%50_000); message != nil {
			t.Fatalf("before its end: %s", message)
		}
		s.add(strconv.AppendInt(nil, ms+1, 10))
	}
	if message, _ := s.due(minute - 10); message != nil { // a little out of order
		t.Fatalf("%s", message)
	}
	message, at := s.due(minute + minuteMillis)
	var got struct {
		AWS struct {
			Timestamp         int64
			CloudWatchMetrics []struct {
				Namespace  string
				Dimensions [][]string
				Metrics    []struct{ Name, Unit string }
			}
		} `json:"_aws"`
		Member                                                string
		SlowQueries, SlowQueryP50, SlowQueryP95, SlowQueryMax int64
	}
	if err := json.Unmarshal(message, &got); err != nil || at != minute || got.AWS.Timestamp != minute {
		t.Fatalf("%v: %s", err, message)
	}
	if got.Member != "core-1" || got.SlowQueries != 1000 || got.SlowQueryMax != 1000 ||
		got.SlowQueryP50 < 500 || got.SlowQueryP50 > 532 || got.SlowQueryP95 < 950 || got.SlowQueryP95 > 1000 {
		t.Errorf("%s", message)
	}
	names := []string{}
	for _, m := range got.AWS.CloudWatchMetrics[0].Metrics {
		names = append(names, m.Name)
	}
	if diff := cmp.Diff([]string{"SlowQueries", "SlowQueryP50", "SlowQueryP95", "SlowQueryMax"}, names); diff != "" {
		t.Error(diff)
	}
	if message, _ := s.flush(); message != nil {
		t.Errorf("nothing was counted: %s", message)
	}
}

func TestStepsOfTimesAreCloseAndInOrder(t *testing.T) {
	for ms, last := int64(0), -1; ms < 1<<40; ms = ms*17/16 + 1 {
		step := stepOf(ms)
		if step < last || top(step) < ms || float64(top(step)) > float64(ms)*1.07+1 {
			t.Fatalf("%d is in step %d, to %d", ms, step, top(step))
		}
		last = step
	}
}

func TestMetricsGoWithTheEvents(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.options.SlowQueries = true
	_, end := w.run()
	w.write("query.log", lines(entries(0, 3))+"a line of no entry\n")
	end(true)
	counted, others := 0, 0
	for _, m := range w.messages() { // entries of an hour ago may come in two looks: then the minute is told of in two parts
		var metrics struct{ SlowQueries int }
		if !strings.HasPrefix(m, `{"_aws":`) {
			others++
		} else if err := json.Unmarshal([]byte(m), &metrics); err != nil || metrics.SlowQueries == 0 {
			t.Errorf("%v: %s", err, m)
		}
		counted += metrics.SlowQueries
	}
	if counted != 3 || others != 3 {
		t.Errorf("%d queries were counted and %d events sent beside: %q", counted, others, w.messages())
	}
}
