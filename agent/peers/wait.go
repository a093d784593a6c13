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
		enough  = max(w.Enough, w.Need)
		members = Gather(nil, w.Own, enough)
		trouble error
		limits  patience
		said    sentence
	)
	for looks := 0; limited.Err() == nil; looks++ {
		found, err := w.Finder.Find(limited)
		if err == nil {
			if members = Gather(found, w.Own, enough); len(members) >= w.Need {
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
	var denied *PermissionError
	if errors.As(trouble, &denied) {
		return nil, denied
	}
	return nil, &NotEnoughError{Found: members, Need: w.Need, Source: w.Finder.String(), Waited: time.Since(begun).Round(time.Second), Trouble: trouble}
}

// sentence is the last thing said in the log.
type sentence struct {
	text string
	at   time.Time
}

// tell reports a look without success: to Progress always, to the log when something changed or a while has passed.
func (w Wait) tell(said *sentence, members []Member, trouble error) {
	if w.Progress != nil {
		w.Progress(members, w.Need, trouble)
	}
	text := "waiting for members: " + count(members, w.Need) + " in " + w.Finder.String()
	event := w.Log.Info()
	if trouble != nil {
		text, event = text+": "+trouble.Error(), w.Log.Warn()
	}
	if text != said.text || time.Since(said.at) >= logAgain {
		event.Msg(text)
		*said = sentence{text, time.Now()}
	}
}
