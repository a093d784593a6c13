package backup

import (
	"context"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"neo4j-agent/agent/callerror"
	"neo4j-agent/agent/snapshot"
)

// abortLeftovers aborts the multipart uploads of dead runs, which cost as much as objects and are seen nowhere. Ours
// are those under the prefixes of this cluster, begun before this run had the lease, by S3's clock, which tells that
// in whole seconds. It gives how many.
func (b bucket) abortLeftovers(ctx context.Context, layout snapshot.Layout, before time.Time) (int, error) {
	count := 0
	for _, kind := range snapshot.Kinds {
		prefix := layout.Of(kind)
		pages := s3.NewListMultipartUploadsPaginator(b.api, &s3.ListMultipartUploadsInput{Bucket: &b.name, Prefix: &prefix})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return count, &s3Error{"list the uploads of dead runs in " + b.url(prefix), err}
			}
			for _, upload := range page.Uploads {
				if aws.ToTime(upload.Initiated).After(before.Add(time.Second)) {
					continue
				}
				err := b.abort(ctx, aws.ToString(upload.Key), aws.ToString(upload.UploadId))
				if err != nil {
					return count, err
				}
				count++
			}
		}
	}
	return count, nil
}

// abort is done when the upload is no more, whoever ended it.
func (b bucket) abort(ctx context.Context, key, id string) error {
	_, err := b.api.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &b.name, Key: &key, UploadId: &id})
	if err != nil && callerror.Status(err) != http.StatusNotFound {
		return &s3Error{"abort the upload of a dead run, " + b.url(key), err}
	}
	return nil
}
