package supervisor

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

func shellTool(text string) Tool {
	return Tool{Argv: []string{"sh", "-c", text}, Env: []string{"PATH=" + os.Getenv("PATH")}, Limit: patience, Tail: 3}
}

func TestAToolGivesItsExitCodeItsLastLinesAndItsProgress(t *testing.T) {
	var progress bytes.Buffer
	tool := shellTool(`cat; echo two >&2; printf '10%%\r20%%\r\nthree\nfour'; exit 3`)
	tool.Stdin, tool.Output = strings.NewReader("one\n"), &progress
	result, err := tool.Run(t.Context())
	if err != nil || result.ExitCode() != 3 {
		t.Fatalf("%v, %v", result, err)
	}
	if diff := cmp.Diff([]string{"20%", "three", "four"}, result.Tail); diff != "" {
		t.Error(diff)
	}
	if want := "one\ntwo\n10%\n20%\nthree\nfour\n"; progress.String() != want {
		t.Errorf("progress %q", progress.String())
	}
}

func TestAToolKilledByASignalIsAResult(t *testing.T) {
	result, err := shellTool("kill -9 $$").Run(t.Context())
	if err != nil || result.Signal != unix.SIGKILL || result.ExitCode() != 137 {
		t.Errorf("%v, %v", result, err)
	}
}

func TestAToolThatCannotBeExecutedIsAStartError(t *testing.T) {
	plain := filepath.Join(t.TempDir(), "plain")
	if err := os.WriteFile(plain, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for command, want := range map[string]int{plain: CannotExecute, "no-such-command": NotFound, "/no/such": NotFound} {
		_, err := Tool{Argv: []string{command}, Limit: time.Second}.Run(t.Context())
		var failed *StartError
		if !errors.As(err, &failed) || failed.Code != want {
			t.Errorf("%s: %v", command, err)
		}
	}
}

func TestAToolIsStoppedWithItsWholeGroup(t *testing.T) {
	dir := t.TempDir()
	script := fmt.Sprintf(`trap 'echo bye; exit 8' TERM; sleep 298 & (trap "" TERM; sleep 299) & echo $$ > %s/pid.new; mv %s/pid.new %s/pid; wait`, dir, dir, dir)
	started := func() bool { _, err := os.Stat(dir + "/pid"); return err == nil }
	for name, want := range map[string]error{"limit": context.DeadlineExceeded, "cancel": context.Canceled} {
		_ = os.Remove(dir + "/pid")
		ctx, cancel := context.WithCancel(t.Context())
		tool := shellTool(script)
		if name == "limit" {
			tool.Limit = 300 * time.Millisecond
		} else {
			go func() { eventually(t, "it runs", started); cancel() }()
		}
		result, err := tool.Run(ctx)
		cancel()
		if !errors.Is(err, want) || result.Code != 8 || !slices.Contains(result.Tail, "bye") {
			t.Errorf("%s: %+v, %v", name, result, err)
		}
		text, _ := os.ReadFile(dir + "/pid")
		group := number(strings.TrimSpace(string(text)))
		if left := processes(func(s stat) bool { return s.group == group }); len(left) > 0 {
			t.Errorf("%s: %v of group %d are left", name, left, group)
		}
	}
}

func TestAToolThatIgnoresTermIsKilled(t *testing.T) {
	tool := shellTool(`trap '' TERM; while :; do sleep 1; done`)
	tool.Limit = 100 * time.Millisecond
	begin := time.Now()
	result, err := tool.Run(t.Context())
	if !errors.Is(err, context.DeadlineExceeded) || result.Signal != unix.SIGKILL {
		t.Errorf("%+v, %v", result, err)
	}
	if took := time.Since(begin); took < toolGrace {
		t.Errorf("killed after %v, the grace is %v", took, toolGrace)
	}
	if strings.Contains(fmt.Sprint(err), "sleep") {
		t.Errorf("the error tells the tool's arguments, which may hold a password: %v", err)
	}
}

func TestAChildThatKeepsThePipeOpenDoesNotHangATool(t *testing.T) {
	result, err := shellTool(`sleep 300 & echo $!; exit 0`).Run(t.Context())
	if err != nil || result.ExitCode() != 0 {
		t.Fatalf("%+v, %v", result, err)
	}
	child := number(result.Tail[0])
	if left := processes(func(s stat) bool { return s.pid == child }); len(left) > 0 {
		t.Errorf("%d still runs", child)
	}
}

func TestAToolStaysInTheSessionOfItsCaller(t *testing.T) {
	result, err := shellTool(`cut -d' ' -f5,6 /proc/$$/stat; echo $$`).Run(t.Context())
	if err != nil || len(result.Tail) != 2 {
		t.Fatalf("%+v, %v", result, err)
	}
	session, _ := unix.Getsid(0)
	if want := fmt.Sprintf("%s %d", result.Tail[1], session); result.Tail[0] != want {
		t.Errorf("group and session are %s, want %s", result.Tail[0], want)
	}
}

func TestAToolNeedsALimitAndNoReaper(t *testing.T) {
	if _, err := (Tool{Argv: []string{"true"}}).Run(t.Context()); err == nil {
		t.Error("it runs without a limit")
	}
	if r := runRole(t, asSubreaper, "tool", nil); r.wait() != 0 {
		t.Error("it runs beside a reaper")
	}
}

// playTool wants a tool to be refused.
func playTool() int {
	if _, err := NewReaper(); err != nil {
		return 1
	}
	if _, err := shellTool("true").Run(context.Background()); err == nil || !strings.Contains(err.Error(), "reaper") {
		return 1
	}
	if _, err := NewReaper(); err == nil {
		return 1
	}
	return 0
}

func TestAnEndlessLineTakesBoundedMemory(t *testing.T) {
	last := &tail{keep: 2}
	for range 1000 {
		_, _ = last.Write(bytes.Repeat([]byte("x"), 1000))
	}
	last.endLine()
	if lines := last.lines(); len(lines) != 1 || len(lines[0]) != longestLine {
		t.Errorf("%d lines", len(lines))
	}
}

func TestAToolIsKilledAfterItsOwnGrace(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	tool := shellTool("trap '' TERM; echo ready; while :; do sleep 0.1; done")
	tool.Grace = 10 * time.Millisecond
	tool.Output = writerFunc(func(p []byte) (int, error) { cancel(); return len(p), nil })
	begun := time.Now()
	if _, err := tool.Run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if took := time.Since(begun); took >= toolGrace {
		t.Errorf("it was killed after %s, which is the grace of other tools", took)
	}
}

// writerFunc is a function that takes what is written.
type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
