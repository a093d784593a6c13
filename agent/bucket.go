package main

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"neo4j-agent/agent/settings"
	"neo4j-agent/agent/snapshot"
)

// s3Client is a client of S3, or of what AWS_ENDPOINT_URL names. A server of somebody's own has no name for each bucket, so
// that there the bucket stands in the path.
func s3Client(ctx context.Context, s *settings.Settings) (*s3.Client, error) {
	loaded, err := awsConfig(ctx, s)
	if err != nil {
		return nil, err
	}
	return s3.NewFromConfig(loaded, func(o *s3.Options) {
		o.UsePathStyle = s.AWS.EndpointURL != "" || s.AWS.Endpoints["S3"] != ""
	}), nil
}

// layoutInBucket is where this cluster's backups lie.
func layoutInBucket(s *settings.Settings) snapshot.Layout {
	return snapshot.Layout{Prefix: s.BackupPrefix, Cluster: s.ClusterName}
}
