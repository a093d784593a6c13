package logship

import (
	"context"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/rs/zerolog"

	"neo4j-agent/agent/callerror"
)

// group is a CloudWatch that streams share.
type group struct {
	CloudWatch
	log zerolog.Logger
	due chan struct{} // holds a token while the retention is to be set

	mu       sync.Mutex
	retained bool      // or asked for
	retainAt time.Time // not before
}

// retainAgain is how long to wait after the retention could not be set: PutRetentionPolicy allows 5 calls a second for
// the whole account. retainLimit bounds the call, which the end of all sending may have to wait for.
const (
	retainAgain = time.Minute
	retainLimit = 5 * time.Second
)

func newGroup(c CloudWatch, log zerolog.Logger) *group {
	return &group{CloudWatch: c, log: log, due: make(chan struct{}, 1)}
}

// there is told that the group is there: its retention is to be set, if it has not been.
func (g *group) there() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.RetentionDays == 0 || g.retained || time.Now().Before(g.retainAt) {
		return
	}
	g.retained = true
	select {
	case g.due <- struct{}{}:
	default: // it is about to be set
	}
}

// isNew is told that the group was made, so that it keeps events for ever.
func (g *group) isNew() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.retained, g.retainAt = false, time.Time{}
}

// keep sets the retention whenever it is due, beside the sending: no acknowledgement waits for it. It ends once end is
// called and what was due by then is done.
func (g *group) keep(ctx context.Context) {
	for range g.due {
		g.retain(ctx)
	}
}

// end is called once, after the last put.
func (g *group) end() { close(g.due) }

func (g *group) retain(ctx context.Context) {
	limited, cancel := context.WithTimeout(ctx, retainLimit)
	defer cancel()
	_, err := g.Create.PutRetentionPolicy(limited, &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: &g.Group, RetentionInDays: &g.RetentionDays}, once)
	if err == nil {
		return
	}
	g.log.Warn().Msgf("cannot set how long log group %s keeps events: %s", g.Group, callerror.Reason(err))
	g.mu.Lock()
	defer g.mu.Unlock()
	g.retained, g.retainAt = false, time.Now().Add(retainAgain)
}
