package logship

import (
	"math/bits"
	"strconv"
)

// slowQueries counts the finished entries of a minute and tells of them in the embedded metric format:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html.
// Times are kept in steps of a sixteenth, so a percentile is at most 6 % too high; the longest is exact.
type slowQueries struct {
	member  string
	minute  int64 // of the entries counted, in milliseconds since 1970
	count   int64
	longest int64 // ms
	steps   [64 * 16]int64
}

const minuteMillis = 60_000

// due is the metrics event of the minute that ended with an entry's time at; nil while it goes on. An entry of the minute
// before counts with it, as entries may be out of order by a little.
func (s *slowQueries) due(at int64) ([]byte, int64) {
	minute := at - at%minuteMillis
	if minute <= s.minute && minute >= s.minute-minuteMillis {
		return nil, 0
	}
	message, began := s.flush()
	s.minute = minute
	return message, began
}

// flush is the event of the minute counted so far; nil when nothing was.
func (s *slowQueries) flush() ([]byte, int64) {
	defer func() { *s = slowQueries{member: s.member, minute: s.minute} }()
	if s.count == 0 {
		return nil, 0
	}
	return s.event(), s.minute
}

func (s *slowQueries) add(elapsed []byte) {
	ms, err := strconv.ParseInt(string(elapsed), 10, 64)
	if err != nil || ms < 0 {
		return
	}
	s.count++
	s.longest = max(s.longest, ms)
	s.steps[stepOf(ms)]++
}

// stepOf is exact below 16, then sixteen steps to each doubling.
func stepOf(ms int64) int {
	if ms < 16 {
		return int(ms)
	}
	shift := bits.Len64(uint64(ms)) - 5
	return shift*16 + int(ms>>shift)
}

// top is the longest time of a step.
func top(step int) int64 {
	if step < 16 {
		return int64(step)
	}
	shift := step/16 - 1
	return (int64(step-shift*16)+1)<<shift - 1
}

// percentile is the time that so many of a hundred entries did not exceed.
func (s *slowQueries) percentile(percent int64) int64 {
	need := (s.count*percent + 99) / 100
	for step, n := range s.steps {
		if need -= n; need <= 0 {
			return min(top(step), s.longest)
		}
	}
	return s.longest
}

func (s *slowQueries) event() []byte {
	w := object{to: []byte{'{'}}
	w.raw("_aws", append(strconv.AppendInt([]byte(`{"Timestamp":`), s.minute, 10),
		`,"CloudWatchMetrics":[{"Namespace":"Neo4j","Dimensions":[["Member"]],"Metrics":[{"Name":"SlowQueries","Unit":"Count"},`+
			`{"Name":"SlowQueryP50","Unit":"Milliseconds"},{"Name":"SlowQueryP95","Unit":"Milliseconds"},{"Name":"SlowQueryMax","Unit":"Milliseconds"}]}]}`...))
	w.text("Member", []byte(s.member))
	for _, m := range []struct {
		name  string
		value int64
	}{{"SlowQueries", s.count}, {"SlowQueryP50", s.percentile(50)}, {"SlowQueryP95", s.percentile(95)}, {"SlowQueryMax", s.longest}} {
		w.raw(m.name, strconv.AppendInt(nil, m.value, 10))
	}
	return append(w.to, '}')
}
