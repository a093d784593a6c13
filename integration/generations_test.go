package integration

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"
	"github.com/neo4j/neo4j-go-driver/v5/neo4j/db"

	"neo4j-agent/integration/localcluster"
)

// generation is a Neo4j that can be had here, for its generation.
type generation struct {
	version       string // of Community, "" for 3.5 Enterprise
	names         int    // which column of names it uses
	addsArguments bool   // a variable adds to the JVM arguments of the file
}

// The columns.
const (
	names35 = iota
	names4
	names5
)

// generations are all that run here.
var generations = []generation{
	{"", names35, false},
	{localcluster.Community41, names4, false},
	{localcluster.Community44, names4, true},
	{localcluster.Community5, names5, true},
	{localcluster.CommunityCalendar, names5, true},
}

// played are all generations in a soak, and else those at the places given: they differ in what the test is about.
func played(places ...int) []generation {
	if soak {
		return generations
	}
	var some []generation
	for _, place := range places {
		some = append(some, generations[place])
	}
	return some
}

func (g generation) String() string {
	if g.version == "" {
		return "3.5"
	}
	return g.version
}

// parts installs the generation where it is missing.
func (g generation) parts(t *testing.T) *localcluster.Parts {
	t.Helper()
	p := installed(t)
	if g.version == "" {
		return p
	}
	p, err := p.Community(t.Context(), g.version, func(line string) { _, _ = fmt.Fprintln(os.Stdout, line) })
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// member makes a standalone member with a volume of its own, that ends with the test and shows its log when the test
// fails. A folder /logs or /data of this machine would count as mounted.
func (g generation) member(t *testing.T, env map[string]string) *localcluster.Member {
	t.Helper()
	c, err := localcluster.New(t.Context(), localcluster.Options{Agent: agent, Parts: g.parts(t), Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			c.Dump(os.Stdout)
		}
		if err := c.Close(); err != nil {
			t.Errorf("the server left something behind: %v", err)
		}
	})
	if env["NEO4J_DATA_ROOT"] == "" {
		env["NEO4J_DATA_ROOT"] = t.TempDir()
	}
	return c.Add(localcluster.MemberOptions{Role: localcluster.Standalone, Env: env})
}

// getReady starts the member and waits until it is ready.
func getReady(t *testing.T, m *localcluster.Member) {
	t.Helper()
	if err := m.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a ready member", formation, func() (bool, string) {
		s := statusOf(m)
		if !m.Running() {
			t.Fatal("the agent has ended")
		}
		return s.Phase == "ready", s.String()
	})
}

// leave stops the member as a platform does, and wants exit code 0.
func leave(t *testing.T, m *localcluster.Member) {
	t.Helper()
	if err := m.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := wait(t, m, time.Minute); code != 0 {
		t.Errorf("after SIGTERM the exit code is %d, want 0", code)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// rows runs one statement and returns its whole answer.
func rows(t *testing.T, d neo4j.DriverWithContext, text string) []*db.Record {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	session := d.NewSession(ctx, neo4j.SessionConfig{})
	defer func() { _ = session.Close(ctx) }()
	result, err := session.Run(ctx, text, nil)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	all, err := result.Collect(ctx)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return all
}

// refusesPassword tells whether the server refuses a password, and for no other reason than that it is wrong.
func refusesPassword(t *testing.T, m *localcluster.Member, password string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	d, err := neo4j.NewDriverWithContext(m.BoltURI(), neo4j.BasicAuth("neo4j", password, ""))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close(ctx) }()
	var refusal *neo4j.Neo4jError
	if err := d.VerifyConnectivity(ctx); !errors.As(err, &refusal) || refusal.Code != "Neo.ClientError.Security.Unauthorized" {
		t.Errorf("password %q: %v, want it refused", password, err)
	}
}
