package logship

import "time"

// Limits of PutLogEvents, from https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html.
const (
	batchBytes  = 1_048_576 // messages in UTF-8 and eventCost for each
	eventCost   = 26        // bytes that each event counts beyond its message
	batchEvents = 10_000
	batchSpan   = 24 * time.Hour      // from the oldest to the newest event
	tooNew      = 2 * time.Hour       // in the future: rejected
	tooOld      = 14 * 24 * time.Hour // in the past: rejected
	// eventBytes is the longest message: "no larger than 1 MB", but with eventCost it must also fit in a batch.
	eventBytes = batchBytes - eventCost
)

// batchFill is how full a batch of several events is made: three tenths of what it might be, in which batchEvents of the
// smallest still fit. The memory that the pipeline and the SDK need, and what a crash repeats, are multiples of it, while
// calls are far from scarce (5,000 a second). Where each takes 100 ms a stream gets 3 MB/s, 10 MB/s where it takes 30. Full
// batches would be three times that, but serve then has 32.8 MB resident instead of 28.5 at most, and 30 are its
// bound (integration/bench, 120 MB).
const batchFill = batchBytes * 3 / 10

// Times of the pipeline that tests shorten.
var (
	// linger is how long the first event of a batch waits for others: it bounds the calls to one a second and stream.
	linger = time.Second
	// quiet is how long a file must not have grown before its last record counts as whole though no other follows.
	quiet = time.Second
	// lookEvery is the shortest time between two looks at a file: one look takes all that was written since.
	lookEvery = 200 * time.Millisecond
	// pollEvery is how often to look without being told: network and overlay file systems deliver no events.
	pollEvery = 2 * time.Second
)

const (
	// forgetAfter is how long a file must be missing before its place is forgotten. A listing taken while Neo4j renames
	// eight files may miss one of them.
	forgetAfter = time.Minute
	// putLimit bounds one call. A megabyte takes a slow line 10 s; the SDK itself would wait for ever.
	putLimit = 30 * time.Second
)
