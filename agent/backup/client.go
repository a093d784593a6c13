package backup

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

const (
	// tries of one request. With the back-off they outlast two minutes of S3 being away or slowing us down; a backup
	// that took an hour must not be lost for less.
	tries     = 12
	mostPause = 20 * time.Second // the SDK's own default
	callLimit = 30 * time.Second // one try, with what its body needs at slowRate
	// completeLimit is for the end of a large upload, which S3 may take minutes for
	// (https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html).
	completeLimit = 10 * time.Minute
	slowRate      = 128 << 10   // bytes per second; what is slower has stalled
	smallLimit    = time.Minute // for reading a manifest or a lease, with all tries
)

// conflict is that another write of the same key is under way, mostly our own try whose answer did not come.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
var conflict = retry.RetryableHTTPStatusCode{Codes: map[int]struct{}{http.StatusConflict: {}}}

// patient makes a client that survives throttling, resets, short outages, and connections on which nothing moves.
func patient(api *s3.Client) *s3.Client {
	options := api.Options()
	options.ExpressCredentials = nil // made anew: a client ties it to itself
	return s3.New(options, func(o *s3.Options) {
		o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenSupported
		o.RetryMaxAttempts = tries
		o.Retryer = retry.NewStandard(func(so *retry.StandardOptions) {
			so.MaxAttempts, so.MaxBackoff = tries, mostPause
			so.RateLimiter = ratelimit.None // tries are the bound
			so.Retryables = append(so.Retryables, conflict)
		})
		o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
			return stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("LimitTry", limitTry), "Retry", middleware.After)
		})
	})
}

// stalledError is retried; a deadline of the context is not, for the SDK.
type stalledError struct{ limit time.Duration }

func (e *stalledError) Error() string        { return fmt.Sprintf("no answer within %s", e.limit) }
func (e *stalledError) RetryableError() bool { return true }

// limitTry bounds each try of a request, but not the reading of an answer's body.
func limitTry(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (
	middleware.FinalizeOutput, middleware.Metadata, error) {
	request, ok := in.Request.(*smithyhttp.Request)
	if !ok || awsmiddleware.GetOperationName(ctx) == "GetObject" {
		return next.HandleFinalize(ctx, in)
	}
	limit := callLimit
	if awsmiddleware.GetOperationName(ctx) == "CompleteMultipartUpload" {
		limit = completeLimit
	}
	limit += time.Duration(max(0, request.ContentLength)/slowRate) * time.Second
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	out, metadata, err := next.HandleFinalize(limited, in)
	if err != nil && errors.Is(limited.Err(), context.DeadlineExceeded) && ctx.Err() == nil {
		err = &stalledError{limit}
	}
	return out, metadata, err
}

// bucket is one bucket of S3.
type bucket struct {
	api  *s3.Client
	name string
}

func (b bucket) url(key string) string { return "s3://" + b.name + "/" + key }
