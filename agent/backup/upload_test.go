package backup

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"pgregory.net/rapid"

	"neo4j-agent/agent/callerror"
)

func TestTheLargestObjectFitsIntoItsParts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		most := rapid.Int64Range(0, 5<<40).Draw(t, "bytes")
		size, sends := partsFor(most)
		if size*mostParts < most || size < leastPart || size > 5<<30 || sends < 1 {
			t.Errorf("%d bytes: parts of %d", most, size)
		}
		if most < 120<<30 && size*int64(sends+2) > partMemory {
			t.Errorf("%d bytes: %d MiB of parts in memory", most, size*int64(sends+2)>>20)
		}
	})
}

func TestWhatIsPackedIsNeverLargerThanAnnounced(t *testing.T) {
	for _, size := range []int{1000, 1 << 20, 3<<20 + 7} {
		dir := filepath.Join(t.TempDir(), "neo4j")
		if err := writeStore(dir, size, 1); err != nil {
			t.Fatal(err)
		}
		c, err := measure(dir)
		if err != nil {
			t.Fatal(err)
		}
		var packed bytes.Buffer
		read := int64(0)
		got, err := pack(&packed, dir, func(n int64) { read += n })
		if err != nil || got != c || read != c.bytes || int64(packed.Len()) > c.packed() {
			t.Errorf("%v: %+v of %+v, read %d, packed %d of %d", err, got, c, read, packed.Len(), c.packed())
		}
	}
}

func TestAStoreThatIsNotWhatItWasIsNotPacked(t *testing.T) {
	for want, spoil := range map[string]func(dir string) error{
		"neither a file nor a folder": func(dir string) error { return os.Symlink("/etc/passwd", filepath.Join(dir, "link")) },
		"is neither a file nor":       func(dir string) error { return syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600) },
	} {
		dir := t.TempDir()
		if err := errors.Join(writeStore(dir, 1000, 1), spoil(dir)); err != nil {
			t.Fatal(err)
		}
		if _, err := pack(io.Discard, dir, func(int64) {}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte("seven.."), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, size := range []int64{6, 8} {
		if err := copyFile(io.Discard, path, size, func(int64) {}); err == nil {
			t.Errorf("a file of 7 bytes passed for %d", size)
		}
	}
}

func TestAnObjectIsNeverReplacedNorLeftInHalf(t *testing.T) {
	f, client := newFakeS3(t)
	b := bucket{patient(client), "bucket"}
	text := noise(1, leastPart+1000)
	write := func(w io.Writer) error { _, err := w.Write(text); return err }
	made, err := b.upload(t.Context(), "a", int64(len(text)), write)
	if err != nil || made.sha256 != digest(text) || made.size != int64(len(text)) || !bytes.Equal(f.text("a"), text) {
		t.Fatalf("%+v, %v", made, err)
	}
	if _, err := b.upload(t.Context(), "a", 100, func(w io.Writer) error { _, err := w.Write([]byte("other")); return err }); callerror.Status(err) != http.StatusPreconditionFailed {
		t.Errorf("it was replaced: %v", err)
	}
	broken := errors.New("the disk broke")
	for key, much := range map[string][]byte{"b": text, "c": text[:100]} {
		_, err := b.upload(t.Context(), key, 1<<30, func(w io.Writer) error { _, err := w.Write(much); return errors.Join(err, broken) })
		if !errors.Is(err, broken) {
			t.Errorf("got %v", err)
		}
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	_, err = b.upload(ctx, "d", 1<<30, func(w io.Writer) error {
		_, err := w.Write(text)
		cancel(ErrLeaseLost)
		return errors.Join(err, write(w))
	})
	if err == nil {
		t.Error("it went on after its end")
	}
	if keys := f.keys(); len(keys) != 1 || len(f.uploads) != 0 {
		t.Errorf("left %v, %v", keys, f.uploads)
	}
}

func TestATryOnWhichNothingMovesIsMadeAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		request := smithyhttp.NewStackRequest().(*smithyhttp.Request)
		request.ContentLength = leastPart
		began := time.Now()
		_, _, err := limitTry(t.Context(), middleware.FinalizeInput{Request: request}, middleware.FinalizeHandlerFunc(
			func(ctx context.Context, _ middleware.FinalizeInput) (middleware.FinalizeOutput, middleware.Metadata, error) {
				<-ctx.Done()
				return middleware.FinalizeOutput{}, middleware.Metadata{}, ctx.Err()
			}))
		if waited := time.Since(began); waited != 94*time.Second || !retry.NewStandard().IsErrorRetryable(err) {
			t.Errorf("after %s: %v", waited, err)
		}
	})
}
