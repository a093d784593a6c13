package backup

import (
	"io"
	"runtime"
	"sync/atomic"

	"github.com/klauspost/compress/zstd"

	"neo4j-agent/agent/snapshot"
)

// framesAtWork is how many frames are compressed or wait to be written: 6 MiB with what they are made of.
const framesAtWork = 6

// framer compresses what it is given with zstd, as frames of snapshot.FrameSize bytes that are made several at once and
// written in order. It must be closed. Not for concurrent use.
type framer struct {
	to      io.Writer
	encoder *zstd.Encoder
	filling *frame
	free    chan *frame
	queue   chan *frame // in order
	failed  atomic.Pointer[error]
	written chan struct{} // closed after the last frame
}

type frame struct {
	content, packed []byte
	done            chan struct{}
}

func newFramer(to io.Writer) (*framer, error) {
	// The fastest level: a step up halves the rate for a few per cent of size. A single segment is what carries its size.
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(snapshot.FrameSize),
		zstd.WithSingleSegment(true), zstd.WithEncoderConcurrency(min(runtime.GOMAXPROCS(0), framesAtWork)))
	if err != nil {
		return nil, err
	}
	f := &framer{
		to: to, encoder: encoder, filling: &frame{}, written: make(chan struct{}),
		free: make(chan *frame, framesAtWork), queue: make(chan *frame, framesAtWork),
	}
	for range framesAtWork - 1 {
		f.free <- &frame{}
	}
	go f.write()
	return f, nil
}

// Write gives the error of a frame that could not be written, which may be one of before.
func (f *framer) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		n := min(len(rest), snapshot.FrameSize-len(f.filling.content))
		f.filling.content = append(f.filling.content, rest[:n]...)
		rest = rest[n:]
		if len(f.filling.content) < snapshot.FrameSize {
			continue
		}
		f.compress()
		f.filling = <-f.free
		if err := f.failed.Load(); err != nil {
			return 0, *err
		}
	}
	return len(p), nil
}

// Close writes the last frame and waits until all are written.
func (f *framer) Close() error {
	if len(f.filling.content) > 0 {
		f.compress()
	}
	close(f.queue)
	<-f.written
	if err := f.failed.Load(); err != nil {
		return *err
	}
	return f.encoder.Close()
}

// compress starts the frame that is filled.
func (f *framer) compress() {
	next := f.filling
	next.done = make(chan struct{})
	f.queue <- next // which has room for all
	go func() {
		defer close(next.done)
		next.packed = f.encoder.EncodeAll(next.content, next.packed[:0])
	}()
}

// write writes the frames until one fails. The others after it are thrown away.
func (f *framer) write() {
	defer close(f.written)
	for next := range f.queue {
		<-next.done
		if f.failed.Load() == nil {
			if _, err := f.to.Write(next.packed); err != nil {
				f.failed.Store(&err)
			}
		}
		next.content = next.content[:0]
		f.free <- next
	}
}
