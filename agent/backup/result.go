package backup

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"time"

	"neo4j-agent/agent/snapshot"
)

// Outcome is how a run ended, in one word.
type Outcome string

// The outcomes.
const (
	Done   Outcome = "done"
	Busy   Outcome = "busy" // another run is active, and it was asked to leave
	Failed Outcome = "failed"
)

// Result is how a run ended; its JSON is the command's last line.
type Result struct {
	Outcome   Outcome       `json:"result"`
	Error     string        `json:"error,omitempty"`
	Cluster   string        `json:"cluster"`
	Backup    string        `json:"backup,omitempty"` // s3://bucket/folder/
	Kind      snapshot.Kind `json:"kind,omitempty"`
	Time      time.Time     `json:"time,omitzero"`
	Neo4j     string        `json:"neo4j,omitempty"`
	Type      string        `json:"type,omitempty"`
	Why       string        `json:"why,omitempty"`
	Databases []string      `json:"databases,omitempty"`
	Partial   bool          `json:"partial,omitempty"` // the server has more of them
	Missing   []string      `json:"missing,omitempty"` // these, as far as known
	Stopped   []string      `json:"stopped,omitempty"` // left out, since somebody had stopped them
	Sources   []string      `json:"sources,omitempty"` // of the databases, in their order
	Bytes     int64         `json:"bytes"`             // uploaded
	Verified  string        `json:"verified,omitempty"`
	Seconds   float64       `json:"seconds"`

	newest time.Time // verified backup that is known
	ended  time.Time
}

// NotRun is the result of a run that failed before it could begin.
func NotRun(cluster string, started time.Time, err error) Result {
	r := Result{Cluster: cluster}
	r.end(started, err)
	return r
}

// Age looks for the newest verified backup where the run did not get as far, so that its age is told also while no run does.
func (r *Result) Age(ctx context.Context, api snapshot.Lister, bucket string, layout snapshot.Layout) error {
	if !r.newest.IsZero() {
		return nil
	}
	known, err := snapshot.List(ctx, api, bucket, layout)
	if err != nil {
		return &s3Error{"list the backups in s3://" + bucket + "/", err}
	}
	r.newest = newestOf(known)
	return nil
}

// newestOf is the time of the newest verified backup of a list, which has the newest first.
func newestOf(known []snapshot.Backup) time.Time {
	for _, b := range known {
		if b.Verified && !b.Old {
			return b.Time
		}
	}
	return time.Time{}
}

func (r *Result) end(started time.Time, err error) {
	r.ended = time.Now()
	r.Seconds = math.Round(r.ended.Sub(started).Seconds()*1000) / 1000
	r.Outcome = Done
	if err != nil {
		r.Outcome, r.Error = Failed, err.Error()
		var busy *BusyError
		if errors.As(err, &busy) {
			r.Outcome = Busy
		}
	}
}

// JSON is the result in one line, without its end.
func (r Result) JSON() ([]byte, error) { return json.Marshal(r) }

// metric is one of the CloudWatch embedded metric format,
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
type metric struct {
	Name string
	Unit string
}

// MetricNamespace is where the metrics are found in CloudWatch, with the dimension Cluster.
const MetricNamespace = "neo4j-agent"

// Metrics is a line that makes CloudWatch Logs keep metrics: BackupSuccess (1 or 0), BackupDuration, BackupBytes of one
// that succeeded, and BackupAge of the newest verified one if one is known. A run that left since another one was
// active has none.
func (r Result) Metrics() ([]byte, error) {
	if r.Outcome == Busy {
		return nil, nil
	}
	line := map[string]any{"Cluster": r.Cluster, "BackupSuccess": 0, "BackupDuration": r.Seconds}
	metrics := []metric{{"BackupSuccess", "Count"}, {"BackupDuration", "Seconds"}}
	if r.Outcome == Done {
		line["BackupSuccess"], line["BackupBytes"] = 1, r.Bytes
		metrics = append(metrics, metric{"BackupBytes", "Bytes"})
	}
	if !r.newest.IsZero() {
		line["BackupAge"] = math.Round(r.ended.Sub(r.newest).Seconds())
		metrics = append(metrics, metric{"BackupAge", "Seconds"})
	}
	line["_aws"] = map[string]any{
		"Timestamp": r.ended.UnixMilli(),
		"CloudWatchMetrics": []any{map[string]any{
			"Namespace": MetricNamespace, "Dimensions": [][]string{{"Cluster"}}, "Metrics": metrics,
		}},
	}
	return json.Marshal(line)
}
