package integration

import (
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"neo4j-agent/integration/localcluster"
)

// lonely makes a core whose two other members never come.
func lonely(t *testing.T, env map[string]string) *localcluster.Member {
	t.Helper()
	settings := map[string]string{
		"AGENT_DISCOVERY": "static", "AGENT_PEERS": "127.0.254.2,127.0.254.3", "NEO4J_dbms_mode": "CORE",
		"AGENT_STOP_TIMEOUT": "20s", "AGENT_RESTARTS": "0/10m",
	}
	for name, value := range env {
		settings[name] = value
	}
	return alone(t, settings)
}

func begin(t *testing.T, m *localcluster.Member) {
	t.Helper()
	if err := m.Start(); err != nil {
		t.Fatal(err)
	}
}

func expectSaid(t *testing.T, m *localcluster.Member, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(m.LogText(), text) {
			t.Errorf("the log of %s lacks %q", m.Name, text)
		}
	}
}

// TestADiscoveryPortThatNeverOpensIsNamed: the address is on no interface, Hazelcast says so on standard error only, and
// the server waits for its binding time-out.
func TestADiscoveryPortThatNeverOpensIsNamed(t *testing.T) {
	t.Parallel() // it waits a lot
	m := lonely(t, map[string]string{"AGENT_ADVERTISED_ADDRESS": "127.0.254.1", "AGENT_BIND_TIMEOUT": "20s"})
	begin(t, m)
	eventually(t, "the member to fail and name its discovery port", 3*time.Minute, func() (bool, string) {
		s := statusOf(m)
		return s.Phase == "failed" && strings.Contains(s.Reason, "127.0.254.1:5000"), s.String()
	})
	if code := healthz(m); code != 503 {
		t.Errorf("/healthz answers %d while failed, want 503", code)
	}
	if code := wait(t, m, 2*time.Minute); code == 0 {
		t.Error("it left with exit code 0, so that nobody would replace it")
	}
}

// TestTermWhileNeo4jWaitsForMembersEndsWithinTheBounds: Neo4j 3.5 does not answer SIGTERM then at all.
func TestTermWhileNeo4jWaitsForMembersEndsWithinTheBounds(t *testing.T) {
	m := lonely(t, nil)
	begin(t, m)
	eventually(t, "Neo4j to wait for members", formation, func() (bool, string) {
		return strings.Contains(m.LogText(), "Waiting for a total of 3 core members"), statusOf(m).String()
	})
	eventually(t, "a joining member, healthy since a restart cannot help a minority", 30*time.Second, func() (bool, string) {
		s := statusOf(m)
		return s.Phase == "joining" && healthz(m) == 200, s.String()
	})
	if err := m.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := wait(t, m, 20*time.Second); code != 137 {
		t.Errorf("exit code %d, want 137: Neo4j had to be killed", code)
	}
}

func TestACrashLoopEndsWithTheCodeAndTheLastWords(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	m := alone(t, map[string]string{"AGENT_RESTARTS": "1/10m", "NEO4J_dbms_connector_bolt_listen__address": taken.Addr().String()})
	begin(t, m)
	if code := wait(t, m, formation); code != 1 {
		t.Errorf("exit code %d, want Neo4j's 1", code)
	}
	expectSaid(t, m, "lastLines", "restarting it in 1s", "no restart is left (1 in 10m0s)", "already in use")
	if got := strings.Count(m.LogText(), "======== Neo4j"); got != 2 {
		t.Errorf("Neo4j was started %d times, want 2", got)
	}
}

func TestASettingThatNeo4jRefusesIsNotTriedAgain(t *testing.T) {
	m := alone(t, map[string]string{"NEO4J_dbms_memory_pagecache_size": "banana"})
	begin(t, m)
	if code := wait(t, m, formation); code != 1 {
		t.Errorf("exit code %d, want Neo4j's 1", code)
	}
	expectSaid(t, m, "refuses its configuration", "banana")
	if strings.Contains(m.LogText(), "restarting it") {
		t.Error("it was tried again")
	}
}
