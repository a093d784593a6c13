package backup

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"

	"neo4j-agent/agent/callerror"
)

const (
	// leaseLife is how long a dead run on another machine keeps the next one out.
	leaseLife = 2 * time.Minute
	// leaseRenewal leaves room for a renewal that S3 throttles.
	leaseRenewal = leaseLife / 6
	// longestLease bounds what is read of one, in bytes.
	longestLease = 4096
)

// lease keeps runs on different machines apart: one small object, written only under the condition that it is as it was
// read (If-None-Match, If-Match), and aged by S3's own clock. It saves the databases work; that a backup is whole does
// not depend on it.
type lease struct {
	bucket
	key     string
	holder  string        // the working folder, whose lock this run has
	every   time.Duration // between renewals
	version string        // ETag of what we wrote last
	since   time.Time     // when it was written last, by S3's clock
}

// leaseText is what the object holds.
type leaseText struct {
	Holder  string `json:"holder"`
	Seconds int    `json:"seconds"` // from the object's last change on
	Free    bool   `json:"free,omitempty"`
}

// take gets the lease, waiting for another run as long as asked.
func (l *lease) take(ctx context.Context, wait time.Duration) error {
	deadline := time.Now().Add(wait)
	for {
		version, free, err := l.look(ctx)
		if err != nil {
			return err
		}
		if free {
			err := l.put(ctx, version, false)
			if err == nil || !isTaken(err) {
				return err
			}
			continue
		}
		if !time.Now().Before(deadline) {
			return &BusyError{Where: l.url(l.key), Wait: wait}
		}
		if err := pause(ctx, lookAgain); err != nil {
			return err
		}
	}
}

// look tells whether the lease can be had, and of which version; empty where there is none. One of this folder's is our
// own or a dead run's, since we have the folder's lock.
func (l *lease) look(ctx context.Context) (version string, free bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, smallLimit)
	defer cancel()
	out, err := l.api.GetObject(ctx, &s3.GetObjectInput{Bucket: &l.name, Key: &l.key})
	if callerror.Status(err) == http.StatusNotFound && !noBucket(err) {
		return "", true, nil
	}
	if err != nil {
		return "", false, &s3Error{"read the lease " + l.url(l.key), err}
	}
	raw, err := io.ReadAll(io.LimitReader(out.Body, longestLease))
	if err = errors.Join(err, out.Body.Close()); err != nil {
		return "", false, &s3Error{"read the lease " + l.url(l.key), err}
	}
	var text leaseText
	if err := json.Unmarshal(raw, &text); err != nil {
		return "", false, fmt.Errorf("cannot read the lease %s: %v", l.url(l.key), err)
	}
	over := serverTime(out.ResultMetadata).Sub(aws.ToTime(out.LastModified)) > time.Duration(text.Seconds)*time.Second
	return aws.ToString(out.ETag), text.Free || over || text.Holder == l.holder, nil
}

// put writes the lease over the version that was read.
func (l *lease) put(ctx context.Context, version string, free bool) error {
	text, err := json.Marshal(leaseText{Holder: l.holder, Seconds: int(leaseLife.Seconds()), Free: free})
	if err != nil {
		return err
	}
	in := &s3.PutObjectInput{Bucket: &l.name, Key: &l.key, Body: bytes.NewReader(text), IfMatch: aws.String(version)}
	if version == "" {
		in.IfMatch, in.IfNoneMatch = nil, aws.String("*")
	}
	out, err := l.api.PutObject(ctx, in)
	if err != nil {
		return &s3Error{"write the lease " + l.url(l.key), err}
	}
	l.version, l.since = aws.ToString(out.ETag), serverTime(out.ResultMetadata)
	return nil
}

// keep renews the lease until release. The context that it gives ends with ErrLeaseLost when another run has it.
func (l *lease) keep(ctx context.Context) (kept context.Context, release func()) {
	kept, lose := context.WithCancelCause(ctx)
	stop := make(chan struct{})
	var done sync.WaitGroup
	done.Go(func() {
		ticker := time.NewTicker(l.every)
		defer ticker.Stop()
		renewed := time.Now()
		for {
			select {
			case <-stop:
				return
			case <-ticker.C:
				begun := time.Now()
				switch err := l.renew(kept); {
				case err == nil:
					renewed = begun
				case isTaken(err), time.Since(renewed) >= leaseLife-leaseRenewal: // else there is time to try again
					lose(err)
				}
			}
		}
	})
	return kept, func() {
		close(stop)
		done.Wait()
		lose(nil)
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), callLimit)
		defer cancel()
		_ = l.put(last, l.version, true) // else it runs out by itself
	}
}

// renew writes the lease again. Trouble with S3 is no loss before the next run may take over; an answer that got lost
// makes our own write look like another's.
func (l *lease) renew(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, leaseLife-leaseRenewal)
	defer cancel()
	err := l.put(limited, l.version, false)
	if err != nil && isTaken(err) {
		version, ours, lookErr := l.look(limited)
		if lookErr == nil && ours && version != "" {
			err = l.put(limited, version, false)
		}
	}
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("%w: %w", ErrLeaseLost, err)
	}
	return nil
}

// serverTime is S3's clock, in seconds, or ours where it does not tell.
func serverTime(metadata middleware.Metadata) time.Time {
	if now, known := awsmiddleware.GetServerTime(metadata); known {
		return now
	}
	return time.Now()
}
