package backup

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"neo4j-agent/agent/callerror"
)

func TestAFileIsUploadedAsItIsAndTellsOfWhatMoves(t *testing.T) {
	f, client := newFakeS3(t)
	text := noise(1, 2*leastPart+1000)
	path := filepath.Join(t.TempDir(), "neo4j.dump")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	told, times := int64(0), 0
	moved := func(n int64) { told, times = told+n, times+1 }
	where, err := UploadFile(t.Context(), client, "bucket", "dumps/neo4j.dump", path, moved)
	if err != nil || where != "s3://bucket/dumps/neo4j.dump" || !bytes.Equal(f.text("dumps/neo4j.dump"), text) {
		t.Fatalf("%s: %v", where, err)
	}
	if told != int64(len(text)) || times < len(text)/leastPart {
		t.Errorf("told of %d bytes in %d steps, want %d", told, times, len(text))
	}
	if _, err := UploadFile(t.Context(), client, "bucket", "dumps/neo4j.dump", path, moved); callerror.Status(err) != http.StatusPreconditionFailed {
		t.Errorf("it was replaced: %v", err)
	}
}
