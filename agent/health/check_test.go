package health

import (
	"context"
	"net"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"
)

// serve serves a status and returns the address.
func serve(t *testing.T, s Status) string {
	t.Helper()
	server := httptest.NewServer(holding(s))
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

func TestTheHealthCheckWaitsForTheFirstReadinessAndFollowsHealthzFromThenOn(t *testing.T) {
	seen := func(phase Phase, ever bool) Status { s := as(phase, RoleUnknown); s.EverReady = ever; return s }
	for _, test := range []struct {
		status    Status
		ok, alive bool
		line      string
	}{
		{seen(Preparing, false), false, true, "not ready yet: preparing since 2026-11-23T12:00:00Z: because"},
		{seen(Joining, false), false, true, "not ready yet: joining"},
		{seen(Ready, true), true, true, "ready since 2026-11-23T12:00:00Z"},
		{seen(Joining, true), true, true, "joining since"},
		{seen(Starting, true), true, true, "starting since"},
		{seen(Draining, true), true, true, "draining since"},
		{seen(Failed, true), false, false, "failed since"},
		{seen(Failed, false), false, false, "failed since"},
	} {
		addr := serve(t, test.status)
		if ok, line := Check(t.Context(), addr, false); ok != test.ok || !strings.HasPrefix(line, test.line) {
			t.Errorf("in %s, ever ready %v: %v %q, want %v %q", test.status.Phase, test.status.EverReady, ok, line, test.ok, test.line)
		}
		if ok, line := Check(t.Context(), addr, true); ok != test.alive {
			t.Errorf("--alive in %s: %v %q, want %v", test.status.Phase, ok, line, test.alive)
		}
	}
}

// answering is a server that says text to whoever comes.
func answering(t *testing.T, text string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 1024))
			_, _ = conn.Write([]byte(text))
			_ = conn.Close()
		}
	}()
	return listener.Addr().String()
}

func TestTheHealthCheckSaysWhyItCannotTell(t *testing.T) {
	for want, addr := range map[string]string{
		"connection refused":           "127.0.0.1:1",
		"cannot use the address":       "7470",
		"it is not HTTP":               answering(t, "SSH-2.0-OpenSSH"),
		"cannot understand the answer": answering(t, "HTTP/1.1 200 OK\r\n\r\n<html>"),
	} {
		if ok, line := Check(t.Context(), addr, true); ok || !strings.Contains(line, want) {
			t.Errorf("at %q: %v %q, want %q", addr, ok, line, want)
		}
	}
}

func TestTheHealthCheckEndsWithItsContext(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if ok, line := Check(ctx, listener.Addr().String(), true); ok || !strings.Contains(line, "timeout") {
		t.Errorf("%v %q", ok, line)
	}
}

func TestAnAddressToListenOnIsOneToAsk(t *testing.T) {
	for addr, want := range map[string]string{
		"0.0.0.0:7470": "127.0.0.1:7470", ":7470": "127.0.0.1:7470", "[::]:7470": "[::1]:7470",
		"10.0.0.1:80": "10.0.0.1:80", "localhost:80": "localhost:80",
	} {
		if got, err := reachable(addr); got != want || err != nil {
			t.Errorf("%s is asked at %s (%v), want %s", addr, got, err, want)
		}
	}
}

func TestTheStatusIsFetchedWhole(t *testing.T) {
	want := Assess(Status{}, facts35(Core), formed("a"), bounds, noon)
	got, body, err := Ask(t.Context(), serve(t, want))
	if err != nil || got.Phase != Ready || len(got.Members) != 3 || !got.Members[0].Own || !strings.Contains(string(body), `"everReady":true`) {
		t.Errorf("fetched %+v, %s, %v", got, body, err)
	}
	if _, _, err := Ask(t.Context(), answering(t, "HTTP/1.0 404 Not Found\r\n\r\n{}")); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("of a server without a status: %v", err)
	}
}

// The whole command is to cost less than a 280th of a cypher-shell call, which takes 1.4 s of CPU: 5 ms.
func BenchmarkCheck(b *testing.B) {
	server := httptest.NewServer(holding(as(Ready, RoleLeader)))
	defer server.Close()
	before := cpu()
	for b.Loop() {
		Check(context.Background(), server.Listener.Addr().String(), true)
	}
	b.ReportMetric(float64((cpu()-before).Microseconds())/float64(b.N), "cpu-µs/op")
}

func cpu() time.Duration {
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
