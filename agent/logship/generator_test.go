package logship

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"testing"
)

// serve answers at a free local port, which it prints, until stdin ends.
func serve(handler http.Handler) int {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	_, _ = fmt.Fprintf(os.Stdout, "http://%s\n", listener.Addr())
	go func() { _ = http.Serve(listener, handler) }()
	_, _ = os.Stdin.Read(make([]byte, 1))
	return 0
}

// listening is what the shipper program prints once it heeds signals.
const listening = "listening\n"

// start starts this test binary as the shipper program.
func (p program) start(t testing.TB) *exec.Cmd {
	t.Helper()
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "LOGSHIP_AS=shipper", "LOGSHIP_PROGRAM="+string(text))
	cmd.Stderr = os.Stderr
	if p.said != nil {
		cmd.Stderr = p.said
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(out, make([]byte, len(listening))); err != nil {
		t.Fatalf("the shipper did not start: %v", err)
	}
	t.Cleanup(func() {
		if cmd.ProcessState == nil { // the test failed before it ended it
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
	})
	return cmd
}

// neo4j writes a query log as Neo4j does: entry by entry, a new file when one has reached a size. It counts entries from
// 0 and never deletes a file: what is lost is the shipper's fault.
type neo4j struct {
	path, format string
	size         int64  // at which files are rotated
	padding      string // of each entry
	written      int    // entries
	text         bytes.Buffer
}

// burst writes some bytes of entries in one go.
func (n *neo4j) burst(t testing.TB, size int) {
	n.text.Reset()
	for n.text.Len() < size {
		n.text.WriteString(queryEntry(n.written))
		n.text.WriteString(n.padding)
		if n.written%10 == 0 {
			n.text.WriteString("\n  over several lines")
		}
		n.text.WriteByte('\n')
		n.written++
	}
	file, err := os.OpenFile(n.path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		t.Error(err)
		return
	}
	defer func() { _ = file.Close() }()
	cut := n.text.Len() / 2 // in two writes: a reader sees half an entry
	for _, part := range [][]byte{n.text.Bytes()[:cut], n.text.Bytes()[cut:]} {
		if _, err := file.Write(part); err != nil {
			t.Error(err)
		}
	}
	if info, err := file.Stat(); err == nil && info.Size() > n.size {
		rotate(t, n.path, n.format, 100_000)
	}
}
