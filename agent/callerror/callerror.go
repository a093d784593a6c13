// Package callerror reads the errors of calls over the network, those of AWS's SDK above all.
package callerror

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// denied are the common errors that mean "not with these credentials":
// https://docs.aws.amazon.com/cloud-map/latest/api/CommonErrors.html, the same for each service.
var denied = []string{
	"AccessDenied", "AccessDeniedException", "NotAuthorized", "OptInRequired", "UnrecognizedClientException",
	"InvalidClientTokenId", "InvalidSignatureException", "SignatureDoesNotMatch", "IncompleteSignature",
	"MissingAuthenticationToken", "ExpiredToken", "ExpiredTokenException",
}

// Code is the service's name for what went wrong, "" where the service did not say.
func Code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// Status is the HTTP status of the service's answer, 0 where there was none.
func Status(err error) int {
	var answer *smithyhttp.ResponseError
	if errors.As(err, &answer) {
		return answer.HTTPStatusCode()
	}
	return 0
}

// Denied tells whether other credentials or permissions are needed.
func Denied(err error) bool { return slices.Contains(denied, Code(err)) }

// Reason is the cause without what differs from try to try (request ids, own ports), so that a log line about it is
// written once.
func Reason(err error) string {
	var api smithy.APIError
	var network *net.OpError
	var request *url.Error
	var answer *smithyhttp.ResponseError
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return "no answer in time"
	case errors.Is(err, context.Canceled):
		return "no answer before the end"
	case errors.As(err, &api):
		return api.ErrorCode() + ": " + api.ErrorMessage()
	case errors.As(err, &network):
		to := ""
		if network.Addr != nil {
			to = " " + network.Addr.String()
		}
		return fmt.Sprintf("%s%s: %s", network.Op, to, network.Err)
	case errors.As(err, &request):
		return request.Err.Error()
	case errors.As(err, &answer):
		return fmt.Sprintf("HTTP status %d %s", answer.HTTPStatusCode(), http.StatusText(answer.HTTPStatusCode()))
	}
	return err.Error()
}
