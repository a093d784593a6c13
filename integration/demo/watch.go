package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"neo4j-agent/integration/localcluster"
)

// watchInterval is how often the members are asked; each answer costs them microseconds.
const watchInterval = 250 * time.Millisecond

// watch writes one line for each change of a member.
type watch struct {
	out     *report
	started time.Time
	members []*localcluster.Member
	last    map[string]state
}

// state is what a member says of itself.
type state struct {
	Phase  string `json:"phase"`
	Reason string `json:"reason"`
}

// duration is a time in a reason, as Go writes it: 1m5s.
var duration = regexp.MustCompile(`\b([0-9.]+(ms|[hms]))+\b`)

// sameAs tells whether nothing but time has gone by.
func (s state) sameAs(other state) bool {
	return s.Phase == other.Phase && duration.ReplaceAllString(s.Reason, "") == duration.ReplaceAllString(other.Reason, "")
}

const (
	phaseReady = "ready"
	phaseEnded = "ended" // ours: the agent's process is gone
)

func newWatch(out *report, members []*localcluster.Member) *watch {
	return &watch{out: out, started: time.Now(), members: members, last: map[string]state{}}
}

// untilReady returns when all members are ready. It fails when one of them ends.
func (w *watch) untilReady(ctx context.Context) error {
	var ended error
	err := localcluster.WaitFor(ctx, "all members to be ready", readyLimit, func() (bool, string) {
		w.look(ctx)
		ended = w.ended()
		return ended != nil || w.ready(), w.summary()
	})
	return errors.Join(ended, err)
}

// untilInterrupted goes on until ctx ends.
func (w *watch) untilInterrupted(ctx context.Context) {
	ticker := time.NewTicker(watchInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			w.look(ctx)
		}
	}
}

// look asks all members and writes what has changed. A member that does not answer keeps its state.
func (w *watch) look(ctx context.Context) {
	for _, m := range w.members {
		now, ok := ask(ctx, m)
		if !ok || ctx.Err() != nil || now.sameAs(w.last[m.Name]) {
			continue
		}
		w.last[m.Name] = now
		w.out.line(w.describe(m, now))
	}
}

func (w *watch) describe(m *localcluster.Member, now state) string {
	colour := yellow
	switch now.Phase {
	case phaseReady:
		colour = green
	case "failed", phaseEnded:
		colour = red
	}
	text := fmt.Sprintf("%6.1f s  %-14s %s", time.Since(w.started).Seconds(), m.Name, w.out.paint(colour, fmt.Sprintf("%-10s", now.Phase)))
	return strings.TrimRight(text+" "+now.Reason, " ")
}

// ask gets a member's state. The answer is false while its agent does not listen.
func ask(ctx context.Context, m *localcluster.Member) (now state, ok bool) {
	if !m.Running() {
		code, err := m.Wait(ctx)
		return state{Phase: phaseEnded, Reason: fmt.Sprintf("exit code %d", code)}, err == nil
	}
	_, body, err := m.Get(ctx, "/healthz")
	if err != nil || json.Unmarshal(body, &now) != nil {
		return state{}, false
	}
	return now, true
}

func (w *watch) ready() bool {
	for _, m := range w.members {
		if w.last[m.Name].Phase != phaseReady {
			return false
		}
	}
	return true
}

// ended names the members whose agents have gone.
func (w *watch) ended() error {
	var failures []error
	for _, m := range w.members {
		if now := w.last[m.Name]; now.Phase == phaseEnded {
			failures = append(failures, fmt.Errorf("the agent of %s ended with %s", m.Name, now.Reason))
		}
	}
	return errors.Join(failures...)
}

func (w *watch) summary() string {
	var parts []string
	for _, m := range w.members {
		now := w.last[m.Name]
		if now.Phase == "" {
			now.Phase = "no answer"
		}
		parts = append(parts, strings.TrimSpace(m.Name+" "+now.Phase+" "+now.Reason))
	}
	return strings.Join(parts, "; ")
}
