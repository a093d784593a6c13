package integration

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"neo4j-agent/integration/localcluster"
	"neo4j-agent/neo4jconf"
	"neo4j-agent/supervisor"
)

// adminLimit bounds one run of neo4j-admin; a small store takes a few seconds.
const adminLimit = 2 * time.Minute

// quickJVM makes the JVMs of the admin tool start as fast as they can, which is nearly all of their time here.
const quickJVM = "JAVA_TOOL_OPTIONS=-XX:TieredStopAtLevel=1"

// office is where admin jobs are done: one member, stopped or running, and folders for their results.
type office struct {
	t       *testing.T
	cluster *localcluster.Cluster
	member  *localcluster.Member
	admin   neo4jconf.Admin
	dir     string
}

// newOffice makes a member of Community of the given version, or of 3.5 Enterprise for "".
func newOffice(t *testing.T, version string) *office {
	t.Helper()
	p := installed(t)
	if version != "" {
		var err error
		if p, err = p.Community(t.Context(), version, func(line string) { _, _ = fmt.Fprintln(os.Stdout, line) }); err != nil {
			t.Fatal(err)
		}
	}
	c, err := localcluster.New(t.Context(), localcluster.Options{Agent: agent, Parts: p, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			c.Dump(os.Stdout)
		}
		if err := c.Close(); err != nil {
			t.Errorf("the member left something behind: %v", err)
		}
	})
	m := c.Add(localcluster.MemberOptions{Role: localcluster.Standalone})
	if err := p.NewHome(m.Home); err != nil {
		t.Fatal(err)
	}
	return &office{t, c, m, adminOf(t, m.Home, p.JavaHome), t.TempDir()}
}

func adminOf(t *testing.T, home, java string) neo4jconf.Admin {
	t.Helper()
	jars, err := filepath.Glob(filepath.Join(home, "lib/*.jar"))
	if err != nil {
		t.Fatal(err)
	}
	version, edition, err := neo4jconf.Detect(jars)
	if err != nil {
		t.Fatal(err)
	}
	dialect, err := neo4jconf.For(version, edition)
	if err != nil {
		t.Fatal(err)
	}
	return neo4jconf.Admin{Dialect: dialect, Home: home, Conf: filepath.Join(home, "conf"), Java: java, Heap: "400m"}
}

// folder makes a folder for a job.
func (o *office) folder(name string) string {
	o.t.Helper()
	path := filepath.Join(o.dir, name)
	if err := os.MkdirAll(path, 0o755); err != nil {
		o.t.Fatal(err)
	}
	return path
}

// does runs a job, and wants its exit code, what that means to the program, and a text in its output.
// It returns the whole output.
func (o *office) does(job neo4jconf.Job, code int, verdict neo4jconf.Verdict, says string) string {
	o.t.Helper()
	return o.doesWith(job, nil, code, verdict, says)
}

func (o *office) doesWith(job neo4jconf.Job, stdin io.Reader, code int, verdict neo4jconf.Verdict, says string) string {
	o.t.Helper()
	command, err := o.admin.Command(job)
	if err != nil {
		o.t.Fatal(err)
	}
	tool := supervisor.Tool{
		Argv: command.Argv, Env: append(command.Env, "PATH="+os.Getenv("PATH"), quickJVM), Dir: command.Dir,
		Stdin: stdin, Limit: adminLimit, Tail: 200,
	}
	started := time.Now()
	result, err := tool.Run(o.t.Context())
	if err != nil {
		o.t.Fatalf("%v\n%s", err, strings.Join(result.Tail, "\n"))
	}
	text := strings.Join(result.Tail, "\n")
	o.t.Logf("%d %-12v %4.1f s  %T %s", result.Code, command.Outcome(result.Code).Verdict, time.Since(started).Seconds(), job, says)
	if result.Code != code || command.Outcome(result.Code).Verdict != verdict || !strings.Contains(text, says) {
		o.t.Errorf("%v\n  gives %v, which means %v; want exit code %d, which means %v, and the words %q\n%s",
			command, result.Exit, command.Outcome(result.Code).Verdict, code, verdict, says, text)
	}
	return text
}

// cannot wants a job refused before anything is run.
func (o *office) cannot(job neo4jconf.Job, why string) {
	o.t.Helper()
	if command, err := o.admin.Command(job); err == nil || !strings.Contains(err.Error(), why) {
		o.t.Errorf("%T becomes %v, %v; want an error with %q", job, command, err, why)
	}
}

func (o *office) opens() {
	o.t.Helper()
	if err := o.member.Start(); err != nil {
		o.t.Fatal(err)
	}
	eventually(o.t, "a ready member", formation, isReady(o.member))
}

func (o *office) closes() {
	o.t.Helper()
	if err := o.member.Signal(syscall.SIGTERM); err != nil {
		o.t.Fatal(err)
	}
	if code := wait(o.t, o.member, time.Minute); code != 0 {
		o.t.Errorf("the member left with exit code %d", code)
	}
}

// writes adds n pairs of nodes to the running member.
func (o *office) writes(n int) {
	o.t.Helper()
	_, _, err := query(o.t.Context(), driver(o.t, o.member.BoltURI()), neo4j.AccessModeWrite,
		fmt.Sprintf("UNWIND range(1, %d) AS i CREATE (:A {i: i})-[:R]->(:B {text: 'b' + i})", n))
	if err != nil {
		o.t.Fatal(err)
	}
}

// counts tells how many relationships the running member has.
func (o *office) counts() int64 {
	o.t.Helper()
	n, _, err := query(o.t.Context(), driver(o.t, o.member.BoltURI()), neo4j.AccessModeRead, "MATCH ()-[r:R]->() RETURN count(r)")
	if err != nil {
		o.t.Fatal(err)
	}
	return n.(int64)
}

// damage wipes the relationships of a store, whose nodes still point to them.
func damage(t *testing.T, store string) {
	t.Helper()
	path := filepath.Join(store, "neostore.relationshipstore.db")
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, make([]byte, info.Size()), 0o644); err != nil {
		t.Fatal(err)
	}
}

func writeText(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// matches counts the files of a pattern.
func matches(t *testing.T, pattern string) int {
	t.Helper()
	found, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	return len(found)
}
