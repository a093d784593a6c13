package integration

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"neo4j-agent/agent/logship/fakelogs"
	"neo4j-agent/integration/localcluster"
)

// story is one real cluster that lives through a chapter after the other.
type story struct {
	*localcluster.Cluster
	cores   []*localcluster.Member
	replica *localcluster.Member

	bucket    string // address of the S3 server
	backupDir string
	data      string // fingerprint of what was backed up last

	logs  *fakelogs.Server       // takes the query logs
	asked map[string][]statement // by the member that was asked
	kills map[string]int         // of serve
}

// TestOneCluster lets one real cluster live through what its users fear. The chapters share the cluster and build on
// each other: once one fails, the rest would only tell the same.
func TestOneCluster(t *testing.T) {
	t.Parallel() // it waits a lot
	bucket, _ := realS3(t)
	env := bucketEnv(bucket)
	env["NEO4J_causal__clustering_cluster__allow__reads__on__followers"] = "false" // a routed read is the replica's then
	logs := fakelogs.New()
	web := httptest.NewServer(logs)
	defer web.Close()
	maps.Copy(env, logEnv(web.URL))
	env["AGENT_INIT_DIR"] = initScripts(t)
	env["NEO4J_GUEST_AUTH"] = "guest/" + guestPassword
	s := &story{
		Cluster: newCluster(t, localcluster.Options{Cores: 3, Replicas: 1, Env: env}), bucket: bucket, backupDir: t.TempDir(),
		logs: logs, asked: map[string][]statement{}, kills: map[string]int{},
	}
	s.cores, s.replica = s.Members[:3], s.Members[3]
	for _, chapter := range []struct {
		name string
		tell func(*testing.T, *story)
	}{
		{"forms with one core 20 s late and a read replica", forms},
		{"runs the init scripts once, and all members have what they made", ranInit},
		{"has the guest of the settings on each member", hasGuest},
		{"writes on a core and reads on the replica through routing", routes},
		{"answers for each role", answersForRoles},
		{"status is a table", statusIsATable},
		{"keeps no secret in any environment or argument", keepsSecrets},
		{"elects another leader when the leader's JVM is killed, and takes the old one back as follower", losesLeader},
		{"does not notice that serve is killed", losesServe},
		{"fails a core that cannot join although the others have a leader", failsWhoCannotJoin},
		{"lets a core leave cleanly and come back", lettingACoreLeave},
		{"logs queries on each member while serve is killed", logsQueries},
		{"stops as a whole, when each query logged has arrived once, and starts again", stopsAndStarts},
		{"forms again when all addresses have changed", changesAddresses},
		{"is backed up by its read replica while it is written to", isBackedUp},
		{"begins anew from its newest backup as another cluster", beginsAnew},
	} {
		if !t.Run(chapter.name, func(t *testing.T) { chapter.tell(t, s) }) {
			return
		}
	}
}

func forms(t *testing.T, s *story) {
	order := rand.Perm(4)
	late := order[0]
	if s.Members[late] == s.replica {
		late = order[1]
	}
	t.Logf("order of start: %v, 20 s late: %d", order, late)
	for _, i := range order {
		if i == late {
			continue
		}
		if err := s.Members[i].Start(); err != nil {
			t.Fatal(err)
		}
	}
	<-time.After(20 * time.Second)
	if err := s.Members[late].Start(); err != nil {
		t.Fatal(err)
	}
	waitReady(t, s.Members)
	for _, m := range s.Members {
		if got := len(statusOf(m).Members); got != 4 {
			t.Errorf("%s sees %d members, want 4", m.Name, got)
		}
	}
}

