// Package integration looks at the agent from outside: environment and signals in; processes, files, answers and exit
// codes out. Databases are real Neo4j servers, except where a test is about the agent's own steps alone: there a script
// called fake-neo4j takes the place of the database.
package integration

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"neo4j-agent/integration/localcluster"
)

// agent is the binary under test, built by TestMain.
var agent string

// soak tells whether full counts are asked for.
var soak = os.Getenv("SOAK") != ""

// times is few in make test and full in make soak.
func times(few, full int) int {
	if soak {
		return full
	}
	return few
}

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "neo4j-agent-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	agent = filepath.Join(dir, "neo4j-agent")
	build := exec.Command("go", "build", "-o", agent, "../agent")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "cannot build the agent: %v\n%s", err, text)
		return 1
	}
	if err := os.Chmod(dir, 0o755); err != nil { // a test runs the agent as another user
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// parts are the real servers, installed once for all tests.
var parts = sync.OnceValues(func() (*localcluster.Parts, error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return localcluster.Install(ctx, "../.build/parts", func(line string) { _, _ = fmt.Fprintln(os.Stdout, line) })
})

func installed(t *testing.T) *localcluster.Parts {
	t.Helper()
	p, err := parts()
	if err != nil {
		t.Fatalf("cannot install the real servers: %v", err)
	}
	return p
}

// newCluster makes a cluster that ends with the test, leaves nothing behind, and shows its members' logs when the test
// fails.
func newCluster(t *testing.T, options localcluster.Options) *localcluster.Cluster {
	t.Helper()
	options.Agent, options.Parts = agent, installed(t)
	if options.Dir == "" {
		options.Dir = t.TempDir()
	}
	c, err := localcluster.New(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			c.Dump(os.Stdout)
		}
		if err := c.Close(); err != nil {
			t.Errorf("the cluster left something behind: %v", err)
		}
	})
	return c
}

// eventually waits for a condition and fails the test at the deadline, with what was awaited and the last state.
func eventually(t *testing.T, what string, deadline time.Duration, condition func() (bool, string)) {
	t.Helper()
	if err := localcluster.WaitFor(t.Context(), what, deadline, condition); err != nil {
		t.Fatal(err)
	}
}
