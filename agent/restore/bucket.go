package restore

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"neo4j-agent/agent/callerror"
	"neo4j-agent/agent/snapshot"
)

// S3 is satisfied by *s3.Client.
type S3 interface {
	snapshot.Lister
	Reader
	Writer
}

// Reader reads objects and what is known of them.
type Reader interface {
	GetObject(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error)
	HeadObject(context.Context, *s3.HeadObjectInput, ...func(*s3.Options)) (*s3.HeadObjectOutput, error)
}

// Writer writes pins.
type Writer interface {
	PutObject(context.Context, *s3.PutObjectInput, ...func(*s3.Options)) (*s3.PutObjectOutput, error)
}

// bucket is one bucket of S3.
type bucket struct {
	api  S3
	name string
}

func (b bucket) String() string { return "s3://" + b.name + "/" }

// oneTry leaves retries to us, who know how much of a part has arrived; and the SDK need not say in the log that it
// does not check the checksums of ranges.
func oneTry(o *s3.Options) {
	o.Retryer = aws.NopRetryer{}
	o.DisableLogOutputChecksumValidationSkipped = true
}

func (b bucket) stat(ctx context.Context, key string) (object, error) {
	in := &s3.HeadObjectInput{Bucket: &b.name, Key: &key, ChecksumMode: types.ChecksumModeEnabled}
	head, err := b.api.HeadObject(ctx, in, oneTry)
	if err != nil {
		return object{}, err
	}
	o := object{key: key, size: aws.ToInt64(head.ContentLength), version: aws.ToString(head.ETag), checksum: checksumOf(head)}
	if o.checksum.parts > 1 { // all parts but the last have the size of the first
		in.PartNumber, in.IfMatch = aws.Int32(1), head.ETag
		first, err := b.api.HeadObject(ctx, in, oneTry)
		if err != nil {
			return object{}, err
		}
		o.checksum.partSize = aws.ToInt64(first.ContentLength)
	}
	return o, nil
}

func (b bucket) read(ctx context.Context, o object, offset, length int64) (io.ReadCloser, error) {
	out, err := b.api.GetObject(ctx, &s3.GetObjectInput{
		Bucket: &b.name, Key: &o.key, IfMatch: aws.String(o.version),
		Range: aws.String(fmt.Sprintf("bytes=%d-%d", offset, offset+length-1)),
	}, oneTry)
	if err != nil {
		return nil, err
	}
	// A proxy that does not know ranges answers with the whole object.
	if want := fmt.Sprintf("bytes %d-%d/%d", offset, offset+length-1, o.size); aws.ToString(out.ContentRange) != want {
		_ = out.Body.Close()
		return nil, corrupt("read s3://%s/%s: asked for %q, the server gave %q", b.name, o.key, want, aws.ToString(out.ContentRange))
	}
	return out.Body, nil
}

// get reads a small object whole.
func (b bucket) get(ctx context.Context, key string, longest int64) ([]byte, error) {
	out, err := b.api.GetObject(ctx, &s3.GetObjectInput{Bucket: &b.name, Key: &key}, oneTry)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(out.Body, longest))
	return text, errors.Join(err, out.Body.Close())
}

// putNew writes an object that must not be there yet.
func (b bucket) putNew(ctx context.Context, key string, text []byte) error {
	_, err := b.api.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &b.name, Key: &key, Body: bytes.NewReader(text), IfNoneMatch: aws.String("*"),
	}, oneTry)
	return err
}

// errTooSoon are refusals that pass (https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html).
var errTooSoon = map[string]bool{"RequestTimeout": true, "ExpiredToken": true, "RequestTimeTooSkewed": true, "OperationAborted": true}

// final gives the error of this package for trouble that asking again does not change, nil for all other.
func final(doing string, err error) error {
	var known *Error
	if errors.As(err, &known) {
		return err
	}
	code := callerror.Code(err)
	if errTooSoon[code] {
		return nil
	}
	switch callerror.Status(err) {
	case http.StatusNotFound:
		return Fail(Missing, "%s: %s", doing, reason(err))
	case http.StatusForbidden, http.StatusUnauthorized:
		return Fail(Denied, "%s: %s (a key that is not there also looks like this without s3:ListBucket)", doing, reason(err))
	case http.StatusPreconditionFailed, http.StatusRequestedRangeNotSatisfiable:
		return Fail(Later, "%s: it was replaced while it was read", doing)
	case http.StatusBadRequest, http.StatusMovedPermanently, http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return Fail(Refused, "%s: %s", doing, reason(err))
	}
	return nil
}

// reason is the cause without request ids, so that a log line about it is written once.
func reason(err error) string {
	var api smithy.APIError
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return "no answer in time"
	case errors.As(err, &api):
		return strings.TrimSuffix(api.ErrorCode()+": "+api.ErrorMessage(), ": ")
	case callerror.Status(err) != 0:
		return fmt.Sprintf("HTTP status %d %s", callerror.Status(err), http.StatusText(callerror.Status(err)))
	}
	var operation *smithy.OperationError
	if errors.As(err, &operation) {
		return cmp.Or(operation.Err.Error(), err.Error())
	}
	return err.Error()
}
