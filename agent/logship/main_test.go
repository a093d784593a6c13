package logship

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"runtime/metrics"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"neo4j-agent/agent/logship/fakelogs"
)

// TestMain lets this test binary be a program that ships logs, or the service that takes them, for tests that watch it or
// measure it.
func TestMain(m *testing.M) {
	switch {
	case os.Getenv("LOGSHIP_AS") == "shipper":
		os.Exit(shipperMain())
	case os.Getenv("LOGSHIP_AS") == "service":
		os.Exit(serviceMain())
	}
	linger, quiet, lookEvery, pollEvery = linger/5, quiet/4, lookEvery/4, pollEvery/4
	os.Exit(m.Run())
}

// program is what the shipper program is told.
type program struct {
	URL, Path, Checkpoints string
	Shape                  Shape
	Memory                 bool // tell how much it was in the end

	said io.Writer // takes its log; os.Stderr if nil
}

// mostMemory is the most that the Go runtime of this process has had from the system, watched until the returned function
// is called. It is the resident memory without the program itself, and without what the race detector needs besides.
func mostMemory() (stop func() uint64) {
	held, most := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}, uint64(0)
	look := func() {
		metrics.Read(held)
		most = max(most, held[0].Value.Uint64()-held[1].Value.Uint64())
	}
	ended, seen := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(seen)
		for again := time.NewTicker(5 * time.Millisecond); ; {
			look()
			select {
			case <-again.C:
			case <-ended:
				return
			}
		}
	}()
	return func() uint64 { close(ended); <-seen; return most }
}

// memoryFormat is the last line of the shipper program.
const memoryFormat = "%d bytes of memory\n"

// shipperMain ships until it is killed, or until SIGTERM and then to the end.
func shipperMain() int {
	var p program
	if err := json.Unmarshal([]byte(os.Getenv("LOGSHIP_PROGRAM")), &p); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	debug.SetGCPercent(50) // as serve does
	debug.SetMemoryLimit(16 << 20)
	api := client(p.URL)
	s := New(Options{Logs: []Log{{Name: "query", Path: p.Path, Stream: streamName}}, Shape: p.Shape, Checkpoints: p.Checkpoints,
		CloudWatch: &CloudWatch{Put: api, Create: api, Group: groupName}, Log: zerolog.New(os.Stderr)})
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGTERM)
	_, _ = os.Stdout.WriteString(listening)
	finished := make(chan error, 1)
	go func() {
		<-ended
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Minute)
		defer cancel()
		finished <- s.Finish(ctx)
	}()
	memory := func() uint64 { return 0 }
	if p.Memory {
		memory = mostMemory()
	}
	s.Run(context.Background())
	if p.Memory {
		fmt.Fprintf(os.Stderr, memoryFormat, memory())
	}
	if err := <-finished; err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// serviceMain is the strict fake at an address of its own, which it prints; it ends with its stdin.
func serviceMain() int {
	service := fakelogs.New()
	service.Accepted = func(string, string, []fakelogs.Event) {}
	return serve(service)
}
