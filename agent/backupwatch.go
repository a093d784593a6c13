package main

import (
	"context"
	"time"

	"neo4j-agent/agent/health"
	"neo4j-agent/agent/snapshot"
)

// Pace of looking into the bucket: each look asks at least four times, and S3 takes 0.005 USD for a thousand
// (https://aws.amazon.com/s3/pricing/), which makes 0.17 USD a month for a member.
const (
	backupsEvery = 5 * time.Minute
	backupsLimit = time.Minute
)

// watchBackups keeps what /status tells of the backups up to date, where there is a bucket.
func (s *server) watchBackups(ctx context.Context) {
	if s.settings.BackupBucket == "" {
		return
	}
	ticks := time.NewTicker(backupsEvery)
	defer ticks.Stop()
	said := ""
	for {
		seen, err := s.lookAtBackups(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			if before := s.backups.Load(); before != nil {
				seen = *before
			}
			seen.Trouble = err.Error()
		}
		if seen.Trouble != said && seen.Trouble != "" {
			s.log.Warn().Msg("cannot tell which backups there are, trying again: " + seen.Trouble)
		}
		said = seen.Trouble
		s.backups.Store(&seen)
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
	}
}

// lookAtBackups lists the bucket. Archives of the system replaced do not count: nobody knows of which cluster they are.
func (s *server) lookAtBackups(ctx context.Context) (health.Backups, error) {
	ctx, cancel := context.WithTimeout(ctx, backupsLimit)
	defer cancel()
	var seen health.Backups
	client, err := s3Client(ctx, s.settings)
	if err != nil {
		return seen, err
	}
	found, err := snapshot.List(ctx, client, s.settings.BackupBucket, layoutInBucket(s.settings))
	if err != nil {
		return seen, err
	}
	seen = counted(found, s.settings.BackupBucket)
	seen.Listed = time.Now().UTC()
	return seen, nil
}

// counted are the backups of a list, the newest first. One that lacks databases counts as neither.
func counted(found []snapshot.Backup, bucket string) (seen health.Backups) {
	for _, b := range found {
		switch {
		case b.Old, b.Partial && !b.Verified:
		case !b.Verified:
			seen.Unverified++
		default:
			if seen.Verified++; seen.Verified == 1 {
				seen.Newest, seen.Bytes, seen.Backup = b.Time, b.Size, "s3://"+bucket+"/"+b.Key
			}
		}
	}
	return seen
}
