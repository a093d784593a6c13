package integration

import (
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestNobodyReadsTheOutput: a pipe that is full, and one whose reader has gone.
func TestNobodyReadsTheOutput(t *testing.T) {
	t.Parallel()
	for name, closed := range map[string]bool{"a full pipe": false, "a closed pipe": true} {
		t.Run(name, func(t *testing.T) {
			b := newBox(t, obedient).with("AGENT_LOG_LEVEL", "debug")
			reader, writer, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = reader.Close() }()
			defer func() { _ = writer.Close() }()
			if closed {
				_ = reader.Close()
			} else {
				fill(t, writer)
			}
			b.write("home/bin/neo4j", strings.Replace(b.read("home/bin/neo4j"), `echo "fake-neo4j says hello"`, "exec >/dev/null 2>&1", 1), 0o755)
			b.pipe = writer
			b.start()
			b.started(1)
			b.eventually("an answer", 5*time.Second, func() bool { code, _ := b.get("/healthz"); return code == 200 })
			b.signal(syscall.SIGTERM)
			if code := b.exit(25 * time.Second); code != 0 {
				t.Errorf("exit code %d, want 0", code)
			}
		})
	}
}

// fill writes into a pipe until it takes no more.
func fill(t *testing.T, pipe *os.File) {
	t.Helper()
	if err := pipe.SetWriteDeadline(time.Now().Add(200 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	for _, err := pipe.Write(make([]byte, 4096)); err == nil; _, err = pipe.Write(make([]byte, 4096)) {
	}
}

func TestOutputOfTheDatabaseIsUntouched(t *testing.T) {
	t.Parallel()
	b := newBox(t, obedient)
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	b.stdout = writer
	b.start()
	_ = writer.Close()
	b.started(1)
	b.signal(syscall.SIGTERM)
	b.exit(20 * time.Second)
	text := make([]byte, 4096)
	n, _ := reader.Read(text)
	if got := string(text[:n]); got != "fake-neo4j says hello\n" {
		t.Errorf("standard output is %q, want the database's line and nothing else", got)
	}
}
