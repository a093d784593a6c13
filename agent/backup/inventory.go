package backup

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"neo4j-agent/agent/callerror"
	"neo4j-agent/agent/snapshot"
)

// State is what a backup in the bucket is worth.
type State string

// The states. Who looks for the newest takes verified ones only.
const (
	IsVerified  State = "verified"
	IsPartial   State = "partial"      // verified, and it lacks databases: taken only where its key is named
	NotVerified State = "not verified" // under way, or its check did not pass
	Unfinished  State = "unfinished"   // under way, or the run died
	Unreadable  State = "unreadable"   // its manifest
)

// Entry is one backup for the list.
type Entry struct {
	Time      time.Time     `json:"time"`
	Kind      snapshot.Kind `json:"kind"`
	State     State         `json:"state"`
	Bytes     int64         `json:"bytes"`
	Type      string        `json:"type,omitempty"`
	Neo4j     string        `json:"neo4j,omitempty"`
	Databases []string      `json:"databases,omitempty"`
	Missing   []string      `json:"missing,omitempty"` // from a partial one, as far as known
	Stopped   []string      `json:"stopped,omitempty"`
	Verified  string        `json:"verified,omitempty"` // how
	Problem   string        `json:"problem,omitempty"`
	Backup    string        `json:"backup"` // s3://bucket/key, as SNAPSHOT_PATH takes it
}

// readers is how many manifests are read at once.
const readers = 8

// Inventory lists the backups of a cluster, the newest first, with what their manifests say.
func Inventory(ctx context.Context, api *s3.Client, name string, layout snapshot.Layout) ([]Entry, error) {
	b := bucket{patient(api), name}
	known, err := snapshot.List(ctx, b.api, name, layout)
	if err != nil {
		return nil, &s3Error{"list the backups in " + b.url(""), err}
	}
	entries := make([]Entry, len(known))
	var all sync.WaitGroup
	room := make(chan struct{}, readers)
	for i, backup := range known {
		room <- struct{}{}
		all.Go(func() {
			defer func() { <-room }()
			entries[i] = b.entry(ctx, backup)
		})
	}
	all.Wait()
	return entries, ctx.Err()
}

func (b bucket) entry(ctx context.Context, backup snapshot.Backup) Entry {
	e := Entry{Time: backup.Time, Kind: backup.Kind, State: IsVerified, Bytes: backup.Size, Backup: b.url(backup.Key)}
	if backup.Old {
		return e
	}
	file := snapshot.Verified
	switch {
	case backup.Verified:
	case backup.Partial:
		file, e.State = snapshot.Partial, IsPartial
	default:
		file, e.State = snapshot.NotVerified, NotVerified
	}
	text, err := b.get(ctx, backup.Key+file, snapshot.LongestManifest)
	if callerror.Status(err) == http.StatusNotFound && e.State == NotVerified {
		e.State = Unfinished
		return e
	}
	var manifest *snapshot.Manifest
	if err == nil {
		manifest, err = snapshot.Parse(text)
	}
	if err != nil {
		e.State, e.Problem = Unreadable, err.Error()
		return e
	}
	e.Type, e.Neo4j, e.Databases = manifest.Type, manifest.Neo4j, manifest.Databases()
	e.Missing, e.Stopped = manifest.Missing, manifest.Stopped
	if manifest.Verification != nil {
		e.Verified = manifest.Verification.How
	}
	return e
}

// WriteTable writes the list for people.
func WriteTable(w io.Writer, entries []Entry) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "TIME\tKIND\tSTATE\tSIZE\tTYPE\tDATABASES\tBACKUP") // errors stay until Flush
	for _, e := range entries {
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", e.Time.Format("2006-01-02 15:04:05Z"), e.Kind, e.State,
			size(e.Bytes), orDash(e.Type), orDash(strings.Join(e.Databases, ",")), e.Backup)
	}
	return table.Flush()
}

// WriteJSON writes the list as JSON lines.
func WriteJSON(w io.Writer, entries []Entry) error {
	encoder := json.NewEncoder(w)
	for _, e := range entries {
		if err := encoder.Encode(e); err != nil {
			return err
		}
	}
	return nil
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

// size is a number of bytes in its largest unit.
func size(bytes int64) string {
	value, unit := float64(bytes), 0
	for value >= 1000 && unit < 5 {
		value /= 1000
		unit++
	}
	if unit == 0 {
		return fmt.Sprintf("%d B", bytes)
	}
	return fmt.Sprintf("%.1f %s", value, [...]string{"B", "kB", "MB", "GB", "TB", "PB"}[unit])
}
