package integration

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"neo4j-agent/agent/peers/fakecloudmap"
)

// phase is one boot step seen from outside: what goes in, and how the container must end or what it must say.
type phase struct {
	name   string
	env    []string
	core   *fakecloudmap.Server // set: the member is a core that looks for the others there
	does   string               // what the fake database does
	old    string               // what debug.log holds from before
	code   int
	says   []string // in the agent's output
	starts int      // of the database
}

func TestAStartThatEndsByItself(t *testing.T) {
	t.Parallel()
	denied := cloudMap(3)
	denied.Faults = func(string, int) fakecloudmap.Fault { return fakecloudmap.Fault{Code: "AccessDeniedException"} }
	for _, p := range []phase{
		{
			name: "all mistakes of the environment are told at once, before any child",
			env:  []string{"AGENT_STOP_TIMEOUT", "banana", "NEO4J_ADMIN_PASSWORD", "neo4j", "AGENT_RESTARTS", "often"},
			code: 78, says: []string{"3 mistakes", "AGENT_STOP_TIMEOUT", "NEO4J_ADMIN_PASSWORD", "AGENT_RESTARTS"},
		},
		{
			name: "a home without Neo4j is a configuration error",
			env:  []string{"NEO4J_HOME", "/nowhere"}, code: 78, says: []string{"cannot find Neo4j"},
		},
		{
			name: "Enterprise without an accepted licence is refused",
			env:  []string{"NEO4J_ACCEPT_LICENSE_AGREEMENT", "no"}, code: 78, says: []string{"NEO4J_ACCEPT_LICENSE_AGREEMENT=yes"},
		},
		{
			name: "a secret file that cannot be read is a configuration error",
			env:  []string{"NEO4J_ADMIN_PASSWORD_FILE", "/nowhere/password"}, code: 78, says: []string{"/nowhere/password"},
		},
		{
			name: "too few members end with 75 and one sentence that says which were found",
			env:  []string{"AGENT_DISCOVERY_TIMEOUT", "3s"}, core: cloudMap(1),
			code: 75, says: []string{"2 of 3 found", "10.0.0.1"},
		},
		{
			name: "an empty answer is not a cluster of one",
			env:  []string{"AGENT_DISCOVERY_TIMEOUT", "3s"}, core: cloudMap(0),
			code: 75, says: []string{"1 of 3 found", "127.0.0.1"},
		},
		{
			name: "a wrong service id ends with 78 at once",
			env:  []string{"CLOUDMAP_SERVICE_ID", "srv-wrongwrongwrong"}, core: cloudMap(3),
			code: 78, says: []string{"srv-wrongwrongwrong"},
		},
		{
			name: "a missing permission is told as such at the deadline",
			env:  []string{"AGENT_DISCOVERY_TIMEOUT", "3s"}, core: denied,
			code: 77, says: []string{"AccessDenied"},
		},
		{
			name: "a database that ends by itself is restarted within the bound, then its code is the container's",
			env:  []string{"AGENT_RESTARTS", "1/10m"}, does: "mkdir -p $NEO4J_DATA_ROOT/logs; echo the last words >> $NEO4J_DATA_ROOT/logs/debug.log; exit 6",
			code: 6, starts: 2, says: []string{"the last words", "exit code 6"},
		},
		{
			name: "a database that ends well by itself is a failure",
			env:  []string{"AGENT_RESTARTS", "0/10m"}, does: "exit 0", code: 1, starts: 1,
		},
		{
			name: "a database that dies of a signal gives 128 and the signal",
			env:  []string{"AGENT_RESTARTS", "0/10m"}, does: "kill -9 $$", code: 137, starts: 1,
		},
		{
			name: "a configuration that Neo4j refuses is not tried again",
			does: "exit 1", code: 1, starts: 1, says: []string{"refuses its configuration"},
		},
		{
			name: "a known hopeless line in the log is not tried again",
			does: "mkdir -p $NEO4J_DATA_ROOT/logs; echo \"Unknown store version 'vX'\" >> $NEO4J_DATA_ROOT/logs/debug.log; exit 1",
			code: 1, starts: 1, says: []string{"store is of a version"},
		},
		{
			name: "a hopeless line of an earlier life is no reason not to restart",
			env:  []string{"AGENT_RESTARTS", "1/10m"}, old: "2026-11-01 Unknown store version 'vX'\n", does: "kill -9 $$",
			code: 137, starts: 2, says: []string{"no restart is left"},
		},
	} {
		t.Run(p.name, func(t *testing.T) {
			b := newBox(t, p.does)
			if p.old != "" {
				b.write("volume/logs/debug.log", p.old, 0o644)
			}
			if p.core != nil {
				b.core(p.core)
			}
			b.with(p.env...)
			b.start()
			if code := b.exit(30 * time.Second); code != p.code {
				t.Errorf("exit code %d, want %d; output:\n%s", code, p.code, b.output)
			}
			for _, text := range p.says {
				if !strings.Contains(b.output.String(), text) {
					t.Errorf("the output lacks %q:\n%s", text, b.output)
				}
			}
			if got := b.starts(); got != p.starts {
				t.Errorf("the database was started %d times, want %d", got, p.starts)
			}
			if strings.Contains(b.output.String(), boxPassword) {
				t.Errorf("the output has the password:\n%s", b.output)
			}
		})
	}
}

