package logship

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"neo4j-agent/agent/callerror"
)

// Putter is satisfied by *cloudwatchlogs.Client. The permission logs:PutLogEvents is needed.
type Putter interface {
	PutLogEvents(context.Context, *cloudwatchlogs.PutLogEventsInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.PutLogEventsOutput, error)
}

// Creator is satisfied by *cloudwatchlogs.Client. The permissions logs:CreateLogStream and, where the group is missing or
// days are given, logs:CreateLogGroup and logs:PutRetentionPolicy are needed.
type Creator interface {
	CreateLogStream(context.Context, *cloudwatchlogs.CreateLogStreamInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.CreateLogStreamOutput, error)
	CreateLogGroup(context.Context, *cloudwatchlogs.CreateLogGroupInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.CreateLogGroupOutput, error)
	PutRetentionPolicy(context.Context, *cloudwatchlogs.PutRetentionPolicyInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.PutRetentionPolicyOutput, error)
}

// CloudWatch is a log group, which is created when it is missing, as are the streams.
type CloudWatch struct {
	Put           Putter
	Create        Creator
	Group         string
	RetentionDays int32 // one of the values that PutRetentionPolicy takes; 0 leaves the group as it is
}

// once leaves tries to this package: the SDK's know neither the end nor what to say when it comes.
func once(o *cloudwatchlogs.Options) { o.Retryer = aws.NopRetryer{} }

func (g *group) put(ctx context.Context, stream string, events []event) (rejection, error) {
	call := func() (*cloudwatchlogs.PutLogEventsOutput, error) {
		in := &cloudwatchlogs.PutLogEventsInput{LogGroupName: &g.Group, LogStreamName: &stream, LogEvents: []types.InputLogEvent{}}
		body := newBody(g.Group, stream, events)
		defer body.release()
		return g.Put.PutLogEvents(ctx, in, once, body.carry)
	}
	out, err := call()
	if callerror.Code(err) == "ResourceNotFoundException" {
		if err := g.create(ctx, stream); err != nil {
			return rejection{}, err
		}
		out, err = call()
	}
	if callerror.Code(err) == "DataAlreadyAcceptedException" { // not since 2023, says its page; others speak the protocol too
		return rejection{}, nil
	}
	if err != nil {
		return rejection{}, translate("send logs to "+g.Group+" "+stream, err)
	}
	g.there()
	return rejections(out.RejectedLogEventsInfo, len(events)), nil
}

// rejections reads the answer. The old ones are the first of a batch and may have expired besides; the ends are exclusive.
func rejections(info *types.RejectedLogEventsInfo, of int) (r rejection) {
	if info == nil {
		return r
	}
	r.tooOld = int(aws.ToInt32(info.TooOldLogEventEndIndex))
	r.expired = max(0, int(aws.ToInt32(info.ExpiredLogEventEndIndex))-r.tooOld)
	if info.TooNewLogEventStartIndex != nil {
		r.tooNew = max(0, of-int(*info.TooNewLogEventStartIndex))
	}
	return r
}

// create makes the stream, and the group when that is what is missing. Another member may make them at the same time.
func (g *group) create(ctx context.Context, stream string) error {
	makeStream := func() error {
		_, err := g.Create.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: &g.Group, LogStreamName: &stream}, once)
		return unlessThere(err)
	}
	err := makeStream()
	if callerror.Code(err) == "ResourceNotFoundException" {
		_, err = g.Create.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &g.Group}, once)
		if err = unlessThere(err); err != nil {
			return fmt.Errorf("cannot create log group %s: %s", g.Group, callerror.Reason(err))
		}
		g.isNew()
		err = makeStream()
	}
	if err != nil {
		return fmt.Errorf("cannot create log stream %s in %s: %s", stream, g.Group, callerror.Reason(err))
	}
	g.log.Info().Str("group", g.Group).Str("stream", stream).Msg("log stream created")
	return nil
}

func unlessThere(err error) error {
	if callerror.Code(err) == "ResourceAlreadyExistsException" {
		return nil
	}
	return err
}

// unfit are the errors of PutLogEvents that say that a batch is not as it should be.
var unfit = []string{"InvalidParameterException", "ValidationException", "SerializationException", "RequestEntityTooLargeException"}

func translate(doing string, err error) error {
	if slices.Contains(unfit, callerror.Code(err)) || callerror.Status(err) == http.StatusRequestEntityTooLarge {
		return fmt.Errorf("cannot %s: %w: %s", doing, errUnfit, callerror.Reason(err))
	}
	return fmt.Errorf("cannot %s: %s", doing, callerror.Reason(err))
}
