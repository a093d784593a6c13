package logship

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"neo4j-agent/agent/logship/fakelogs"
)

const groupName, streamName = "/neo4j/cores", "core-1/query"

// times is few in ordinary tests and full where SOAK is set.
func times(few, full int) int {
	if os.Getenv("SOAK") != "" {
		return full
	}
	return few
}

// client is a real SDK client of a fake service at url.
func client(url string) *cloudwatchlogs.Client {
	return cloudwatchlogs.New(cloudwatchlogs.Options{Region: "eu-central-1", BaseEndpoint: &url,
		Credentials: credentials.NewStaticCredentialsProvider("AKID", "secret", "")})
}

// world is a directory of logs, a checkpoint directory and a service: what outlives a shipper.
type world struct {
	t       *testing.T
	logs    string
	service *fakelogs.Server
	options Options
	url     string
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, logs: filepath.Join(t.TempDir(), "logs"), service: fakelogs.New()}
	server := httptest.NewServer(w.service)
	t.Cleanup(server.Close)
	t.Cleanup(func() {
		if broken := w.service.Broken(); broken != nil {
			t.Errorf("limits were broken: %q", broken)
		}
	})
	api := client(server.URL)
	w.url = server.URL
	w.options = Options{Logs: []Log{{Name: "query", Path: filepath.Join(w.logs, "query.log"), Stream: streamName}},
		Checkpoints: filepath.Join(t.TempDir(), ".neo4j-agent", "logs"), Member: "core-1", Log: zerolog.New(zerolog.NewTestWriter(t)),
		CloudWatch: &CloudWatch{Put: api, Create: api, Group: groupName}}
	return w
}

// run runs a shipper until the returned function has ended it: cleanly, or as if it crashed.
func (w *world) run() (*Shipper, func(clean bool)) {
	w.t.Helper()
	s := New(w.options)
	ctx, kill := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { s.Run(ctx); close(done) }()
	<-s.started
	return s, func(clean bool) {
		w.t.Helper()
		defer kill()
		if clean {
			bound, cancel := context.WithTimeout(ctx, 20*time.Second)
			defer cancel()
			if err := s.Finish(bound); err != nil {
				w.t.Error(err)
			}
		} else {
			kill()
		}
		<-done
	}
}

// write appends text to a log.
func (w *world) write(name, text string) {
	w.t.Helper()
	if err := os.MkdirAll(w.logs, 0o755); err != nil {
		w.t.Fatal(err)
	}
	file, err := os.OpenFile(filepath.Join(w.logs, name), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err == nil {
		_, err = file.WriteString(text)
		_ = file.Close()
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// rotate shifts query.log to the next number as 3.5 and 4.x do it, and with another format as log4j2 does.
func rotate(t testing.TB, path, format string, keep int) {
	t.Helper()
	name := func(n int) string { return path + fmt.Sprintf(format, n) }
	last := 1
	for ; last < keep; last++ {
		if _, err := os.Stat(name(last)); err != nil {
			break
		}
	}
	for n := last - 1; n >= 1; n-- {
		_ = os.Rename(name(n), name(n+1))
	}
	if err := os.Rename(path, name(1)); err != nil {
		t.Fatal(err)
	}
}

// messages are what the query log's stream accepted, in order of arrival.
func (w *world) messages() []string {
	var all []string
	for _, e := range w.service.Events(groupName, streamName) {
		all = append(all, e.Message)
	}
	return all
}

// arrives waits until the stream holds what is wanted, and says what it holds instead.
func (w *world) arrives(want ...string) {
	w.t.Helper()
	until(w.t, func() bool { return len(w.messages()) >= len(want) })
	if diff := cmp.Diff(want, w.messages()); diff != "" {
		w.t.Fatal(diff)
	}
}

// until waits for a condition with a deadline.
func until(t testing.TB, holds func() bool) {
	t.Helper()
	within(t, 30*time.Second, holds)
}

func within(t testing.TB, bound time.Duration, holds func() bool) {
	t.Helper()
	deadline := time.After(bound)
	for !holds() {
		select {
		case <-deadline:
			t.Fatal("it did not come to pass")
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// begun is the time of entry 0: recent, as the service takes nothing old.
var begun = time.Now().UTC().Add(-time.Hour).Truncate(time.Second)

// queryEntry is a record of 3.5's query log, told apart by n.
func queryEntry(n int) string {
	return begun.Add(time.Duration(n)*time.Millisecond).Format("2006-01-02 15:04:05.000-0700") +
		fmt.Sprintf(" INFO  %d ms: bolt-session\tbolt\tneo4j\tneo4j-go/5\t\tclient/10.0.0.9:50000\tserver/10.0.0.1:7687>\tneo4j - MATCH (n {id: %d}) RETURN n - {} - {}", n%5000, n)
}

// entryOf is the number of an entry in a message that has all of it.
func entryOf(message string) (n int, ok bool) {
	at := strings.Index(message, "MATCH")
	_, err := fmt.Sscanf(message[max(at, 0):], "MATCH (n {id: %d})", &n)
	return n, err == nil && timeLength([]byte(strings.TrimPrefix(message, `{"time":"`))) > 0
}

func entries(from, to int) []string {
	var all []string
	for n := from; n < to; n++ {
		all = append(all, queryEntry(n))
	}
	return all
}

func lines(all []string) string { return strings.Join(all, "\n") + "\n" }

func concat(parts ...[]string) []string { return slices.Concat(parts...) }
