// Package fakelogs is an AWS CloudWatch Logs for tests: an http.Handler that speaks the JSON protocol of the service to
// real SDK clients and enforces the documented limits that emulators pass over. It does, when told, what the real service
// does on bad days: throttle, refuse, hang, break connections before a call or after it was carried out.
//
// Sources of the limits: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/ (API_PutLogEvents,
// API_CreateLogGroup, API_CreateLogStream, API_PutRetentionPolicy) and
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html.
package fakelogs

import (
	"slices"
	"sync"
	"time"
)

// Fault is what happens to a call instead of an answer. The zero value is no fault.
type Fault struct {
	Code   string        // the error's code, such as ThrottlingException or AccessDeniedException
	Status int           // HTTP status of the error; 0 means 400. Without Code the answer is no JSON
	Reset  bool          // the connection breaks before the call is carried out
	Taken  bool          // the call is carried out; then the connection breaks, or the answer is the error
	Slow   time.Duration // before the answer, which may then be a fault or not
}

// Event is a log event that was accepted.
type Event struct {
	Timestamp int64 // milliseconds since 1970
	Message   string
}

// Server is one account's CloudWatch Logs in one region. The fields may be set before its first call.
type Server struct {
	// Faults, if set, is asked before each call; n counts the calls of that operation from 1.
	Faults func(operation string, n int) Fault
	// Accepted, if set, is told of each accepted call's events, which are not kept then.
	Accepted func(group, stream string, events []Event)
	// Now is the service's clock; time.Now if nil.
	Now func() time.Time

	mu      sync.Mutex
	groups  map[string]*group
	buckets map[string]*bucket
	calls   map[string]int
	broken  []string
}

type group struct {
	retention int // days; 0 keeps for ever
	streams   map[string]*stream
}

type stream struct{ calls [][]Event }

// New is a CloudWatch Logs without groups.
func New() *Server {
	return &Server{groups: map[string]*group{}, buckets: map[string]*bucket{}, calls: map[string]int{}}
}

// AddGroup makes a group that keeps events for days; 0 for ever.
func (s *Server) AddGroup(name string, days int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.groups[name] = &group{retention: days, streams: map[string]*stream{}}
}

// RemoveGroup deletes a group with all that is in it.
func (s *Server) RemoveGroup(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.groups, name)
}

// Retention is how many days a group keeps events, 0 for ever; ok tells whether there is such a group.
func (s *Server) Retention(name string) (days int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if g := s.groups[name]; g != nil {
		return g.retention, true
	}
	return 0, false
}

// Events are what a stream accepted, in the order of arrival.
func (s *Server) Events(group, stream string) []Event { return slices.Concat(s.Puts(group, stream)...) }

// Puts are the events of each call that a stream accepted.
func (s *Server) Puts(group, stream string) [][]Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	if g := s.groups[group]; g != nil && g.streams[stream] != nil {
		return slices.Clone(g.streams[stream].calls)
	}
	return nil
}

// Calls is how often an operation was called, faults included.
func (s *Server) Calls(operation string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[operation]
}

// Broken are the limits that calls broke, in the service's words. A client that knows them leaves it empty.
func (s *Server) Broken() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.broken)
}

func (s *Server) now() time.Time {
	if s.Now != nil {
		return s.Now()
	}
	return time.Now()
}

// rates are calls a second.
var rates = map[string]float64{"PutLogEvents": 5000, "CreateLogStream": 50, "CreateLogGroup": 10, "PutRetentionPolicy": 5}

// bucket is a token bucket that holds a second's calls.
type bucket struct {
	tokens float64
	at     time.Time
}

// admit takes a token for a call, if there is one.
func (s *Server) admit(operation string) bool {
	rate, limited := rates[operation]
	if !limited {
		return true
	}
	b := s.buckets[operation]
	if b == nil {
		b = &bucket{tokens: rate, at: time.Now()}
		s.buckets[operation] = b
	}
	b.tokens = min(rate, b.tokens+rate*time.Since(b.at).Seconds())
	b.at = time.Now()
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}
