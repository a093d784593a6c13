package localcluster

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestAStatLineIsReadWhateverTheCommandIsCalled(t *testing.T) {
	rest := strings.Repeat(" 0", 17) + " 4711 0 0"
	for name, test := range map[string]struct {
		line       string
		want       proc
		zombie, ok bool
	}{
		"plain":          {"12 (java) S 5" + rest, proc{pid: 12, parent: 5, born: "4711"}, false, true},
		"blanks":         {"12 (a b) R 1) S 5" + rest, proc{pid: 12, parent: 5, born: "4711"}, false, true},
		"zombie":         {"12 (java) Z 5" + rest, proc{pid: 12, parent: 5, born: "4711"}, true, true},
		"cut off":        {"12 (java) S 5", proc{}, false, false},
		"empty":          {"", proc{}, false, false},
		"strange parent": {"12 (java) S x" + rest, proc{}, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			got, zombie, ok := parseStat(12, test.line)
			if got.parent != test.want.parent || got.born != test.want.born || zombie != test.zombie || ok != test.ok {
				t.Errorf("got %+v, zombie %v, ok %v", got, zombie, ok)
			}
		})
	}
}

func TestGrandchildrenAreDescendantsInWhateverOrderTheyAreListed(t *testing.T) {
	all := []proc{{pid: 4, parent: 3}, {pid: 3, parent: 2}, {pid: 5, parent: 1}, {pid: 2, parent: 1}}
	got := descendantsOf(2, all)
	if len(got) != 2 || got[0].pid != 3 || got[1].pid != 4 {
		t.Errorf("got %+v", got)
	}
}

func TestAProcessBelongsToTheFolderItsHomeIsIn(t *testing.T) {
	dir := t.TempDir()
	for name, test := range map[string]struct {
		env  string
		args []string
		want bool
	}{
		"home below":                      {"NEO4J_HOME=" + filepath.Join(dir, "core-1", "home"), nil, true},
		"home in an argument":             {"A=b", []string{"--home-dir=" + filepath.Join(dir, "x")}, true},
		"a folder that only begins alike": {"NEO4J_HOME=" + dir + "2/home", nil, false},
		"an unrelated variable":           {"PWD=" + dir, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			command := exec.Command("/bin/sh", append([]string{"-c", "echo; read -r line", "sh"}, test.args...)...)
			command.Env = []string{test.env}
			p := held(t, command)
			found, ok := readProc(p)
			if !ok || found.belongsTo(dir) != test.want {
				t.Errorf("belongs to the folder: %v, want %v", !test.want, test.want)
			}
		})
	}
}

// held starts a command that says when it runs and then waits for its input to end; it returns the process id.
func held(t *testing.T, command *exec.Cmd) int {
	t.Helper()
	hold, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	command.Stdout = write
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = hold.Close()
		_ = command.Wait()
	})
	_ = write.Close()
	if _, err := read.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	return command.Process.Pid
}

func TestTheGuardKillsWhatWorksForTheFolderAndNothingElse(t *testing.T) {
	dir := t.TempDir()
	sleeper := func(home string) *process {
		command := exec.Command("sleep", "1000")
		command.Env = []string{"NEO4J_HOME=" + home}
		return start(t, command)
	}
	ours, other := sleeper(filepath.Join(dir, "core-1", "home")), sleeper(filepath.Join(dir+"2", "home"))
	g, err := startGuard(dir)
	if err != nil {
		t.Fatal(err)
	}
	_ = g.pipe.Close() // as when we die
	if code := exitCode(t, ours); code != 137 {
		t.Errorf("ours ended with %d, want 137", code)
	}
	_ = g.command.Wait()
	if !other.running() {
		t.Error("a stranger was killed")
	}
}

func TestADismissedGuardKillsNothing(t *testing.T) {
	dir := t.TempDir()
	command := exec.Command("sleep", "1000")
	command.Env = []string{"NEO4J_HOME=" + filepath.Join(dir, "core-1", "home")}
	ours := start(t, command)
	g, err := startGuard(dir)
	if err != nil {
		t.Fatal(err)
	}
	g.dismiss()
	if !ours.running() {
		t.Error("killed")
	}
}
