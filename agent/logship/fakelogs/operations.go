package fakelogs

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

// Limits of PutLogEvents.
const (
	batchBytes  = 1_048_576
	eventCost   = 26
	batchEvents = 10_000
	eventBytes  = 1_048_576 // "no larger than 1 MB"
	batchSpan   = 24 * time.Hour
	tooOld      = 14 * 24 * time.Hour
	tooNew      = 2 * time.Hour
)

var (
	groupNames  = regexp.MustCompile(`^[.\-_/#A-Za-z0-9]{1,512}$`)
	streamNames = regexp.MustCompile(`^[^:*]{1,512}$`)
	// retentions are the days that PutRetentionPolicy takes.
	retentions = []int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
)

type groupInput struct {
	LogGroupName string `json:"logGroupName"`
}

func (s *Server) createLogGroup(in groupInput) (any, *apiError) {
	switch {
	case !groupNames.MatchString(in.LogGroupName) || strings.HasPrefix(in.LogGroupName, "aws/"):
		return nil, fail("InvalidParameterException", "log group name %q", in.LogGroupName)
	case s.groups[in.LogGroupName] != nil:
		return nil, fail("ResourceAlreadyExistsException", "The specified log group already exists")
	}
	s.groups[in.LogGroupName] = &group{streams: map[string]*stream{}}
	return struct{}{}, nil
}

type streamInput struct {
	groupInput
	LogStreamName string `json:"logStreamName"`
}

func (s *Server) createLogStream(in streamInput) (any, *apiError) {
	g := s.groups[in.LogGroupName]
	switch {
	case !groupNames.MatchString(in.LogGroupName), !streamNames.MatchString(in.LogStreamName):
		return nil, fail("InvalidParameterException", "log group %q, stream %q", in.LogGroupName, in.LogStreamName)
	case g == nil:
		return nil, fail("ResourceNotFoundException", "The specified log group does not exist.")
	case g.streams[in.LogStreamName] != nil:
		return nil, fail("ResourceAlreadyExistsException", "The specified log stream already exists")
	}
	g.streams[in.LogStreamName] = &stream{}
	return struct{}{}, nil
}

type retentionInput struct {
	groupInput
	RetentionInDays int `json:"retentionInDays"`
}

func (s *Server) putRetentionPolicy(in retentionInput) (any, *apiError) {
	g := s.groups[in.LogGroupName]
	switch {
	case !slices.Contains(retentions, in.RetentionInDays):
		return nil, fail("InvalidParameterException", "retention of %d days", in.RetentionInDays)
	case g == nil:
		return nil, fail("ResourceNotFoundException", "The specified log group does not exist.")
	}
	g.retention = in.RetentionInDays
	return struct{}{}, nil
}

type putInput struct {
	streamInput
	SequenceToken string `json:"sequenceToken"` // ignored since 2023
	LogEvents     []struct {
		Timestamp *int64
		Message   *string
	} `json:"logEvents"`
}

// putLogEvents accepts the events that are within the times, and the others' ends: "TooOldLogEventEndIndex: the index of
// the last log event that is too old. This field is exclusive", "TooNewLogEventStartIndex: … inclusive".
func (s *Server) putLogEvents(in putInput) (any, *apiError) {
	events, failure := s.check(in)
	if failure != nil {
		return nil, failure
	}
	g := s.groups[in.LogGroupName]
	if g == nil {
		return nil, fail("ResourceNotFoundException", "The specified log group does not exist.")
	}
	to := g.streams[in.LogStreamName]
	if to == nil {
		return nil, fail("ResourceNotFoundException", "The specified log stream does not exist.")
	}
	now := s.now()
	before := func(age time.Duration) int {
		at, _ := slices.BinarySearchFunc(events, now.Add(-age).UnixMilli(), func(e Event, t int64) int { return int(max(-1, min(1, e.Timestamp-t))) })
		return at
	}
	rejected := map[string]int{}
	first, last := before(tooOld), before(-tooNew-time.Millisecond)
	if first > 0 {
		rejected["tooOldLogEventEndIndex"] = first
	}
	if expired := before(time.Duration(g.retention) * 24 * time.Hour); g.retention > 0 && expired > 0 {
		rejected["expiredLogEventEndIndex"] = expired
		first = max(first, expired)
	}
	if last < len(events) {
		rejected["tooNewLogEventStartIndex"] = last
	}
	if last = max(first, last); last > first {
		if span := events[last-1].Timestamp - events[first].Timestamp; span > batchSpan.Milliseconds() {
			return nil, s.broke("The batch of log events in a single PutLogEvents request cannot span more than 24 hours: %d ms", span)
		}
		s.accept(in, to, events[first:last])
	}
	answer := map[string]any{"nextSequenceToken": "49650000000000000000000000000000000000000000000000000001"}
	if len(rejected) > 0 {
		answer["rejectedLogEventsInfo"] = rejected
	}
	return answer, nil
}

func (s *Server) accept(in putInput, to *stream, events []Event) {
	if s.Accepted != nil {
		s.Accepted(in.LogGroupName, in.LogStreamName, events)
		return
	}
	to.calls = append(to.calls, events)
}

// check enforces what makes the whole call fail.
func (s *Server) check(in putInput) ([]Event, *apiError) {
	if n := len(in.LogEvents); n < 1 || n > batchEvents {
		return nil, s.broke("1 to %d log events, not %d", batchEvents, n)
	}
	events := make([]Event, len(in.LogEvents))
	bytes, last := 0, int64(-1)
	for i, e := range in.LogEvents {
		switch {
		case e.Timestamp == nil || e.Message == nil || *e.Timestamp < 0:
			return nil, s.broke("a log event has a timestamp and a message")
		case len(*e.Message) < 1 || len(*e.Message) > eventBytes:
			return nil, s.broke("Log event of %d bytes", len(*e.Message))
		case *e.Timestamp < last:
			return nil, s.broke("Log events in a single PutLogEvents request must be in chronological order.")
		}
		last = *e.Timestamp
		bytes += len(*e.Message) + eventCost
		events[i] = Event{*e.Timestamp, *e.Message}
	}
	if bytes > batchBytes {
		return nil, s.broke("Upload too large: %d bytes exceeds limit of %d", bytes, batchBytes)
	}
	return events, nil
}

func (s *Server) broke(format string, a ...any) *apiError {
	failure := fail("InvalidParameterException", format, a...)
	s.broken = append(s.broken, failure.message)
	return failure
}
