package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// asRoot runs the agent with an /etc/passwd and /etc/group that know user neo4j (7474), as in the official image, and
// with whatever else setup does. The mount namespace is private, so this machine's own files stay.
func (b *box) asRoot(setup string) []string {
	b.t.Helper()
	b.write("passwd", "root:x:0:0::/root:/bin/sh\nneo4j:x:7474:7474::/:/bin/sh\n", 0o644)
	b.write("group", "root:x:0:\nneo4j:x:7474:\n", 0o644)
	script := fmt.Sprintf("mount --bind %s/passwd /etc/passwd && mount --bind %s/group /etc/group && %s exec \"$@\"", b.dir, b.dir, setup)
	return []string{"unshare", "--mount", "sh", "-c", script, "sh"}
}

// root tells whether this test may use what only root may. Without root the agent's part in these stories is to stay who
// it is, and that is what is looked at then.
func root() bool { return os.Getuid() == 0 }

// readable lets user 7474 reach a folder of a test.
func readable(t *testing.T, dir string) {
	t.Helper()
	for ; dir != os.TempDir() && dir != "/"; dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRootBecomesNeo4jAndTheWholeAgentWithIt(t *testing.T) {
	t.Parallel()
	b := newBox(t, obedient)
	readable(t, b.dir)
	b.write("password", boxPassword+"\n", 0o600) // only root, or whoever runs the test, can read it
	delete(b.env, "NEO4J_ADMIN_PASSWORD")
	b.with("NEO4J_ADMIN_PASSWORD_FILE", filepath.Join(b.dir, "password"))
	want := os.Getuid()
	if root() {
		want = 7474
		if err := os.Chmod(b.home, 0o777); err != nil { // the fake database records itself here
			t.Fatal(err)
		}
		b.start(b.asRoot("")...)
	} else {
		b.start()
	}
	b.started(1)
	pids := b.pids()
	if len(pids) < 3 {
		t.Fatalf("found %v, want start, serve and the database", pids)
	}
	for _, pid := range pids {
		info, err := os.Stat(fmt.Sprintf("/proc/%d", pid))
		if err != nil {
			continue
		}
		cmdline, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if got := int(info.Sys().(*syscall.Stat_t).Uid); got != want && len(cmdline) > 0 {
			t.Errorf("process %d (%q) belongs to user %d, want %d", pid, cmdline, got, want)
		}
		environ, _ := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
		if strings.Contains(string(environ), boxPassword) {
			t.Errorf("process %d (%q) has the password in its environment", pid, cmdline)
		}
	}
	err := filepath.Walk(filepath.Join(b.dir, "volume"), func(path string, info os.FileInfo, err error) error {
		if err == nil && int(info.Sys().(*syscall.Stat_t).Uid) != want {
			t.Errorf("%s belongs to user %d, want %d", path, info.Sys().(*syscall.Stat_t).Uid, want)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if !strings.HasPrefix(b.read("volume/data/dbms/auth.ini"), "neo4j:SHA-256,") {
		t.Error("the password of a file that only root can read did not arrive")
	}
}

func TestOwnersAreMendedOnlyWhereTheyAreWrong(t *testing.T) {
	t.Parallel()
	b := newBox(t, obedient)
	readable(t, b.dir)
	b.write("volume/data/databases/old", "data", 0o640)
	outside := filepath.Join(b.dir, "outside")
	b.write("outside", "not ours", 0o600)
	if err := os.Symlink(outside, filepath.Join(b.dir, "volume/data/link")); err != nil {
		t.Fatal(err)
	}
	if !root() {
		b.start()
		b.started(1)
		return
	}
	if err := os.Chmod(b.home, 0o777); err != nil {
		t.Fatal(err)
	}
	b.start(b.asRoot("")...)
	b.started(1)
	for name, want := range map[string]uint32{"volume/data/databases/old": 7474, "outside": 0} {
		info, err := os.Lstat(filepath.Join(b.dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Sys().(*syscall.Stat_t).Uid; got != want {
			t.Errorf("%s belongs to user %d, want %d", name, got, want)
		}
	}
}

func TestAFullRunDirectoryDoesNotStopTheDatabase(t *testing.T) {
	t.Parallel()
	b := newBox(t, obedient)
	if root() {
		if err := os.MkdirAll(filepath.Join(b.dir, "run"), 0o755); err != nil {
			t.Fatal(err)
		}
		b.with("AGENT_RESTARTS", "3/10m")
		b.start("unshare", "--mount", "sh", "-c",
			fmt.Sprintf("mount -t tmpfs -o size=4k tmpfs %s/run && head -c 8192 /dev/zero > %s/run/full; exec \"$@\"", b.dir, b.dir), "sh")
	} else {
		b.with("AGENT_RUN_DIR", "/dev/full") // no directory at all
		b.start()
	}
	b.started(1)
	b.eventually("serve to know what prepare found out", 5*time.Second, func() bool { _, body := b.get("/status"); return strings.Contains(body, `"4.4.48"`) })
	b.signal(syscall.SIGTERM)
	if code := b.exit(20 * time.Second); code != 0 {
		t.Errorf("exit code %d, want 0; output:\n%s", code, b.output)
	}
}

func TestAConfigurationFolderThatCannotBeWrittenIsCopied(t *testing.T) {
	t.Parallel()
	b := newBox(t, obedient)
	b.write("home/conf/other.xml", "beside", 0o644)
	if root() {
		b.start("unshare", "--mount", "sh", "-c", fmt.Sprintf("mount --bind -o ro %s/conf %s/conf && mount -o remount,ro,bind %s/conf && exec \"$@\"", b.home, b.home, b.home), "sh")
	} else {
		if err := os.Chmod(filepath.Join(b.home, "conf"), 0o555); err != nil {
			t.Fatal(err)
		}
		b.start()
	}
	b.started(1)
	if !strings.Contains(b.read("home/env"), "NEO4J_CONF="+b.dir+"/run/conf\n") {
		t.Errorf("Neo4j was not told where its configuration is:\n%s", b.read("home/env"))
	}
	if !strings.Contains(b.read("run/conf/neo4j.conf"), "dbms.tx_log.rotation.retention_policy=100M size\n") || b.read("run/conf/other.xml") != "beside" {
		t.Error("the copy is not whole")
	}
}

func TestTheDefaultRunDirectoryIsMadeByRoot(t *testing.T) {
	t.Parallel()
	b := newBox(t, obedient)
	readable(t, b.dir)
	delete(b.env, "AGENT_RUN_DIR")
	if !root() { // then it is on the volume, since /run is root's
		b.start()
		b.started(1)
		b.eventually("a state file", 5*time.Second, func() bool { return b.read("volume/.neo4j-agent/run/supervisor.json") != "" })
		return
	}
	if err := os.Chmod(b.home, 0o777); err != nil {
		t.Fatal(err)
	}
	b.start(b.asRoot("mount -t tmpfs tmpfs /run &&")...)
	b.started(1)
	b.eventually("serve to know what prepare found out", 5*time.Second, func() bool { _, body := b.get("/status"); return strings.Contains(body, `"4.4.48"`) })
	if _, err := os.Stat(filepath.Join(b.dir, "volume/.neo4j-agent/run")); err == nil {
		t.Error("state went to the volume though root could make /run/neo4j-agent")
	}
}

func TestSecureFilePermissionsLeaveWhatWasThere(t *testing.T) {
	t.Parallel()
	b := newBox(t, obedient).with("SECURE_FILE_PERMISSIONS", "yes")
	readable(t, b.dir)
	b.write("volume/data/databases/old", "data", 0o640)
	if !root() {
		b.start()
		b.started(1)
		return
	}
	for _, open := range []string{b.home, b.home + "/conf", b.dir + "/volume", b.dir + "/volume/data", b.dir + "/volume/data/databases"} {
		if err := os.Chmod(open, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	b.start(b.asRoot("")...)
	b.started(1)
	for name, want := range map[string]uint32{"volume/data/databases/old": 0, "volume/.neo4j-agent": 7474} {
		info, err := os.Stat(filepath.Join(b.dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Sys().(*syscall.Stat_t).Uid; got != want {
			t.Errorf("%s belongs to user %d, want %d", name, got, want)
		}
	}
}

// TestTheDatabaseCannotReadTheAgentsSecrets: code inside Neo4j runs as the same user and must not find them in /proc.
func TestTheDatabaseCannotReadTheAgentsSecrets(t *testing.T) {
	t.Parallel()
	// It looks at its parent and at its siblings. The pattern does not match its own text, which the shell has open.
	b := newBox(t, `for p in $PPID $(awk -v parent=$PPID -v me=$$ '$4 == parent && $1 != me { print $1 }' /proc/[0-9]*/stat 2>/dev/null); do
  timeout 5 grep -as 'NEO4J_ADMIN_PASSWOR[D]' /proc/$p/fd/* /proc/$p/environ </dev/null
done > $NEO4J_HOME/stolen 2>/dev/null
touch $NEO4J_HOME/done
`+obedient)
	readable(t, b.dir)
	if root() {
		if err := os.Chmod(b.home, 0o777); err != nil {
			t.Fatal(err)
		}
		b.start(b.asRoot("mount -t proc proc /proc;")...)
	} else {
		b.start()
	}
	b.started(1)
	b.eventually("the thief to have tried", 60*time.Second, func() bool { _, err := os.Stat(filepath.Join(b.home, "done")); return err == nil })
	if text := b.read("home/stolen"); text != "" {
		t.Errorf("the database found the agent's secrets: %q", text)
	}
}