func routes(t *testing.T, s *story) {
	d := driver(t, s.cores[0].RoutingURI())
	if _, _, err := query(t.Context(), d, neo4j.AccessModeWrite, "CREATE (n:Story {chapter: 2}) RETURN n.chapter"); err != nil {
		t.Fatal(err)
	}
	replica := strings.TrimPrefix(s.replica.BoltURI(), "bolt://")
	eventually(t, "the replica to serve a routed read of what was written", time.Minute, func() (bool, string) {
		count, server, err := query(t.Context(), d, neo4j.AccessModeRead, "MATCH (n:Story) RETURN count(n)")
		return err == nil && count == int64(1) && server == replica, fmt.Sprintf("count %v from %s (%v)", count, server, err)
	})
}

func answersForRoles(t *testing.T, s *story) {
	leader := withRole(t, s.cores, "LEADER")
	follower := withRole(t, s.cores, "FOLLOWER")
	for member, codes := range map[*localcluster.Member]map[string]int{
		leader:    {"/leader": 200, "/follower": 503, "/read-replica": 503, "/writable": 200, "/read-only": 200},
		follower:  {"/leader": 503, "/follower": 200, "/read-replica": 503, "/writable": 503, "/read-only": 200},
		s.replica: {"/leader": 503, "/follower": 503, "/read-replica": 200, "/writable": 503, "/read-only": 200},
	} {
		answers(t, member, "/healthz", 200)
		answers(t, member, "/readyz", 200)
		for path, code := range codes {
			answers(t, member, path, code)
		}
	}
}

// command runs the agent as a user would in the member's container.
func command(m *localcluster.Member, args ...string) *exec.Cmd {
	c := exec.Command(agent, args...)
	c.Env = m.Env()
	return c
}

func statusIsATable(t *testing.T, s *story) {
	text, err := command(s.cores[0], "status").CombinedOutput()
	if err != nil {
		t.Fatalf("neo4j-agent status: %v\n%s", err, text)
	}
	for _, want := range []string{"LEADER", "FOLLOWER", "READ_REPLICA", s.replica.Endpoint.Host, "ready"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the table lacks %s:\n%s", want, text)
		}
	}
	if text, err := command(s.cores[0], "healthcheck").CombinedOutput(); err != nil {
		t.Errorf("neo4j-agent healthcheck: %v\n%s", err, text)
	}
}

func keepsSecrets(t *testing.T, s *story) {
	for _, m := range s.Members {
		for name, find := range map[string]func() (int, error){
			"start": func() (int, error) { return m.PID(), nil }, "serve": m.Serve, "neo4j": m.Database,
		} {
			pid, err := find()
			if err != nil {
				t.Error(err)
				continue
			}
			for _, file := range []string{"environ", "cmdline"} {
				text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, file))
				if os.IsPermission(err) && name != "neo4j" { // nobody but root may look, which is the point
					continue
				}
				if err != nil || len(text) == 0 {
					t.Errorf("%s of %s: cannot read its %s: %v", name, m.Name, file, err)
				}
				if strings.Contains(string(text), localcluster.Password) {
					t.Errorf("%s of %s has the password in its %s", name, m.Name, file)
				}
			}
		}
		if strings.Contains(m.LogText(), localcluster.Password) {
			t.Errorf("the log of %s has the password", m.Name)
		}
	}
}

func losesLeader(t *testing.T, s *story) {
	old := withRole(t, s.cores, "LEADER")
	if _, err := old.KillDatabase(); err != nil {
		t.Fatal(err)
	}
	others := make([]*localcluster.Member, 0, 2)
	for _, m := range s.cores {
		if m != old {
			others = append(others, m)
		}
	}
	eventually(t, "another leader", 2*time.Minute, func() (bool, string) {
		leaders := 0
		for _, m := range s.Members {
			if code := healthz(m); code != 200 {
				t.Fatalf("/healthz of %s answers %d while a leader is elected", m.Name, code)
			}
			if code, _, err := m.Get(t.Context(), "/leader"); err == nil && code == 200 {
				leaders++
			}
		}
		if leaders > 1 {
			t.Fatalf("%d members say that they lead", leaders)
		}
		return allReady(others)
	})
	eventually(t, "the old leader back as follower", formation, func() (bool, string) {
		now := statusOf(old)
		if code := healthz(old); code != 200 {
			t.Fatalf("/healthz of %s answers %d while it is restarted in place", old.Name, code)
		}
		return now.Phase == "ready" && now.Role == "FOLLOWER", now.String()
	})
	if got := statusOf(old).Restarts.Done; got != 1 {
		t.Errorf("%s counts %d restarts, want 1", old.Name, got)
	}
}

