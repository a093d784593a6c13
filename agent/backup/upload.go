package backup

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager"
	"github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Limits of multipart uploads, https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html, and what suits them.
const (
	mostParts = 10_000
	// leastPart is what the transfer guides advise (8 to 16 MiB); S3 takes 5 MiB.
	leastPart = 8 << 20
	// partMemory is for all parts at work, as long as they can be that small: up to 120 GiB of an object.
	partMemory = 48 << 20
	mostSends  = 4
)

// partsFor gives the size of the parts of an object of at most so many bytes, and how many are sent at once. The
// transfer manager holds two parts more than it sends.
func partsFor(most int64) (size int64, sends int) {
	size = max(leastPart, (most/mostParts>>20+1)<<20)
	return size, int(min(mostSends, max(1, partMemory/size-2)))
}

// stored is what an upload made.
type stored struct {
	size   int64
	sha256 string
}

// upload makes one object of what write writes, at most most bytes, while it is being written. Each part carries its
// checksum (CRC32), which S3 verifies. An object that exists is never replaced. After an error there is no object, and
// no parts if S3 can be reached.
func (b bucket) upload(ctx context.Context, key string, most int64, write func(io.Writer) error) (stored, error) {
	size, sends := partsFor(most)
	transfer := transfermanager.New(b.api, func(o *transfermanager.Options) {
		o.PartSizeBytes, o.MultipartUploadThreshold, o.Concurrency = size, size, sends
		o.ChecksumAlgorithm = types.ChecksumAlgorithmCrc32
		o.FailTimeout = callLimit
	})
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	from, to := io.Pipe()
	digest := &digester{to: to, hash: sha256.New()}
	written := make(chan error, 1)
	go func() {
		err := write(digest)
		_ = to.CloseWithError(err) // nil is the end of the object
		written <- err
	}()
	stop := context.AfterFunc(ctx, func() { _ = from.CloseWithError(context.Cause(ctx)) })
	defer stop()
	own := map[string]string{"run": rand.Text()}
	_, err := transfer.UploadObject(ctx, &transfermanager.UploadObjectInput{
		Bucket: &b.name, Key: &key, Body: from, IfNoneMatch: aws.String("*"), Metadata: own,
	})
	_ = from.CloseWithError(errUploadOver)
	if writeErr := <-written; writeErr != nil && !errors.Is(writeErr, errUploadOver) {
		return stored{}, writeErr
	}
	if err != nil && (!isTaken(err) || !b.holds(ctx, key, own["run"], digest.size)) {
		return stored{}, &s3Error{"upload " + b.url(key), err}
	}
	return digest.result(), nil
}

// holds tells whether an object is what this call uploaded: a try whose answer was lost makes the next one find our own.
func (b bucket) holds(ctx context.Context, key, run string, size int64) bool {
	ctx, cancel := context.WithTimeout(ctx, smallLimit)
	defer cancel()
	there, err := b.api.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &b.name, Key: &key})
	return err == nil && there.Metadata["run"] == run && aws.ToInt64(there.ContentLength) == size
}

// errUploadOver ends the writer of an upload that has failed.
var errUploadOver = errors.New("the upload is over")

// digester takes the digest of what passes.
type digester struct {
	to   io.Writer
	size int64
	hash hash.Hash
}

func (d *digester) Write(p []byte) (int, error) {
	n, err := d.to.Write(p)
	d.size += int64(n)
	_, _ = d.hash.Write(p[:n])
	return n, err
}

func (d *digester) result() stored {
	return stored{size: d.size, sha256: hex.EncodeToString(d.hash.Sum(nil))}
}
