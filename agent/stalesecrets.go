package main

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"neo4j-agent/agent/health"
)

// Who reads secrets from Secrets Manager.
const (
	staleSettings = "settings"
	staleUsers    = "users"
)

// staleSecrets is why what is known of secrets may be old, by who reads them.
type staleSecrets struct {
	sync.Mutex
	since   time.Time
	reasons map[string]string
}

// tell says why who could not read secrets the last time, "" where that was possible.
func (s *staleSecrets) tell(who, reason string) {
	s.Lock()
	defer s.Unlock()
	if reason == "" {
		delete(s.reasons, who)
		return
	}
	if len(s.reasons) == 0 {
		s.since, s.reasons = time.Now().UTC(), map[string]string{}
	}
	s.reasons[who] = reason
}

// now is what /status tells, nil while all secrets can be read.
func (s *staleSecrets) now() *health.Secrets {
	s.Lock()
	defer s.Unlock()
	if len(s.reasons) == 0 {
		return nil
	}
	why := slices.Sorted(maps.Values(s.reasons))
	return &health.Secrets{Since: s.since, Reason: strings.Join(slices.Compact(why), "\n")}
}