func TestAMemberStartsDrainsAndPassesOnTheCode(t *testing.T) {
	t.Parallel()
	b := newBox(t, "trap 'exit 5' TERM\nwhile :; do sleep 0.1; done\n")
	b.start()
	b.started(1)
	if got := b.read("home/argv"); got != "console\n" {
		t.Errorf("the database was called with %q, want console", got)
	}
	for _, secret := range []string{boxPassword} {
		if strings.Contains(b.read("home/env"), secret) {
			t.Errorf("the database has a secret in its environment")
		}
	}
	if got := b.read("volume/data/dbms/auth.ini"); !strings.HasPrefix(got, "neo4j:SHA-256,") {
		t.Errorf("the initial password was not there before the start: auth.ini is %q", got)
	}
	conf := b.read("home/conf/neo4j.conf")
	for _, line := range []string{"dbms.tx_log.rotation.retention_policy=100M size", "dbms.directories.data=" + b.dir + "/volume/data"} {
		if !strings.Contains(conf, line+"\n") {
			t.Errorf("neo4j.conf lacks %s:\n%s", line, conf)
		}
	}
	b.eventually("an answer", 5*time.Second, func() bool { code, _ := b.get("/healthz"); return code == 200 })
	if code, _ := b.get("/readyz"); code != 503 {
		t.Errorf("/readyz answers %d though nobody speaks Bolt, want 503", code)
	}
	b.signal(syscall.SIGTERM)
	if code := b.exit(20 * time.Second); code != 5 {
		t.Errorf("exit code %d, want the database's 5; output:\n%s", code, b.output)
	}
	if left := b.pids(); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestAnUnchangedConfigurationIsNotWrittenAgain(t *testing.T) {
	t.Parallel()
	b := newBox(t, obedient)
	var before os.FileInfo
	for n := 1; n <= 2; n++ {
		b.start()
		b.started(n)
		info, err := os.Stat(filepath.Join(b.home, "conf/neo4j.conf"))
		if err != nil {
			t.Fatal(err)
		}
		if before != nil && !os.SameFile(before, info) {
			t.Error("neo4j.conf was written again though nothing changed")
		}
		before = info
		b.signal(syscall.SIGTERM)
		b.exit(20 * time.Second)
	}
}

// TestAKilledPrepareIsRunAgain kills prepare less often in a row than PID 1 takes for a fault that stays.
func TestAKilledPrepareIsRunAgain(t *testing.T) {
	t.Parallel()
	for range times(1, 10) {
		killPrepare(t, times(2, 4))
	}
}

func killPrepare(t *testing.T, kills int) {
	t.Helper()
	service := cloudMap(1)
	b := newBox(t, obedient).core(service)
	defer b.kill()
	b.start()
	for range kills {
		var pid int
		b.eventually("prepare to wait", 20*time.Second, func() bool {
			_, body := b.get("/status")
			pid = b.stage("prepare")
			return pid != 0 && strings.Contains(body, "2 of 3")
		})
		_ = syscall.Kill(pid, syscall.SIGKILL)
		b.eventually("another prepare", 20*time.Second, func() bool { again := b.stage("prepare"); return again != 0 && again != pid })
	}
	service.Add(boxService, "i-002", "10.0.0.2", fakecloudmap.Healthy)
	b.started(1)
	if conf := b.read("home/conf/neo4j.conf"); !strings.Contains(conf, "initial_discovery_members=10.0.0.1:5000,10.0.0.2:5000,127.0.0.1:5000\n") {
		t.Errorf("the members are not in neo4j.conf:\n%s", conf)
	}
}

func TestAMemberOfAFormedClusterDoesNotWaitForAll(t *testing.T) {
	t.Parallel()
	b := newBox(t, obedient).core(cloudMap(1)).with("AGENT_DISCOVERY_TIMEOUT", "2s")
	b.write("volume/.neo4j-agent/formed.json", `{"at":"2026-11-20T00:00:00Z","cluster":"neo4j"}`, 0o644)
	b.start()
	b.started(1)
}

func TestAReadReplicaNeedsTwoCores(t *testing.T) {
	t.Parallel()
	b := newBox(t, obedient).core(cloudMap(2)).with("NEO4J_dbms_mode", "READ_REPLICA")
	b.start()
	b.started(1)
	conf := b.read("home/conf/neo4j.conf")
	if !strings.Contains(conf, "initial_discovery_members=10.0.0.1:5000,10.0.0.2:5000\n") || !strings.Contains(conf, "dbms.mode=READ_REPLICA\n") {
		t.Errorf("neo4j.conf is not that of a read replica of two cores:\n%s", conf)
	}
}

func TestUpgradeModeSkipsDiscovery(t *testing.T) {
	t.Parallel()
	b := newBox(t, obedient).core(cloudMap(0)).with("UPGRADE_MODE", "true", "NEO4J_dbms_mode", "CORE")
	b.start()
	b.started(1)
	if conf := b.read("home/conf/neo4j.conf"); !strings.Contains(conf, "dbms.mode=SINGLE\n") {
		t.Errorf("neo4j.conf is not that of a server alone:\n%s", conf)
	}
}

func TestAKilledStartLeavesTheDatabaseBehindAndTheNextStartRefuses(t *testing.T) {
	t.Parallel()
	b := newBox(t, "trap '' TERM\nwhile :; do sleep 0.1; done\n")
	b.start()
	b.started(1)
	b.signal(syscall.SIGKILL)
	b.exit(10 * time.Second)
	b.eventually("serve to leave", 10*time.Second, func() bool { return b.stage("serve") == 0 })
	b.start()
	if code := b.exit(20 * time.Second); code != 75 {
		t.Errorf("exit code %d, want 75; output:\n%s", code, b.output)
	}
	if pid := strings.TrimSpace(b.read("home/pid")); !strings.Contains(b.output.String(), pid) {
		t.Errorf("the error does not name process %s:\n%s", pid, b.output)
	}
	if b.starts() != 1 {
		t.Errorf("a second database was started on the same volume")
	}
}

func TestRegistrationTouchesOneInstanceOnly(t *testing.T) {
	t.Parallel()
	service := cloudMap(2)
	b := newBox(t, obedient).core(service).with("AGENT_REGISTER_DISCOVERY", "true", "AGENT_MEMBER_ID", "me")
	b.start()
	b.started(1)
	if got := service.Instances(boxService); len(got) != 3 || got["me"] == nil {
		t.Errorf("the service holds %v, want me beside the two", got)
	}
	b.signal(syscall.SIGTERM)
	b.exit(20 * time.Second)
	if got := service.Instances(boxService); len(got) != 2 || got["me"] != nil {
		t.Errorf("after leaving the service holds %v, want only the two others", got)
	}
}

func TestAMemberThatNeverStartsLeavesNoRecordBehind(t *testing.T) {
	t.Parallel()
	service := cloudMap(1)
	b := newBox(t, obedient).core(service).with("AGENT_REGISTER_DISCOVERY", "true", "AGENT_MEMBER_ID", "me", "AGENT_DISCOVERY_TIMEOUT", "2s")
	b.start()
	if code := b.exit(20 * time.Second); code != 75 {
		t.Errorf("exit code %d, want 75; output:\n%s", code, b.output)
	}
	if got := service.Instances(boxService); len(got) != 1 {
		t.Errorf("after leaving the service holds %v, want only the other", got)
	}
}

func TestADryRunChangesNothing(t *testing.T) {
	t.Parallel()
	b := newBox(t, obedient).core(cloudMap(2))
	dry := exec.Command(agent, "prepare", "--dry-run")
	dry.Env = b.environ()
	text, err := dry.CombinedOutput()
	if err != nil {
		t.Fatalf("prepare --dry-run: %v\n%s", err, text)
	}
	for _, want := range []string{"would create " + b.dir + "/volume", "would set the initial password", "would write " + b.home + "/conf/neo4j.conf"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("it does not say %q:\n%s", want, text)
		}
	}
	if _, err := os.Stat(b.dir + "/volume"); err == nil {
		t.Error("it made the volume")
	}
	if strings.Contains(string(text), boxPassword) {
		t.Error("it shows the password")
	}
}

