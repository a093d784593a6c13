package health

import "time"

// Backups tells which backups of this cluster lie in the bucket, as they were last listed. It never changes the phase.
type Backups struct {
	Newest     time.Time `json:"newest,omitzero"`  // time of the newest verified one
	Backup     string    `json:"backup,omitempty"` // that one, as SNAPSHOT_PATH takes it
	Bytes      int64     `json:"bytes,omitempty"`  // of that one, compressed
	Verified   int       `json:"verified"`         // how many there are
	Unverified int       `json:"unverified"`       // under way, broken off, or not good
	Listed     time.Time `json:"listed,omitzero"`  // when
	Trouble    string    `json:"trouble,omitempty"`
}

// backupReadings are what is told of the backups where there is a bucket.
var backupReadings = []reading[Backups]{
	{gauge("backup_newest_timestamp_seconds", "Time of the newest verified backup in the bucket; 0 for none."), func(b Backups) float64 { return seconds(b.Newest) }},
	{gauge("backup_newest_bytes", "Size of that backup in the bucket."), func(b Backups) float64 { return float64(b.Bytes) }},
	{gauge("backups_verified", "Verified backups in the bucket."), func(b Backups) float64 { return float64(b.Verified) }},
	{gauge("backups_unverified", "Backups that are under way, broken off, or did not pass their check."), func(b Backups) float64 { return float64(b.Unverified) }},
	{gauge("backups_listed_timestamp_seconds", "When the bucket was last listed; 0 for never."), func(b Backups) float64 { return seconds(b.Listed) }},
	{gauge("backups_trouble", "Whether the bucket cannot be listed; /status says why."), func(b Backups) float64 { return yes(b.Trouble != "") }},
}
