package restore

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A disk that is slower than the line: all parts are there and wait.
func TestAStreamThatIsToldToStopDoesNotLookCutOff(t *testing.T) {
	path := filepath.Join(t.TempDir(), "archive")
	if err := os.WriteFile(path, make([]byte, 2*parts*1024), 0o600); err != nil {
		t.Fatal(err)
	}
	r := &run{pace: defaultPace, part: 1024, meter: newMeter(nil)}
	defer r.meter.stop()
	o, err := folder{}.stat(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s := r.transfer(folder{}).open(ctx, o, 0, o.size)
	for deadline := time.Now().Add(time.Minute); r.meter.moved() < parts*1024; {
		if time.Now().After(deadline) {
			t.Fatal("the parts do not come")
		}
		<-time.After(time.Millisecond)
	}
	cancel()
	s.working.Wait()
	if n, err := io.Copy(io.Discard, s); !errors.Is(err, context.Canceled) {
		t.Errorf("after %d bytes of %d: %v", n, o.size, err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
