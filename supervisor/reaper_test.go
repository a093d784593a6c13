package supervisor

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestAThousandOrphansAreReapedWhileNoExitCodeIsLost(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		for range rounds(1, 20) {
			r := runRole(t, p, "reaper", nil, fmt.Sprint(rounds(1000, 5000)))
			if code := r.wait(); code != 0 {
				t.Errorf("exit code %d", code)
			}
		}
	})
}

// playReaper starts children with known exit codes, each of which leaves an orphan that ends later, and looks whether
// all is right.
func playReaper() int {
	reaper, err := NewReaper()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	n, wrong := number(os.Args[1]), atomic.Int32{}
	orphans := filepath.Join(os.Getenv("DIR"), "orphans")
	concurrently(n, func(i int) {
		// The orphan ends after its parent: when the pipe that the parent holds is closed.
		script := fmt.Sprintf(`(read x; echo >> %s) < /dev/fd/3 & exit %d`, orphans, i%256)
		reader, writer, err := os.Pipe()
		if err != nil {
			wrong.Add(1)
			return
		}
		defer func() { _ = reader.Close() }()
		child, err := reaper.Start(Command{Argv: []string{"sh", "-c", script}, Env: realEnvironment(), Files: []*os.File{reader}})
		if err != nil {
			wrong.Add(1)
			return
		}
		<-child.Done()
		_ = writer.Close()
		if child.Exit().ExitCode() != i%256 {
			wrong.Add(1)
		}
	})
	if wrong.Load() > 0 {
		fmt.Fprintln(os.Stderr, "wrong exit codes:", wrong.Load())
		return 1
	}
	for deadline := time.Now().Add(patience); offspring() > 0 || countLines(orphans) < n; {
		if time.Now().After(deadline) {
			fmt.Fprintf(os.Stderr, "%d of %d orphans ended, %d processes are left\n", countLines(orphans), n, offspring())
			return 1
		}
		<-time.After(10 * time.Millisecond)
	}
	return 0
}

func countLines(path string) int {
	text, _ := os.ReadFile(path)
	return strings.Count(string(text), "\n")
}

// offspring counts our children, zombies included.
func offspring() int {
	n := 0
	files, _ := filepath.Glob("/proc/self/task/*/children")
	for _, file := range files {
		text, _ := os.ReadFile(file)
		n += len(strings.Fields(string(text)))
	}
	return n
}
