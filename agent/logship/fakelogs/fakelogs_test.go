package fakelogs_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/smithy-go"

	"neo4j-agent/agent/logship/fakelogs"
)

func start(t *testing.T) (*fakelogs.Server, *cloudwatchlogs.Client) {
	server := fakelogs.New()
	local := httptest.NewServer(server)
	t.Cleanup(local.Close)
	return server, cloudwatchlogs.New(cloudwatchlogs.Options{Region: "eu-central-1", BaseEndpoint: &local.URL, Retryer: aws.NopRetryer{},
		Credentials: credentials.NewStaticCredentialsProvider("AKID", "secret", "")})
}

func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return fmt.Sprint(err)
}

// many are n events of size bytes, step milliseconds apart from at on.
func many(n, size int, at time.Time, step int64) []types.InputLogEvent {
	message := strings.Repeat("x", size)
	all := make([]types.InputLogEvent, n)
	for i := range all {
		all[i] = types.InputLogEvent{Message: &message, Timestamp: aws.Int64(at.UnixMilli() + int64(i)*step)}
	}
	return all
}

func TestLimitsAreEnforced(t *testing.T) {
	server, api := start(t)
	ctx, now := context.Background(), time.Now()
	server.AddGroup("g", 0)
	makeStream := func(group, name string) error {
		_, err := api.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: &group, LogStreamName: &name})
		return err
	}
	makeGroup := func(name string) error {
		_, err := api.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &name})
		return err
	}
	retain := func(group string, days int32) error {
		_, err := api.PutRetentionPolicy(ctx, &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: &group, RetentionInDays: &days})
		return err
	}
	put := func(group, stream string, events []types.InputLogEvent) error {
		_, err := api.PutLogEvents(ctx, &cloudwatchlogs.PutLogEventsInput{LogGroupName: &group, LogStreamName: &stream, LogEvents: events})
		return err
	}
	const bad = "InvalidParameterException"
	for _, c := range []struct {
		name string
		err  error
		want string
	}{
		{"a stream", makeStream("g", "s"), "<nil>"},
		{"the same stream", makeStream("g", "s"), "ResourceAlreadyExistsException"},
		{"a stream of no group", makeStream("h", "s"), "ResourceNotFoundException"},
		{"a stream's colon", makeStream("g", "a:b"), bad},
		{"the same group", makeGroup("g"), "ResourceAlreadyExistsException"},
		{"a group's blank", makeGroup("a b"), bad},
		{"a group of AWS", makeGroup("aws/x"), bad},
		{"30 days", retain("g", 30), "<nil>"},
		{"31 days", retain("g", 31), bad},
		{"days of no group", retain("h", 30), "ResourceNotFoundException"},
		{"10,000 events", put("g", "s", many(10_000, 78, now, 0)), "<nil>"},
		{"10,001 events", put("g", "s", many(10_001, 1, now, 0)), bad},
		{"no events", put("g", "s", many(0, 1, now, 0)), bad},
		{"a full batch", put("g", "s", many(1, 1_048_550, now, 0)), "<nil>"},
		{"a byte more", put("g", "s", many(1, 1_048_551, now, 0)), bad},
		{"an empty message", put("g", "s", many(1, 0, now, 0)), bad},
		{"24 hours", put("g", "s", many(2, 1, now.Add(-48*time.Hour), 24*3600_000)), "<nil>"},
		{"a millisecond more", put("g", "s", many(2, 1, now.Add(-48*time.Hour), 24*3600_000+1)), bad},
		{"the wrong order", put("g", "s", many(2, 1, now, -1)), bad},
		{"a stream that is not", put("g", "t", many(1, 1, now, 0)), "ResourceNotFoundException"},
		{"a group that is not", put("h", "s", many(1, 1, now, 0)), "ResourceNotFoundException"},
	} {
		if got := code(c.err); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	if n := len(server.Broken()); n != 6 {
		t.Errorf("%d broken limits: %q", n, server.Broken())
	}
	if n := len(server.Events("g", "s")); n != 10_003 {
		t.Errorf("%d events", n)
	}
}

func TestEventsOutOfTimeAreRejectedAndTheOthersTaken(t *testing.T) {
	server, api := start(t)
	server.AddGroup("g", 3)
	if _, err := api.CreateLogStream(t.Context(), &cloudwatchlogs.CreateLogStreamInput{LogGroupName: aws.String("g"), LogStreamName: aws.String("s")}); err != nil {
		t.Fatal(err)
	}
	var events []types.InputLogEvent
	for _, hours := range []int{-15 * 24, -5 * 24, -4 * 24, -1, 0, 3} {
		events = append(events, many(1, 1, time.Now().Add(time.Duration(hours)*time.Hour), 0)...)
	}
	out, err := api.PutLogEvents(t.Context(), &cloudwatchlogs.PutLogEventsInput{LogGroupName: aws.String("g"), LogStreamName: aws.String("s"), LogEvents: events})
	if err != nil {
		t.Fatal(err)
	}
	info := out.RejectedLogEventsInfo
	if got := [3]int32{*info.TooOldLogEventEndIndex, *info.ExpiredLogEventEndIndex, *info.TooNewLogEventStartIndex}; got != [3]int32{1, 3, 5} {
		t.Errorf("rejected %v", got)
	}
	if n := len(server.Events("g", "s")); n != 2 {
		t.Errorf("%d were taken", n)
	}
}

func TestFaultsHappenBeforeOrAfterTheCallIsCarriedOut(t *testing.T) {
	server, api := start(t)
	server.Faults = func(_ string, n int) fakelogs.Fault {
		return []fakelogs.Fault{{Reset: true}, {Taken: true}, {Code: "ThrottlingException"}, {Status: 503}, {}}[min(n-1, 4)]
	}
	make := func(name string) string {
		_, err := api.CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &name})
		return code(err)
	}
	for i, c := range []struct {
		taken bool
		says  string
	}{{false, "EOF"}, {true, "EOF"}, {false, "ThrottlingException"}, {false, "503"}, {true, "<nil>"}} {
		name := fmt.Sprint("g", i)
		if got := make(name); !strings.Contains(got, c.says) {
			t.Errorf("call %d: %s, want %s", i, got, c.says)
		}
		if _, ok := server.Retention(name); ok != c.taken {
			t.Errorf("call %d was carried out: %t", i, ok)
		}
	}
}
