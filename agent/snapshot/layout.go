package snapshot

import (
	"strings"
	"time"
)

// Kind is which retention a backup has.
type Kind string

// The kinds; each has its own prefix, so that lifecycle rules can tell them apart.
const (
	Hourly Kind = "hourly"
	Daily  Kind = "daily"
)

// Kinds are all kinds.
var Kinds = []Kind{Hourly, Daily}

// folderTime is how a folder is named: sortable, and without the colons that S3's users have trouble with
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html).
const folderTime = "2006-01-02T15-04-05Z"

// Layout is where the backups of one cluster lie in a bucket.
type Layout struct {
	Prefix  string // without slashes at its ends, or empty
	Cluster string
}

// Of is the prefix of all backups of a kind, with a slash at its end.
func (l Layout) Of(kind Kind) string { return l.under(string(kind)) }

// Pins is the prefix of the names that the members of a cluster agreed on.
func (l Layout) Pins() string { return l.under("pins") }

// Folder is the prefix of one backup, with a slash at its end. Times are kept to the second.
func (l Layout) Folder(kind Kind, at time.Time) string {
	return l.Of(kind) + at.UTC().Format(folderTime) + "/"
}

// Dumps is the prefix of the dumps that an upgrade makes, with a slash at its end.
func (l Layout) Dumps(at time.Time) string {
	return l.under("dumps") + at.UTC().Format(folderTime) + "/"
}

func (l Layout) under(name string) string {
	prefix := strings.Trim(l.Prefix, "/")
	if prefix != "" {
		prefix += "/"
	}
	return prefix + name + "/" + l.Cluster + "/"
}

// TimeOf reads the time out of a folder's last component, with or without a slash at its end.
func TimeOf(folder string) (time.Time, bool) {
	folder = strings.TrimSuffix(folder, "/")
	at, err := time.Parse(folderTime, folder[strings.LastIndexByte(folder, '/')+1:])
	return at, err == nil
}
