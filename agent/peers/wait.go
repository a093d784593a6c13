package peers

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rs/zerolog"
)

// Wait asks a Finder until there are enough members.
type Wait struct {
	Finder  Finder
	Own     Member // this member; zero when it is none of those looked for (a read replica)
	Need    int    // members to go on with, this one included
	Enough  int    // members with which the unhealthy and stale are left out; 0 means Need
	Timeout time.Duration
	// Settle is how much longer to wait for Enough once there are Need. Members that start together must know the same
	// list: Hazelcast, with which 3.5 discovers, lets one with a shorter list sit alone for ever (seen with 3.5.0-beta03).
	Settle time.Duration
	// Progress, if set, is told after each look what was found and what went wrong with it.
	Progress func(found []Member, need int, trouble error)
	Log      zerolog.Logger
}

// logAgain is how often an unchanged wait is logged, so that a reader sees that it goes on.
const logAgain = 30 * time.Second

// Run returns at least Need members, in Gather's order. Its errors are *NotEnoughError when the time is up,
// *WrongServiceError at once, *PermissionError after a minute of refusals or when the time is up while refused, and
// ctx's own when it ends first.
func (w Wait) Run(ctx context.Context) ([]Member, error) {
	limited, cancel := context.WithTimeout(ctx, w.Timeout)
	defer cancel()
	var (
		begun   = time.Now()
		needed  time.Time // since when there are Need
		enough  = max(w.Enough, w.Need)
		members = Gather(nil, w.Own, enough)
		trouble error
		limits  patience
		said    sentence
	)
	for looks := 0; limited.Err() == nil; looks++ {
		found, err := w.Finder.Find(limited)
		if err == nil {
			members = Gather(found, w.Own, enough)
			if needed = since(needed, len(members) >= w.Need); w.settled(members, needed) {
				return members, nil
			}
		}
		if err := limits.over(err); err != nil {
			return nil, err
		}
		if limited.Err() == nil || looks == 0 { // the deadline's own interruption says less than what was before it
			trouble = err
		}
		w.tell(&said, members, err)
		pause(limited, polling.wait(looks))
	}
	if ctx.Err() != nil {
		return nil, fmt.Errorf("cannot wait for members: %w", context.Cause(ctx))
	}
	if !needed.IsZero() {
		return members, nil
	}
	var denied *PermissionError
	if errors.As(trouble, &denied) {
		return nil, denied
	}
	return nil, &NotEnoughError{Found: members, Need: w.Need, Source: w.Finder.String(), Waited: time.Since(begun).Round(time.Second), Trouble: trouble}
}

// since is from when on something holds, zero while it does not.
func since(began time.Time, holds bool) time.Time {
	switch {
	case !holds:
		return time.Time{}
	case began.IsZero():
		return time.Now()
	}
	return began
}

// settled tells whether the members will do.
func (w Wait) settled(members []Member, needed time.Time) bool {
	return len(members) >= max(w.Need, w.Enough) || !needed.IsZero() && time.Since(needed) >= w.Settle
}

// sentence is the last thing said in the log.
type sentence struct {
	text string
	at   time.Time
}

// tell reports a look without success: to Progress always, to the log when something changed or a while has passed.
func (w Wait) tell(said *sentence, members []Member, trouble error) {
	need := w.Need
	if len(members) >= need {
		need = w.Enough
	}
	if w.Progress != nil {
		w.Progress(members, need, trouble)
	}
	text := "waiting for members: " + count(members, need) + " in " + w.Finder.String()
	event := w.Log.Info()
	if trouble != nil {
		text, event = text+": "+trouble.Error(), w.Log.Warn()
	}
	if text != said.text || time.Since(said.at) >= logAgain {
		event.Msg(text)
		*said = sentence{text, time.Now()}
	}
}
