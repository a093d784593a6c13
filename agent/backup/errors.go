package backup

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/smithy-go"

	"neo4j-agent/agent/callerror"
)

// ErrInconsistent says that Neo4j's own check found faults in what was taken (exit 65). Tool.Check wraps it.
var ErrInconsistent = errors.New("the consistency check found faults")

// ErrUnproven says that what was uploaded, restored and started, is not what was backed up (exit 65). Prove wraps it.
var ErrUnproven = errors.New("it did not come back as it was taken")

// ErrLeaseLost says that another run took over because this one did not get through to S3 for too long (exit 75).
var ErrLeaseLost = errors.New("the lease of this run was lost to another one")

// BusyError says that another run is active (exit 75).
type BusyError struct {
	Where string        // the lock that it holds
	Wait  time.Duration // how long was waited for it
}

func (e *BusyError) Error() string {
	return fmt.Sprintf("cannot back up: another run is active, it holds %s (waited %s)", e.Where, e.Wait)
}

// SourceError says that no member gave a backup (exit 69).
type SourceError struct{ err error }

func (e *SourceError) Error() string { return fmt.Sprintf("cannot find a source: %v", e.err) }
func (e *SourceError) Unwrap() error { return e.err }

// noBucket tells that there is no such bucket, which is a 404 too.
func noBucket(err error) bool {
	return callerror.Code(err) == "NoSuchBucket"
}

// isTaken tells that a conditional write came too late: somebody else's was first (412), is under way (409), or took
// the object away (404). https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
func isTaken(err error) bool {
	if noBucket(err) {
		return false
	}
	switch callerror.Status(err) {
	case http.StatusPreconditionFailed, http.StatusConflict, http.StatusNotFound:
		return true
	}
	return false
}

// s3Error says what could not be done, and why without the request ids.
type s3Error struct {
	doing string
	err   error
}

func (e *s3Error) Unwrap() error { return e.err }

func (e *s3Error) Error() string {
	var api smithy.APIError
	switch {
	case errors.Is(e.err, context.DeadlineExceeded):
		return "cannot " + e.doing + ": no answer in time"
	case errors.As(e.err, &api):
		return fmt.Sprintf("cannot %s: %s: %s", e.doing, api.ErrorCode(), api.ErrorMessage())
	}
	return fmt.Sprintf("cannot %s: %v", e.doing, e.err)
}
