package restore

import (
	"bufio"
	"errors"
	"io"
	"runtime"
	"sync"

	"github.com/klauspost/compress/zstd"

	"neo4j-agent/agent/snapshot"
)

// largestWindow bounds the memory that a zstd archive may ask for, in bytes. The zstd program stays at 8 MiB up to
// level 19.
const largestWindow = 16 << 20

// framesAtWork is how many frames are decompressed or wait for their turn: 6 MiB with what they become.
const framesAtWork = 6

// frames decompresses zstd. Of the small frames that our own backups consist of several are decompressed at once, since
// one core is slower than a disk; from the first frame of another kind on it is one stream. Not for concurrent use.
type frames struct {
	in      *bufio.Reader
	decoder *zstd.Decoder
	free    chan *frame // to be filled
	queue   chan *frame // in order
	closed  chan struct{}
	working sync.WaitGroup
	now     *frame
	rest    []byte        // of now
	stream  io.ReadCloser // what follows the small frames
}

type frame struct {
	packed, content []byte
	err             error // also of reading it; errLarge stands for all that follows
	done            chan struct{}
}

// errLarge says that the stream does not go on with a small frame.
var errLarge = errors.New("the frame is not a small one")

// unzstd decompresses; the reader must be closed.
func unzstd(r io.Reader) (io.ReadCloser, error) {
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderMaxWindow(largestWindow), zstd.WithDecoderConcurrency(min(runtime.GOMAXPROCS(0), framesAtWork)))
	if err != nil {
		return nil, err
	}
	f := &frames{
		in: bufio.NewReaderSize(r, packedFrame), decoder: decoder, closed: make(chan struct{}),
		free: make(chan *frame, framesAtWork), queue: make(chan *frame, framesAtWork),
	}
	for range framesAtWork {
		f.free <- &frame{}
	}
	f.working.Go(f.split)
	return f, nil
}

// split has frame after frame decompressed, until there is one that is not small.
func (f *frames) split() {
	for {
		select {
		case <-f.closed:
			return
		case next := <-f.free:
			next.done = make(chan struct{})
			next.packed, next.err = smallFrame(f.in, next.packed[:0])
			f.queue <- next // which has room for all
			if next.err != nil {
				close(next.done)
				return
			}
			f.working.Go(func() {
				defer close(next.done)
				next.content, next.err = f.decoder.DecodeAll(next.packed, next.content[:0])
			})
		}
	}
}

func (f *frames) Read(p []byte) (int, error) {
	for len(f.rest) == 0 && f.stream == nil {
		if err := f.next(); err != nil {
			return 0, err
		}
	}
	if f.stream != nil {
		return f.stream.Read(p)
	}
	n := copy(p, f.rest)
	f.rest = f.rest[n:]
	return n, nil
}

// next waits for the frame whose turn it is. After an error it gives that again.
func (f *frames) next() error {
	if f.now == nil || f.now.err == nil {
		if f.now != nil {
			f.free <- f.now
		}
		f.now = <-f.queue
		<-f.now.done
	}
	switch {
	case errors.Is(f.now.err, errLarge):
		stream, err := zstd.NewReader(f.in, zstd.WithDecoderMaxWindow(largestWindow), zstd.WithDecoderLowmem(true), zstd.WithDecoderConcurrency(2))
		if err != nil {
			return err
		}
		f.stream = stream.IOReadCloser()
	case f.now.err != nil:
		return f.now.err
	default:
		f.rest = f.now.content
	}
	return nil
}

// Close ends what is under way and waits for it.
func (f *frames) Close() error {
	close(f.closed)
	f.working.Wait()
	f.decoder.Close()
	if f.stream != nil {
		return f.stream.Close()
	}
	return nil
}

// packedFrame is the most that a small frame has: a block of at most 128 KiB that cannot be compressed is stored as it
// is, with a header of three bytes (RFC 8878, 3.1.1.2).
const packedFrame = snapshot.FrameSize + 4<<10

// smallFrame reads a whole frame, checksum and all, into buf. If the next one does not say that it is small, or is cut
// off, nothing of it is read and the error is errLarge. io.EOF is a clean end.
func smallFrame(in *bufio.Reader, buf []byte) ([]byte, error) {
	start, err := in.Peek(zstd.HeaderMaxSize)
	if len(start) == 0 || err != nil && err != io.EOF {
		return buf, err
	}
	var header zstd.Header
	if header.Decode(start) != nil || !header.HasFCS || header.FrameContentSize > snapshot.FrameSize {
		return buf, errLarge
	}
	size := header.HeaderSize
	for last := false; !last; {
		size += 3
		blocks, err := in.Peek(size)
		if err != nil {
			return buf, large(err)
		}
		var length int
		last, length = blockHeader(blocks[size-3:])
		size += length
	}
	if header.HasCheckSum {
		size += 4
	}
	whole, err := in.Peek(size)
	if err != nil {
		return buf, large(err)
	}
	buf = append(buf, whole...)
	_, err = in.Discard(size)
	return buf, err
}

// blockHeader reads whether a block is the last one, and how many bytes follow its header (RFC 8878, 3.1.1.2).
func blockHeader(b []byte) (last bool, length int) {
	const repeated = 1 // the kind of a block of one byte, however often that is repeated
	fields := int(b[0]) | int(b[1])<<8 | int(b[2])<<16
	last, length = fields&1 == 1, fields>>3
	if fields>>1&3 == repeated {
		length = 1
	}
	return last, length
}

// large turns the ends of a Peek that the stream tells better into errLarge.
func large(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, bufio.ErrBufferFull) {
		return errLarge
	}
	return err
}
