package backup

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/klauspost/compress/zstd"

	"neo4j-agent/agent/snapshot"
)

func halfRandom(size int) []byte {
	content := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{3}).Read(content[:size/2])
	return content
}

func TestAnyZstdReadsTheFramesAsOneStream(t *testing.T) {
	const f = snapshot.FrameSize
	for _, size := range []int{0, 1, f - 1, f, f + 1, 3 * framesAtWork * f} {
		content := halfRandom(size)
		var packed bytes.Buffer
		w, err := newFramer(&packed)
		if err != nil {
			t.Fatal(err)
		}
		for rest := content; len(rest) > 0; { // in pieces of any size
			n := min(len(rest), 1+rand.IntN(2*f))
			if _, err := w.Write(rest[:n]); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		frames := 0
		for rest := packed.Bytes(); len(rest) > 0; frames++ {
			rest = rest[frameEnd(t, rest):]
		}
		if want := (size + f - 1) / f; frames != want {
			t.Errorf("%d bytes became %d frames, want %d", size, frames, want)
		}
		reader, err := zstd.NewReader(&packed)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(reader); err != nil || !bytes.Equal(got, content) {
			t.Errorf("%d bytes came back as %d: %v", size, len(got), err)
		}
		reader.Close()
	}
}

// frameEnd is where the first frame ends, which must say that it is a small one, and carry a checksum (RFC 8878, 3.1.1).
func frameEnd(t *testing.T, packed []byte) int {
	t.Helper()
	var header zstd.Header
	if err := header.Decode(packed); err != nil {
		t.Fatal(err)
	}
	if !header.HasFCS || header.FrameContentSize > snapshot.FrameSize || !header.HasCheckSum {
		t.Errorf("a frame has the header %+v", header)
	}
	at := header.HeaderSize
	for last := false; !last; {
		fields := int(packed[at]) | int(packed[at+1])<<8 | int(packed[at+2])<<16
		at += 3
		if last = fields&1 == 1; fields>>1&3 == 1 {
			at++
		} else {
			at += fields >> 3
		}
	}
	return at + 4
}

// breaks is a writer that takes so many bytes.
type breaks struct{ left int }

var errBroken = errors.New("the upload is broken")

func (b *breaks) Write(p []byte) (int, error) {
	if b.left -= len(p); b.left < 0 {
		return 0, errBroken
	}
	return len(p), nil
}

func TestPackingEndsSoonAfterTheUploadHasFailed(t *testing.T) {
	for _, left := range []int{0, 100_000, 5 * snapshot.FrameSize} {
		w, err := newFramer(&breaks{left})
		if err != nil {
			t.Fatal(err)
		}
		written, piece := 0, halfRandom(snapshot.FrameSize)
		for err == nil && written < left+100*len(piece) {
			var n int
			n, err = w.Write(piece)
			written += n
		}
		if !errors.Is(err, errBroken) || written > 2*left+2*framesAtWork*len(piece) {
			t.Errorf("of an upload that takes %d bytes: %d were taken, then %v", left, written, err)
		}
		if err := w.Close(); !errors.Is(err, errBroken) {
			t.Error(err)
		}
	}
}

func TestTheMemoryOfPackingDoesNotGrowWithTheProcessors(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(64))
	piece := halfRandom(snapshot.FrameSize)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	w, err := newFramer(io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	for range 200 {
		if _, err := w.Write(piece); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > 48<<20 {
		t.Errorf("it took %d MiB on 64 processors", took>>20)
	}
}
