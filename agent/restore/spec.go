package restore

import (
	"path"
	"path/filepath"
	"strings"
	"time"

	"neo4j-agent/agent/snapshot"
)

// spec is what SNAPSHOT_PATH asks for.
type spec struct {
	kind   specKind
	bucket string // of a key
	key    string // of a key; of a path the path
	// The newest is looked for among these kinds, not after that time where there is one.
	kinds  []snapshot.Kind
	before time.Time
}

type specKind int

const (
	nothing specKind = iota
	newest
	key
	local
)

// parseSpec reads SNAPSHOT_PATH.
func parseSpec(text string) (spec, error) {
	word, kind, _ := strings.Cut(text, "/")
	switch {
	case text == "":
		return spec{kind: nothing}, nil
	case text == "latest":
		return spec{kind: newest, kinds: snapshot.Kinds}, nil
	case word == "latest" && (kind == string(snapshot.Daily) || kind == string(snapshot.Hourly)):
		return spec{kind: newest, kinds: []snapshot.Kind{snapshot.Kind(kind)}}, nil
	case text[0] == '@':
		at, err := parseTime(text[1:])
		return spec{kind: newest, kinds: snapshot.Kinds, before: at}, err
	case filepath.IsAbs(text):
		return spec{kind: local, key: filepath.Clean(text)}, nil
	}
	bucket, rest, _ := strings.Cut(strings.TrimPrefix(text, "s3://"), "/")
	if bucket == "" || rest == "" || rest[0] == '/' || strings.Contains(bucket, ":") {
		return spec{}, refused("restore %q: it is none of bucket/key, s3://bucket/key, latest, latest/daily, @time or an absolute path", text)
	}
	return spec{kind: key, bucket: bucket, key: rest}, nil
}

// parseTime reads a time in RFC 3339, the seconds of which may be left out.
func parseTime(text string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00"} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, nil
		}
	}
	return time.Time{}, refused("restore @%s: it is not a time such as 2026-11-20T04:00Z", text)
}

// markerHint is the marker's name of an archive, known before anything was read: the file's name, as in the system
// replaced.
func (s spec) markerHint() string {
	switch s.kind {
	case key:
		return path.Base(s.key)
	case local:
		return filepath.Base(s.key)
	}
	return "latest"
}