func losesServe(t *testing.T, s *story) {
	m := s.cores[0]
	for range times(3, 100) {
		database, err := m.Database()
		if err != nil {
			t.Fatal(err)
		}
		s.killServe(t, m)
		eventually(t, "serve to answer again", 2*time.Second, func() (bool, string) {
			code := healthz(m)
			return code == 200, fmt.Sprintf("/healthz answers %d", code)
		})
		if after, err := m.Database(); err != nil || after != database {
			t.Fatalf("the database was process %d and is %d (%v)", database, after, err)
		}
	}
	waitReady(t, s.Members)
}

// failsWhoCannotJoin adds a core whose own discovery is told to look where nobody is.
func failsWhoCannotJoin(t *testing.T, s *story) {
	stray := s.Add(localcluster.MemberOptions{Env: map[string]string{
		"AGENT_JOIN_TIMEOUT": "30s", "AGENT_RESTARTS": "0/10m", "AGENT_STOP_TIMEOUT": "20s",
		"NEO4J_causal__clustering_discovery__type":             "DNS",
		"NEO4J_causal__clustering_initial__discovery__members": "127.0.254.9:5000",
	}})
	defer func() { s.Members = s.Members[:len(s.Members)-1] }()
	if err := stray.Start(); err != nil {
		t.Fatal(err)
	}
	defer stray.Kill()
	eventually(t, "the core to fail and say that the others are led", formation, func() (bool, string) {
		now := statusOf(stray)
		return now.Phase == "failed" && strings.Contains(now.Reason, "nothing has moved for 30s"), now.String()
	})
	if code := healthz(stray); code != 503 {
		t.Errorf("/healthz answers %d while failed, want 503", code)
	}
	if code := wait(t, stray, 2*time.Minute); code == 0 {
		t.Error("it left with exit code 0, so that nobody would replace it")
	}
	waitReady(t, s.Members[:len(s.Members)-1])
}

func lettingACoreLeave(t *testing.T, s *story) {
	m := withRole(t, s.cores, "FOLLOWER")
	if err := m.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := wait(t, m, 90*time.Second); code != 0 {
		t.Errorf("%s left with exit code %d, want Neo4j's 0", m.Name, code)
	}
	// What 3.5 logs when its database has shut down in good order.
	eventually(t, "its log to say that it left", 5*time.Second, func() (bool, string) {
		return strings.Contains(m.LogText(), "Stopped."), lastLine(m.LogText())
	})
	if err := m.Start(); err != nil {
		t.Fatal(err)
	}
	waitReady(t, s.Members)
}

func stopsAndStarts(t *testing.T, s *story) {
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	haveArrived(t, s)
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	waitReady(t, s.Members)
	hasTheStory(t, s)
}

func changesAddresses(t *testing.T, s *story) {
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	before := s.cores[0].Endpoint
	if err := s.ChangeAddresses(); err != nil {
		t.Fatal(err)
	}
	if s.cores[0].Endpoint == before {
		t.Fatalf("the address is still %v", before)
	}
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	waitReady(t, s.Members)
	hasTheStory(t, s)
}

func hasTheStory(t *testing.T, s *story) {
	t.Helper()
	d := driver(t, s.cores[1].RoutingURI())
	count, _, err := query(t.Context(), d, neo4j.AccessModeWrite, "MATCH (n:Story) RETURN count(n)")
	if err != nil || count != int64(1) {
		t.Errorf("the cluster has %v nodes of the story (%v), want 1", count, err)
	}
}

// wait gives the exit code of a member that was told to leave.
func wait(t *testing.T, m *localcluster.Member, deadline time.Duration) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	code, err := m.Wait(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}
