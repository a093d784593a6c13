package callerror

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"testing"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

func TestTheReasonIsTheSameAtEachTry(t *testing.T) {
	address := &net.TCPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 443}
	refused := &net.OpError{Op: "dial", Net: "tcp", Source: &net.TCPAddr{Port: 51234}, Addr: address, Err: errors.New("connection refused")}
	answered := &smithyhttp.ResponseError{Response: &smithyhttp.Response{Response: &http.Response{StatusCode: 503}}, Err: errors.New("request 4711")}
	for _, test := range []struct {
		err    error
		want   string
		denied bool
	}{
		{fmt.Errorf("request 4711: %w", context.DeadlineExceeded), "no answer in time", false},
		{fmt.Errorf("request 4711: %w", context.Canceled), "no answer before the end", false},
		{fmt.Errorf("request 4711: %w", &smithy.GenericAPIError{Code: "AccessDenied", Message: "no"}), "AccessDenied: no", true},
		{fmt.Errorf("request 4711: %w", &smithy.GenericAPIError{Code: "Throttling", Message: "slow down"}), "Throttling: slow down", false},
		{&url.Error{Op: "Post", URL: "https://x", Err: refused}, "dial 10.0.0.1:443: connection refused", false},
		{&url.Error{Op: "Post", URL: "https://x", Err: errors.New("EOF")}, "EOF", false},
		{fmt.Errorf("request 4711: %w", answered), "HTTP status 503 Service Unavailable", false},
		{errors.New("anything else"), "anything else", false},
	} {
		if got := Reason(test.err); got != test.want || Denied(test.err) != test.denied {
			t.Errorf("%v: %q, denied %v; want %q, %v", test.err, got, Denied(test.err), test.want, test.denied)
		}
	}
	if got := Status(answered); got != 503 || Status(refused) != 0 {
		t.Errorf("status %d, and %d without an answer", got, Status(refused))
	}
}
