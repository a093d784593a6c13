package fakecloudmap

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// apiError is an answer of the service that is an error.
type apiError struct {
	code, message string
	status        int
	more          map[string]string
}

func fail(code, format string, a ...any) *apiError {
	return &apiError{code: code, message: fmt.Sprintf(format, a...), status: http.StatusBadRequest}
}

const target = "Route53AutoNaming_v20170314."

// ServeHTTP answers one call of the awsJson1_1 protocol.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	operation, ok := strings.CutPrefix(r.Header.Get("X-Amz-Target"), target)
	switch {
	case r.Method != http.MethodPost || r.URL.Path != "/" || !ok:
		write(w, nil, fail("UnknownOperationException", "not a call of Cloud Map: %s %s", r.Method, r.URL.Path))
		return
	case r.Header.Get("Content-Type") != "application/x-amz-json-1.1":
		write(w, nil, fail("SerializationException", "content type %q", r.Header.Get("Content-Type")))
		return
	case !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 "):
		write(w, nil, fail("MissingAuthenticationToken", "Request is missing Authentication Token"))
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return
	}
	if s.misbehave(w, r, operation) {
		return
	}
	answer, failure := s.answer(operation, body)
	write(w, answer, failure)
}

// misbehave does what Faults asks for and tells whether that was the answer.
func (s *Server) misbehave(w http.ResponseWriter, r *http.Request, operation string) bool {
	s.mu.Lock()
	s.calls[operation]++
	n, faults := s.calls[operation], s.Faults
	s.mu.Unlock()
	if faults == nil {
		return false
	}
	fault := faults(operation, n)
	if fault.Slow > 0 {
		timer := time.NewTimer(fault.Slow)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-r.Context().Done():
			panic(http.ErrAbortHandler)
		}
	}
	switch {
	case fault.Reset:
		panic(http.ErrAbortHandler)
	case fault.Code != "":
		failure := fail(fault.Code, "%s", messages(fault.Code, operation))
		if fault.Status != 0 {
			failure.status = fault.Status
		}
		write(w, nil, failure)
	case fault.Status != 0:
		http.Error(w, "<html>"+http.StatusText(fault.Status)+"</html>", fault.Status)
	default:
		return false
	}
	return true
}

// messages are worded like the service's.
func messages(code, operation string) string {
	switch code {
	case "AccessDeniedException":
		return "User: arn:aws:sts::123456789012:assumed-role/neo4j-core/task is not authorized to perform: servicediscovery:" +
			operation + " because no identity-based policy allows the action"
	case "RequestLimitExceeded", "ThrottlingException":
		return "Rate exceeded"
	}
	return code
}

// answer finds the operation, reads its input strictly and carries it out.
func (s *Server) answer(operation string, body []byte) (any, *apiError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.admit(operation) {
		return nil, fail("RequestLimitExceeded", "Rate exceeded")
	}
	s.settle()
	switch operation {
	case "ListInstances":
		return with(body, s.listInstances)
	case "DiscoverInstances":
		return with(body, s.discoverInstances)
	case "GetService":
		return with(body, s.getService)
	case "GetNamespace":
		return with(body, s.getNamespace)
	case "RegisterInstance":
		return with(body, s.registerInstance)
	case "DeregisterInstance":
		return with(body, s.deregisterInstance)
	case "GetOperation":
		return with(body, s.getOperation)
	}
	return nil, fail("UnknownOperationException", "%s is not played here", operation)
}

func with[In any](body []byte, do func(In) (any, *apiError)) (any, *apiError) {
	var in In
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&in); err != nil {
		return nil, fail("SerializationException", "%v", err)
	}
	return do(in)
}

func write(w http.ResponseWriter, answer any, failure *apiError) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	if failure != nil {
		fields := map[string]string{"__type": failure.code, "Message": failure.message}
		for name, value := range failure.more {
			fields[name] = value
		}
		answer = fields
		w.Header().Set("X-Amzn-Errortype", failure.code)
	}
	body, err := json.Marshal(answer)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(body))) // as the service does; no chunks
	if failure != nil {
		w.WriteHeader(failure.status)
	}
	_, _ = w.Write(body) // the client may have gone
}
