package localcluster

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fakeJava prints its arguments instead of running anything.
const fakeJava = "#!/bin/sh\nprintf '%s\\n' \"$@\"\n"

// scripts makes a NEO4J_HOME with the real scripts, the given neo4j.conf and the fake Java as the runtime beside it.
func scripts(t *testing.T, parts Parts, conf string) (home string) {
	t.Helper()
	dir := t.TempDir()
	shared := filepath.Join(dir, "neo4j")
	parts.neo4j, parts.JavaHome = shared, filepath.Join(dir, "jre")
	if err := parts.unpackTemplate(shared, filepath.Join(dir, "build")); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "jre", "bin", "java"), fakeJava, 0o755)
	if err := parts.NewHome(filepath.Join(dir, "home")); err != nil {
		t.Fatal(err)
	}
	home = filepath.Join(dir, "home")
	write(t, filepath.Join(home, "conf", "neo4j.conf"), conf, 0o644)
	return home
}

func write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

// output runs a command of home with nothing but env and returns what it printed, home's path replaced by HOME.
func output(t *testing.T, home string, env []string, command string, args ...string) string {
	t.Helper()
	run := exec.Command(filepath.Join(home, "bin", command), args...)
	run.Env = append(env, "PATH="+os.Getenv("PATH"))
	out, err := run.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", command, err, out)
	}
	return strings.ReplaceAll(string(out), home, "HOME")
}

func TestTheConsoleTurnsNeo4jConfIntoFlags(t *testing.T) {
	home := scripts(t, Parts{}, `# dbms.memory.heap.max_size=1g
dbms.memory.heap.initial_size=400m
dbms.memory.heap.max_size=512
dbms.jvm.additional=-XX:+UseG1GC
dbms.jvm.additional.2=-Da=b -Dc=d
dbms.directories.plugins=/plugins
`)
	_, got, found := strings.Cut(output(t, home, nil, "neo4j", "console"), "Starting Neo4j.\n")
	if !found {
		t.Fatal("it does not say that it starts")
	}
	if strings.HasPrefix(got, "WARNING: Max ") { // this machine's limit of open files
		_, got, _ = strings.Cut(got, "\n")
	}
	want := strings.Join([]string{
		"-cp", "/plugins:HOME/conf:HOME/lib/*:/plugins/*", "-server", "-Xms400m", "-Xmx512m", "-XX:+UseG1GC", "-Da=b", "-Dc=d",
		"-Dfile.encoding=UTF-8", "org.neo4j.server.enterprise.OpenEnterpriseEntryPoint", "--home-dir=HOME", "--config-dir=HOME/conf", "",
	}, "\n")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("arguments of java (-want +got):\n%s", diff)
	}
}

func TestTheAdminToolGetsItsArgumentsAndHeapUnchanged(t *testing.T) {
	home := scripts(t, Parts{}, "")
	got := output(t, home, []string{"HEAP_SIZE=64m", "NEO4J_CONF=/elsewhere"}, "neo4j-admin", "set-initial-password", "two words")
	want := strings.Join([]string{
		"-Xmx64m", "-Xms64m", "-classpath", "HOME/plugins:/elsewhere:HOME/lib/*:HOME/plugins/*", "-Dfile.encoding=UTF-8",
		"org.neo4j.commandline.admin.AdminTool", "set-initial-password", "two words", "",
	}, "\n")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("arguments of java (-want +got):\n%s", diff)
	}
}

func TestEachGenerationHasItsOwnScripts(t *testing.T) {
	for version, want := range map[string][]string{
		Community41: {"org.neo4j.server.CommunityEntryPoint", "--home-dir=HOME", "--config-dir=HOME/conf"},
		Community44: {"-Dbasedir=HOME", "org.neo4j.server.startup.Neo4jCommand", "console"},
		Community5:  {"-Dbasedir=HOME", "org.neo4j.server.startup.Neo4jCommand", "console"},
	} {
		t.Run(version, func(t *testing.T) {
			at := slices.IndexFunc(communities, func(c community) bool { return c.version == version })
			home := scripts(t, Parts{community: &communities[at]}, "")
			got := strings.Fields(output(t, home, nil, "neo4j", "console"))
			if diff := cmp.Diff(want, got[max(0, len(got)-len(want)):]); diff != "" {
				t.Errorf("last arguments of java (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAHomeThatIsUsedAgainKeepsItsConfiguration(t *testing.T) {
	home := scripts(t, Parts{}, "dbms.mode=SINGLE\n")
	shared, err := os.Readlink(filepath.Join(home, "bin"))
	if err != nil {
		t.Fatal(err)
	}
	if err := (&Parts{neo4j: filepath.Dir(shared)}).NewHome(home); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(home, "conf", "neo4j.conf"))
	if err != nil {
		t.Fatal(err)
	}
	if string(text) != "dbms.mode=SINGLE\n" {
		t.Errorf("neo4j.conf is now %q", text)
	}
}
