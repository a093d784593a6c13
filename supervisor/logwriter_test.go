package supervisor

import (
	"bufio"
	"encoding/json"
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
	if err := reader.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	arrived, missing, toldLast := 0, 0, false
	for lines := bufio.NewScanner(reader); arrived+missing < written && lines.Scan(); {
		var told struct{ Message string }
		if toldLast = lines.Text() != string(line[:99]); !toldLast {
			arrived++
		} else if err := json.Unmarshal(lines.Bytes(), &told); err != nil {
			t.Fatalf("it says %q", lines.Text())
		} else {
			missing += linesMissing(t, told.Message)
		}
	}
	if !toldLast {
		t.Error("what is missing is not told after what was written before")
	}
	if missing != w.Dropped() || arrived != written-w.Dropped() {
		t.Errorf("%d of %d lines arrived and %d are told to be missing, want %d", arrived, written, missing, w.Dropped())
	}
}

func linesMissing(t *testing.T, message string) (n int) {
	t.Helper()
	if _, err := fmt.Sscanf(message, "%d log lines are missing here: the output was blocked", &n); err != nil {
		t.Fatalf("it says %q", message)
	}
	return n
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
