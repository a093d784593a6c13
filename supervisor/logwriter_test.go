package supervisor

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestLogLinesArriveInOrder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w, want := NewLogWriter(file), ""
	for i := range 1000 {
		line := fmt.Sprintf("line %d\n", i)
		want += line
		if n, err := w.Write([]byte(line)); n != len(line) || err != nil {
			t.Fatal(n, err)
		}
	}
	w.Flush(patience)
	if text, _ := os.ReadFile(path); string(text) != want {
		t.Errorf("%d bytes of %d", len(text), len(want))
	}
	if w.Dropped() != 0 {
		t.Errorf("%d dropped", w.Dropped())
	}
}

func TestABlockedOutputDropsAndTellsHowMany(t *testing.T) {
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = reader.Close() }()
	w, written := NewLogWriter(writer), 0
	line := []byte(strings.Repeat("x", 99) + "\n")
	for w.Dropped() < 100 { // nobody reads
		_, _ = w.Write(line)
		written++
	}
	begin := time.Now()
	w.Flush(50 * time.Millisecond)
	if took := time.Since(begin); took > patience {
		t.Errorf("flushing a blocked output took %v", took)
	}
	dropped := w.Dropped()
	lines := bufio.NewScanner(reader)
	for n := 0; lines.Scan(); n++ {
		if lines.Text() == string(line[:99]) {
			continue
		}
		if want := fmt.Sprintf(`"%d log lines are missing here: the output was blocked"`, dropped); !strings.Contains(lines.Text(), want) {
			t.Errorf("it says %q", lines.Text())
		}
		if n != written-dropped {
			t.Errorf("%d lines arrived before that, want %d", n, written-dropped)
		}
		return
	}
	t.Error("the output does not tell what is missing")
}

func TestAClosedOutputIsNobodysProblem(t *testing.T) {
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	_ = reader.Close()
	w := NewLogWriter(writer)
	for range 10 {
		_, _ = io.WriteString(w, "lost\n")
		w.Flush(patience)
	}
	if w.Dropped() != 10 {
		t.Errorf("%d dropped, want 10", w.Dropped())
	}
}
