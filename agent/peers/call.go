package peers

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/servicediscovery"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

const (
	callLimit = 5 * time.Second // one question to AWS or DNS: answers take milliseconds
	callTries = 4               // in one look; Wait looks again
)

// pace is how long to wait between tries: first, then growing by factor up to most. What is waited is drawn between
// least (a fraction) of that and the whole, so that members started together do not ask together.
type pace struct {
	first, most   time.Duration
	factor, least float64
}

var (
	// polling goes on while members are missing, and after a look that afterTrouble did not save. It begins at a second, since a cluster started as a whole is there
	// within seconds, and stays far below Cloud Map's rates (50 ListInstances a second for the whole account).
	polling = pace{first: time.Second, most: 5 * time.Second, factor: 1.25, least: 0.8}
	// afterTrouble is exponential back-off with full jitter, as AWS advises for throttled calls:
	// https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
	afterTrouble = pace{first: 200 * time.Millisecond, most: 10 * time.Second, factor: 2, least: 0}
)

// wait is drawn anew for each try; n counts the waits before it.
func (p pace) wait(n int) time.Duration {
	whole := min(float64(p.most), float64(p.first)*math.Pow(p.factor, float64(n)))
	return time.Duration(whole * (p.least + (1-p.least)*rand.Float64()))
}

// pause waits for d or for ctx, whichever is first.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// call asks AWS one question, each try with its own time limit, again after trouble that may pass. The SDK's own
// retries are off: they know neither the deadline nor what to say when it comes. The error is of this package.
func call[In, Out any](ctx context.Context, doing string,
	ask func(context.Context, *In, ...func(*servicediscovery.Options)) (*Out, error), in *In) (*Out, error) {
	for try := 1; ; try++ {
		limited, cancel := context.WithTimeout(ctx, callLimit)
		out, err := ask(limited, in, oneTry)
		cancel()
		if err == nil {
			return out, nil
		}
		if err = translate(doing, err); final(err) || try == callTries || ctx.Err() != nil {
			return nil, err
		}
		pause(ctx, afterTrouble.wait(try-1))
	}
}

func oneTry(o *servicediscovery.Options) { o.Retryer = aws.NopRetryer{} }

// final tells errors that asking again at once does not change.
func final(err error) bool {
	var wrong *WrongServiceError
	var denied *PermissionError
	return errors.As(err, &wrong) || errors.As(err, &denied) || errors.Is(err, errNotThere)
}

// denialLimit is how long a refusal may last. IAM is eventually consistent: "changes … might not be immediately
// visible" (https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html).
const denialLimit = time.Minute

// patience tells for how long to try on.
type patience struct{ deniedSince time.Time }

// over is the error to give up with, nil while another try makes sense. Trouble of other kinds does not end a refusal.
func (p *patience) over(err error) error {
	var wrong *WrongServiceError
	var denied *PermissionError
	switch {
	case errors.As(err, &wrong):
		return wrong
	case err == nil:
		p.deniedSince = time.Time{}
	case errors.As(err, &denied):
		if p.deniedSince.IsZero() {
			p.deniedSince = time.Now()
		}
		if denied.Lasted = time.Since(p.deniedSince); denied.Lasted >= denialLimit {
			return denied
		}
	}
	return nil
}

// DisableHostPrefix lets a client reach a local endpoint: DiscoverInstances asks the host "data-"+endpoint, which no
// emulator has. For servicediscovery.NewFromConfig, and only with a custom endpoint. smithy's own switch
// (DisableEndpointHostPrefix) works only from inside the stack, as each operation clears the caller's values.
func DisableHostPrefix(o *servicediscovery.Options) {
	o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("DisableHostPrefix",
			func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (
				middleware.InitializeOutput, middleware.Metadata, error) {
				return next.HandleInitialize(smithyhttp.DisableEndpointHostPrefix(ctx, true), in)
			}), middleware.Before)
	})
}
