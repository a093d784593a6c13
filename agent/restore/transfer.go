package restore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

// S3 advises ranges of 8 to 16 MB on as many connections as 85 to 90 MB/s each need to fill the line
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance-design-patterns.html). Half of that is
// taken, which costs twice the requests, so that six of them fit into the memory that the whole restore may have.
const (
	partSize = 4 << 20
	parts    = 6 // asked for or waiting to be read, of all streams together
)

// transfer reads objects in parts.
type transfer struct {
	objects objects
	part    int64
	pace    pace
	meter   *meter
	buffers chan []byte // nil until first used
}

func (r *run) transfer(from objects) *transfer {
	t := &transfer{objects: from, part: r.part, pace: r.pace, meter: r.meter, buffers: make(chan []byte, parts)}
	for range parts {
		t.buffers <- nil
	}
	return t
}

// fill reads len(buf) bytes from offset on, again from where it stopped after trouble that may pass.
func (t *transfer) fill(ctx context.Context, o object, offset int64, buf []byte) error {
	doing := fmt.Sprintf("read %s%s", t.objects, o.key)
	asked := time.Now() // a slow disk keeps us from asking
	for try := 1; len(buf) > 0; try++ {
		n, err := t.attempt(ctx, o, offset, buf)
		buf, offset = buf[n:], offset+int64(n)
		if err == nil {
			return nil
		}
		if n > 0 {
			try = 0
		}
		moved := t.meter.lastMoved()
		if moved.Before(asked) {
			moved = asked
		}
		if err := t.pace.giveUp(ctx, doing, err, moved); err != nil {
			return err
		}
		t.pace.pause(ctx, try)
	}
	return nil
}

// attempt asks once, and ends when the answer stands still.
func (t *transfer) attempt(ctx context.Context, o object, offset int64, buf []byte) (int, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watch := time.AfterFunc(t.pace.stall, func() { cancel(errStalled) })
	defer watch.Stop()
	body, err := t.objects.read(ctx, o, offset, int64(len(buf)))
	if err != nil {
		return 0, stalled(ctx, err)
	}
	defer func() { _ = body.Close() }()
	for got := 0; ; {
		n, err := body.Read(buf[got:])
		got += n
		t.meter.add(int64(n))
		switch {
		case got == len(buf):
			return got, nil
		case err == io.EOF:
			return got, io.ErrUnexpectedEOF
		case err != nil:
			return got, stalled(ctx, err)
		case n > 0:
			watch.Reset(t.pace.stall)
		}
	}
}

// stalled tells the watch's end of an attempt from other trouble.
func stalled(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); errors.Is(cause, errStalled) {
		return cause
	}
	return err
}

// stream reads a range in order while the parts after are being fetched. Not for concurrent use.
type stream struct {
	t       *transfer
	cancel  context.CancelFunc
	queue   chan chan part // in order
	working sync.WaitGroup
	now     part
	rest    []byte
	ended   error // why the queue ended before the range did, set before it is closed
}

type part struct {
	buf []byte
	n   int
	err error
}

// open starts a stream. It must be closed.
func (t *transfer) open(ctx context.Context, o object, offset, length int64) *stream {
	ctx, cancel := context.WithCancel(ctx)
	s := &stream{t: t, cancel: cancel, queue: make(chan chan part, parts)}
	s.working.Go(func() {
		defer close(s.queue)
		for length > 0 {
			size := min(length, t.part)
			select {
			case <-ctx.Done():
				s.ended = ctx.Err()
				return
			case buf := <-t.buffers:
				s.fetch(ctx, o, offset, size, buf)
			}
			offset, length = offset+size, length-size
		}
	})
	return s
}

// fetch starts the next part. The queue always has room: it is as long as there are buffers.
func (s *stream) fetch(ctx context.Context, o object, offset, size int64, buf []byte) {
	if buf == nil {
		buf = make([]byte, s.t.part)
	}
	result := make(chan part, 1)
	s.queue <- result
	s.working.Go(func() {
		result <- part{buf, int(size), s.t.fill(ctx, o, offset, buf[:size])}
	})
}

func (s *stream) Read(p []byte) (int, error) {
	for len(s.rest) == 0 {
		s.giveBack()
		result, more := <-s.queue
		if !more {
			return 0, cmp.Or(s.ended, io.EOF)
		}
		if s.now = <-result; s.now.err != nil {
			err := s.now.err
			s.giveBack()
			return 0, err
		}
		s.rest = s.now.buf[:s.now.n]
	}
	n := copy(p, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}

func (s *stream) giveBack() {
	if s.now.buf != nil {
		s.t.buffers <- s.now.buf
	}
	s.now, s.rest = part{}, nil
}

// Close ends what is under way and waits for it.
func (s *stream) Close() error {
	s.cancel()
	s.giveBack()
	for result := range s.queue {
		s.now = <-result
		s.giveBack()
	}
	s.working.Wait()
	return nil
}
