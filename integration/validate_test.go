package integration

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"neo4j-agent/integration/localcluster"
)

// judges say which server here judges the golden files of which versions and editions. Enterprise is to be had as 3.5
// only: Community does not know the rest of its settings.
var judges = []struct {
	files string // pattern of names in neo4jconf/testdata
	by    generation
}{
	{"3.5-*", generation{names: names35}},
	{"4.0-community-*", generation{version: localcluster.Community41, names: names4}},
	{"4.4-community-*", generation{version: localcluster.Community44, names: names4}},
	{"5.*-community-*", generation{version: localcluster.Community5, names: names5}},
	{"20*-community-*", generation{version: localcluster.CommunityCalendar, names: names5}},
}

// TestTheServersThemselvesAcceptEveryGoldenFile gives every configuration that we render to a real server of its
// generation, with strict validation: unknown names, wrong values and settings declared twice are refused.
func TestTheServersThemselvesAcceptEveryGoldenFile(t *testing.T) {
	for _, judge := range judges {
		files, err := filepath.Glob(filepath.Join("..", "neo4jconf", "testdata", judge.files+".conf"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no golden file is named %s (%v)", judge.files, err)
		}
		t.Run(judge.by.String(), func(t *testing.T) {
			home := t.TempDir()
			if err := judge.by.parts(t).NewHome(home); err != nil {
				t.Fatal(err)
			}
			for _, file := range files {
				conf, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				if accepted, said := judge.by.accepts(t, home, string(conf)); !accepted {
					t.Errorf("%s is refused:\n%s", filepath.Base(file), said)
				}
			}
			if accepted, said := judge.by.accepts(t, home, "dbms.no_such_setting=1\n"); accepted || !strings.Contains(said, "no_such_setting") {
				t.Errorf("an unknown setting is accepted, so the others prove nothing:\n%s", said)
			}
		})
	}
}

// accepts tells whether a server accepts a configuration, its folders moved below home, and what it said.
func (g generation) accepts(t *testing.T, home, conf string) (accepted bool, said string) {
	t.Helper()
	conf = strings.ReplaceAll(conf, "=/", "="+home+"/")
	if g.names != names5 {
		conf += "\n" + strictValidation[g.names] + "=true\n"
	}
	write(t, filepath.Join(home, "conf", "neo4j.conf"), conf)
	if g.names == names5 {
		return g.validates(t, home)
	}
	return g.starts(t, home)
}

// validates asks the server's own validation, which 5 and later have.
func (g generation) validates(t *testing.T, home string) (bool, string) {
	t.Helper()
	said, err := g.command(t, home, "neo4j-admin", "server", "validate-config").CombinedOutput()
	if failure := (*exec.ExitError)(nil); err != nil && !errors.As(err, &failure) {
		t.Fatal(err)
	}
	return err == nil, string(said)
}

// starts lets the server start until it says so, which it does when it has accepted its configuration, or ends.
func (g generation) starts(t *testing.T, home string) (bool, string) {
	t.Helper()
	// The one before was killed, and is in the list of processes as long as nobody has waited for it.
	_ = os.Remove(filepath.Join(home, "run", "neo4j.pid"))
	command := g.command(t, home, "neo4j", "console")
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	command.Stderr = command.Stdout
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	lines := bufio.NewScanner(output)
	accepted := false
	for !accepted && lines.Scan() {
		said.WriteString(lines.Text() + "\n")
		accepted = strings.HasSuffix(lines.Text(), " Starting...")
	}
	_ = command.Cancel()
	_, _ = io.Copy(io.Discard, output)
	_ = command.Wait() // how it ended is our doing
	return accepted, said.String()
}

// command runs a script of the server within a minute, in a process group of its own.
func (g generation) command(t *testing.T, home, script string, args ...string) *exec.Cmd {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	command := exec.CommandContext(ctx, filepath.Join(home, "bin", script), args...)
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "NEO4J_HOME=" + home, "JAVA_HOME=" + g.parts(t).JavaHome}
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
	command.WaitDelay = 5 * time.Second
	return command
}
