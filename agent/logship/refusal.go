package logship

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// leaveOut leaves out an event that was refused by itself, so that it does not keep all that come after it, once it is
// proved to be at fault: what stands for it is taken, and it is refused again. Where that is refused too, so is everything,
// as under a wrong name or by a proxy, and the error is trouble like any other. What stands for it is put once: stood is
// that of the tries before, between which connections may break.
func (s *sender) leaveOut(ctx context.Context, e event, refusal error, stood bool) (standing bool, err error) {
	if !stood {
		if _, err := s.once(ctx, []event{standIn(e)}); err != nil {
			return false, err
		}
		refusal = s.offer(ctx, []event{e})
	}
	if !errors.Is(refusal, errUnfit) {
		return true, refusal // nil: all was refused until just now
	}
	s.stats.change(func(st *stats) { st.seen.Rejected++ })
	s.voice.log.Warn().Str("stream", s.stream).Int("bytes", len(e.message)).Time("time", time.UnixMilli(e.time)).
		Str("reason", refusal.Error()).Msg("an event is left out")
	return true, nil
}

// standIn marks the place of an event. It does not tell the service's reason, which may quote what is refused.
func standIn(e event) event {
	return event{fmt.Appendf(nil, "[neo4j-agent: an event of %d bytes was refused here; the agent's log says why]", len(e.message)), e.time}
}
