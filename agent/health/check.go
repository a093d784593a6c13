package health

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// checkTimeout bounds a question to the agent, which answers from memory.
const checkTimeout = 5 * time.Second

// Check is the command `healthcheck`: it asks the agent that listens on addr, a value of AGENT_HTTP_ADDR. It holds
// while /healthz is 200 and, unless alive is set, the member has been ready in this container's life. The line says
// why, for people.
func Check(ctx context.Context, addr string, alive bool) (ok bool, line string) {
	code, body, err := get(ctx, addr, "/healthz")
	if err != nil {
		return false, err.Error()
	}
	var answer Answer
	if err := json.Unmarshal(body, &answer); err != nil {
		return false, fmt.Sprintf("cannot understand the answer of %s: %v", addr, err)
	}
	line = string(answer.Phase)
	if !answer.Since.IsZero() {
		line += " since " + answer.Since.UTC().Format(time.RFC3339)
	}
	line = join(": ", line, answer.Reason)
	switch {
	case code != 200:
		return false, line
	case !alive && !answer.EverReady:
		return false, "not ready yet: " + line
	}
	return true, line
}

// Ask fetches /status from the agent that listens on addr, as it came and decoded.
func Ask(ctx context.Context, addr string) (Status, []byte, error) {
	var s Status
	code, body, err := get(ctx, addr, "/status")
	switch {
	case err != nil:
		return s, nil, err
	case code != 200:
		return s, nil, fmt.Errorf("cannot get the status from %s: it answers %d", addr, code)
	}
	if err := json.Unmarshal(body, &s); err != nil {
		return s, nil, fmt.Errorf("cannot understand the status from %s: %v", addr, err)
	}
	return s, body, nil
}

// get is HTTP/1.0 by hand, which is a fifth of the CPU of net/http's client for one question.
func get(ctx context.Context, addr, path string) (code int, body []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	addr, err = reachable(addr)
	if err != nil {
		return 0, nil, err
	}
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", addr)
	if err != nil {
		return 0, nil, fmt.Errorf("cannot reach the agent at %s: %v", addr, cause(err))
	}
	defer func() { _ = conn.Close() }()
	if deadline, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(deadline)
	}
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.0\r\nHost: %s\r\n\r\n", path, addr); err != nil {
		return 0, nil, fmt.Errorf("cannot ask the agent at %s: %v", addr, cause(err))
	}
	answer, err := io.ReadAll(io.LimitReader(conn, biggestAnswer))
	if err != nil {
		return 0, nil, fmt.Errorf("cannot get an answer from the agent at %s: %v", addr, cause(err))
	}
	head, body, found := bytes.Cut(answer, []byte("\r\n\r\n"))
	if _, err := fmt.Fscanf(bytes.NewReader(head), "HTTP/1.%d %d", new(int), &code); err != nil || !found {
		return 0, nil, fmt.Errorf("cannot understand the answer of %s: it is not HTTP", addr)
	}
	return code, body, nil
}

// reachable turns an address to listen on into one to dial.
func reachable(addr string) (string, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "", fmt.Errorf("cannot use the address %q: %v", addr, err)
	}
	switch host {
	case "", "0.0.0.0":
		host = "127.0.0.1"
	case "::":
		host = "::1"
	}
	return net.JoinHostPort(host, port), nil
}

// cause drops what the net package repeats.
func cause(err error) error {
	var op *net.OpError
	if errors.As(err, &op) && !strings.Contains(op.Err.Error(), "lookup") {
		return op.Err
	}
	return err
}