func TestRenderAndPeersTellWithoutStarting(t *testing.T) {
	t.Parallel()
	b := newBox(t, obedient).core(cloudMap(2))
	for command, want := range map[string]string{
		"render":        "causal_clustering.initial_discovery_members=10.0.0.1:5000,10.0.0.2:5000,127.0.0.1:5000\n",
		"render --diff": "+dbms.mode=CORE",
		"peers":         "10.0.0.2\thealthy\n",
		"peers --json":  `"address": "10.0.0.1"`,
	} {
		run := exec.Command(agent, strings.Fields(command)...)
		run.Env = b.environ()
		text, err := run.CombinedOutput()
		if err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%s lacks %q (%v):\n%s", command, want, err, text)
		}
	}
	strict := exec.Command(agent, "render")
	strict.Env = append(b.environ(), "AGENT_DISCOVRY=static")
	text, err := strict.CombinedOutput()
	if err == nil || strict.ProcessState.ExitCode() != 78 || !strings.Contains(string(text), "AGENT_DISCOVERY") {
		t.Errorf("render takes an unknown AGENT_ name (%v):\n%s", err, text)
	}
}

// TestWhatAnEarlierContainerSaidDoesNotCount: the run directory may be on a volume, or full.
func TestWhatAnEarlierContainerSaidDoesNotCount(t *testing.T) {
	t.Parallel()
	b := newBox(t, obedient)
	const container = "2026-11-20T00:00:00Z"
	b.write("run/supervisor.json", `{"startedAt":"`+container+`","phase":"running"}`, 0o644)
	b.write("run/serve.json", `{"container":"`+container+`","everReady":true,"phase":"ready","since":"`+container+`"}`, 0o644)
	b.write("run/prepare.json", `{"done":true,"role":"standalone"}`, 0o644)
	b.start()
	b.started(1)
	b.eventually("an answer", 5*time.Second, func() bool { code, _ := b.get("/healthz"); return code == 200 })
	check := exec.Command(agent, "healthcheck")
	check.Env = b.environ()
	if text, err := check.CombinedOutput(); err == nil {
		t.Errorf("healthcheck calls a member ready that never was: %s", text)
	}
}
