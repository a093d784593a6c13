package fakelogs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// apiError is an answer of the service that is an error.
type apiError struct {
	code, message string
	status        int
}

func fail(code, format string, a ...any) *apiError {
	return &apiError{code: code, message: fmt.Sprintf(format, a...), status: http.StatusBadRequest}
}

const (
	target = "Logs_20140328."
	// bodyBytes is more than a batch in JSON can be long, each byte escaped.
	bodyBytes = 6*batchBytes + batchEvents*64 + 4096
)

// ServeHTTP answers one call of the awsJson1_1 protocol.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	operation, ok := strings.CutPrefix(r.Header.Get("X-Amz-Target"), target)
	switch {
	case r.Method != http.MethodPost || r.URL.Path != "/" || !ok:
		write(w, nil, fail("UnknownOperationException", "not a call of CloudWatch Logs: %s %s", r.Method, r.URL.Path))
		return
	case r.Header.Get("Content-Type") != "application/x-amz-json-1.1":
		write(w, nil, fail("SerializationException", "content type %q", r.Header.Get("Content-Type")))
		return
	case !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 "):
		write(w, nil, fail("MissingAuthenticationTokenException", "Missing Authentication Token"))
		return
	}
	body := bytes.NewBuffer(make([]byte, 0, max(0, min(r.ContentLength, bodyBytes))+bytes.MinRead))
	if _, err := body.ReadFrom(http.MaxBytesReader(w, r.Body, bodyBytes)); err != nil {
		return
	}
	fault := s.fault(operation)
	if fault.Slow > 0 && !wait(r, fault.Slow) {
		return
	}
	var answer any
	var failure *apiError
	if fault.Taken || !fault.Reset && fault.Code == "" && fault.Status == 0 {
		answer, failure = s.answer(operation, body.Bytes())
	}
	switch {
	case fault.Reset, fault.Taken && fault.Code == "" && fault.Status == 0:
		panic(http.ErrAbortHandler)
	case fault.Code != "":
		failure = fail(fault.Code, "%s", messages(fault.Code, operation))
		if fault.Status != 0 {
			failure.status = fault.Status
		}
	case fault.Status != 0:
		http.Error(w, "<html>"+http.StatusText(fault.Status)+"</html>", fault.Status)
		return
	}
	write(w, answer, failure)
}

func (s *Server) fault(operation string) Fault {
	s.mu.Lock()
	s.calls[operation]++
	n, faults := s.calls[operation], s.Faults
	s.mu.Unlock()
	if faults == nil {
		return Fault{}
	}
	return faults(operation, n)
}

// wait tells whether the client was still there.
func wait(r *http.Request, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

// messages are worded like the service's.
func messages(code, operation string) string {
	switch code {
	case "AccessDeniedException":
		return "User: arn:aws:sts::123456789012:assumed-role/neo4j-core/task is not authorized to perform: logs:" +
			operation + " because no identity-based policy allows the action"
	case "ThrottlingException":
		return "Rate exceeded"
	}
	return code
}

// answer finds the operation, reads its input strictly and carries it out.
func (s *Server) answer(operation string, body []byte) (any, *apiError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.admit(operation) {
		return nil, fail("ThrottlingException", "Rate exceeded")
	}
	switch operation {
	case "PutLogEvents":
		return with(body, s.putLogEvents)
	case "CreateLogStream":
		return with(body, s.createLogStream)
	case "CreateLogGroup":
		return with(body, s.createLogGroup)
	case "PutRetentionPolicy":
		return with(body, s.putRetentionPolicy)
	}
	return nil, fail("UnknownOperationException", "%s is not played here", operation)
}

func with[In any](body []byte, do func(In) (any, *apiError)) (any, *apiError) {
	var in In
	if !utf8.Valid(body) { // the decoder would mend it
		return nil, fail("SerializationException", "no UTF-8")
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&in); err != nil {
		return nil, fail("SerializationException", "%v", err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, fail("SerializationException", "more than one value")
	}
	return do(in)
}

func write(w http.ResponseWriter, answer any, failure *apiError) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	if failure != nil {
		answer = map[string]string{"__type": failure.code, "message": failure.message}
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
