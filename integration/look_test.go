package integration

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"neo4j-agent/integration/localcluster"
)

// status is what these tests read of /status.
type status struct {
	Phase     string
	Reason    string
	Role      string
	EverReady bool
	Writable  bool
	Members   []struct{ Address, Role string }
	Restarts  struct{ Done, Left int }
	Formation struct{ Leader string }
	Init      initStatus
	Secrets   *struct {
		Since  time.Time
		Reason string
	}
}

func (s status) String() string {
	return fmt.Sprintf("%s (%s) %s, %d members", s.Phase, s.Role, s.Reason, len(s.Members))
}

func statusOf(m *localcluster.Member) status {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	var s status
	_, body, err := m.Get(ctx, "/status")
	if err == nil {
		err = json.Unmarshal(body, &s)
	}
	if err != nil {
		return status{Phase: "silent", Reason: err.Error()}
	}
	return s
}

// healthz asks with the patience of the container's health check, which waits 5 s.
func healthz(m *localcluster.Member) int {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	code, _, err := m.Get(ctx, "/healthz")
	if err != nil {
		return 0
	}
	return code
}

// allReady tells whether every member is ready and exactly one core leads.
func allReady(members []*localcluster.Member) (bool, string) {
	var states []string
	leaders, ready := 0, 0
	for _, m := range members {
		s := statusOf(m)
		states = append(states, m.Name+": "+s.String())
		if s.Phase == "ready" {
			ready++
		}
		if s.Role == "LEADER" {
			leaders++
		}
	}
	return ready == len(members) && leaders == 1, strings.Join(states, "; ")
}

// formation bounds forming a cluster: 40 to 71 s were measured on two cores, and those may be busy.
const formation = 5 * time.Minute

func waitReady(t *testing.T, members []*localcluster.Member) {
	t.Helper()
	eventually(t, fmt.Sprintf("%d ready members with one leader", len(members)), formation, func() (bool, string) { return allReady(members) })
}

// withRole finds the member that has a role.
func withRole(t *testing.T, members []*localcluster.Member, role string) *localcluster.Member {
	t.Helper()
	for _, m := range members {
		if statusOf(m).Role == role {
			return m
		}
	}
	t.Fatalf("no member is %s", role)
	return nil
}

// session opens a driver on a member and closes it with the test.
func driver(t *testing.T, uri string) neo4j.DriverWithContext {
	t.Helper()
	d, err := neo4j.NewDriverWithContext(uri, neo4j.BasicAuth("neo4j", localcluster.Password, ""))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close(context.Background()) })
	return d
}

// query runs one statement and returns the first value of its first row. An empty answer gives nil.
func query(ctx context.Context, d neo4j.DriverWithContext, mode neo4j.AccessMode, text string) (any, string, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	session := d.NewSession(ctx, neo4j.SessionConfig{AccessMode: mode})
	defer func() { _ = session.Close(ctx) }()
	result, err := session.Run(ctx, text, nil)
	if err != nil {
		return nil, "", err
	}
	rows, err := result.Collect(ctx)
	if err != nil || len(rows) == 0 {
		return nil, "", err
	}
	summary, err := result.Consume(ctx)
	if err != nil {
		return nil, "", err
	}
	return rows[0].Values[0], summary.Server().Address(), nil
}

// answers tells with which code a path of the agent answers.
func answers(t *testing.T, m *localcluster.Member, path string, want int) {
	t.Helper()
	code, body, err := m.Get(t.Context(), path)
	if err != nil || code != want {
		t.Errorf("%s: GET %s gives %d %s (%v), want %d %s", m.Name, path, code, body, err, want, http.StatusText(want))
	}
}
