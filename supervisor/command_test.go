package supervisor

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

func TestACommandIsFoundInThePathOfItsEnvironment(t *testing.T) {
	dir := t.TempDir()
	for name, mode := range map[string]os.FileMode{"a/tool": 0o600, "b/tool": 0o700, "a/plain": 0o600, "a/sub/tool": 0o700} {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, nil, mode), os.Chmod(path, mode)); err != nil {
			t.Fatal(err)
		}
	}
	path := "PATH=" + dir + "/a:" + dir + "/b"
	for _, test := range []struct {
		name    string
		command Command
		want    string
		code    int
	}{
		{"the first that can be executed", Command{Argv: []string{"tool"}, Env: []string{path}}, dir + "/b/tool", 0},
		{"the last PATH counts", Command{Argv: []string{"tool"}, Env: []string{"PATH=/", path}}, dir + "/b/tool", 0},
		{"a slash means no search", Command{Argv: []string{"./tool"}, Env: []string{path}}, "./tool", 0},
		{"a folder in PATH below the working directory", Command{Argv: []string{"tool"}, Env: []string{"PATH=sub"}, Dir: dir + "/a"}, "sub/tool", 0},
		{"no PATH", Command{Argv: []string{"sh"}}, "", -1},
		{"only one that cannot be executed", Command{Argv: []string{"plain"}, Env: []string{path}}, "", CannotExecute},
		{"a folder is no command", Command{Argv: []string{"sub"}, Env: []string{path}}, "", NotFound},
		{"nowhere", Command{Argv: []string{"other"}, Env: []string{path}}, "", NotFound},
		{"nothing", Command{}, "", NotFound},
		{"no working directory", Command{Argv: []string{"tool"}, Env: []string{path}, Dir: dir + "/none"}, "", CannotExecute},
	} {
		got, err := test.command.locate()
		switch {
		case test.code == -1 && err == nil && strings.HasSuffix(got, "/sh"):
		case test.code > 0 && err != nil && err.Code == test.code:
		case test.code == 0 && err == nil && got == test.want:
		default:
			t.Errorf("%s: %q, %v", test.name, got, err)
		}
	}
}

func TestOfAVariableGivenTwiceTheLastCounts(t *testing.T) {
	c := Command{Env: []string{"A=1", "B=2", "A=3", "C", "B="}}
	if diff := cmp.Diff([]string{"A=3", "C", "B="}, c.environment()); diff != "" {
		t.Error(diff)
	}
}

func TestOnlyAShortageIsTemporary(t *testing.T) {
	for errno, want := range map[syscall.Errno]bool{unix.EAGAIN: true, unix.ENOMEM: true, unix.ETXTBSY: true, unix.ENOENT: false, unix.EACCES: false, unix.ENOEXEC: false} {
		if got := startError("x", errno).Temporary(); got != want {
			t.Errorf("%v: %v", errno, got)
		}
	}
}

func TestATalkCarriesLinesBothWays(t *testing.T) {
	ours, theirs, err := newLine()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(theirs, "giveup some reason\ndrained\n"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"giveup some reason", "drained"} {
		if got := <-ours.Heard(); got != want {
			t.Errorf("heard %q", got)
		}
	}
	if err := ours.Say("drain"); err != nil {
		t.Error(err)
	}
	text := make([]byte, 100)
	if n, err := theirs.Read(text); err != nil || string(text[:n]) != "drain\n" {
		t.Errorf("%q, %v", text[:n], err)
	}
	ours.Close()
	if n, err := theirs.Read(text); n != 0 || err != io.EOF {
		t.Errorf("after the end: %d, %v", n, err)
	}
	_ = theirs.Close()
}

func TestSayingSomethingToOneWhoDoesNotListenIsBounded(t *testing.T) {
	ours, theirs, err := newLine()
	if err != nil {
		t.Fatal(err)
	}
	defer ours.Close()
	word := strings.Repeat("x", 10000)
	eventually(t, "the buffer is full", func() bool { return ours.Say(word) != nil })
	_ = theirs.Close()
	if ours.Say("drain") == nil {
		t.Error("it was said to nobody")
	}
}
