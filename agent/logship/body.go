package logship

import (
	"bytes"
	"context"
	"errors"
	"strconv"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// body is what a call of PutLogEvents carries, in the protocol awsJson1_1. The SDK would make it out of a list of events
// byte by byte, in memory of its own: that alone costs twice as much as all the rest of sending. It still signs and sends.
type body struct {
	mu   sync.Mutex
	text []byte
	at   bytes.Reader
}

// bodies are those that are not in use.
var bodies = sync.Pool{New: func() any { return &body{} }}

func newBody(group, stream string, events []event) *body {
	b := bodies.Get().(*body)
	w := object{to: append(b.text[:0], '{')}
	w.text("logGroupName", []byte(group))
	w.text("logStreamName", []byte(stream))
	w.raw("logEvents", []byte{'['})
	for i, e := range events {
		if i > 0 {
			w.to = append(w.to, ',')
		}
		w.to = append(w.to, '{')
		w.text("message", e.message)
		w.name("timestamp")
		w.to = append(strconv.AppendInt(w.to, e.time, 10), '}')
	}
	b.text = append(w.to, ']', '}')
	b.at.Reset(b.text)
	return b
}

// carry makes the call carry the body.
func (b *body) carry(o *cloudwatchlogs.Options) {
	o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
		return stack.Serialize.Add(middleware.SerializeMiddlewareFunc("logship body", b.put), middleware.After)
	})
}

func (b *body) put(ctx context.Context, in middleware.SerializeInput, next middleware.SerializeHandler) (middleware.SerializeOutput, middleware.Metadata, error) {
	request, ok := in.Request.(*smithyhttp.Request)
	if !ok {
		return middleware.SerializeOutput{}, middleware.Metadata{}, errors.New("cannot put the events into the call: it is not made over HTTP")
	}
	request, err := request.SetStream(b)
	if err != nil {
		return middleware.SerializeOutput{}, middleware.Metadata{}, err
	}
	in.Request = request
	return next.HandleSerialize(ctx, in)
}

// Read is for the transport, which may go on reading after the call has ended: see release.
func (b *body) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.at.Read(p)
}

// Seek rewinds the body after it was read for the signature.
func (b *body) Seek(offset int64, whence int) (int64, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.at.Seek(offset, whence)
}

// release ends the body, whoever still reads it, and lets its memory be used again.
func (b *body) release() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.at.Reset(nil)
	if cap(b.text) <= batchBytes {
		bodies.Put(&body{text: b.text})
	}
}
