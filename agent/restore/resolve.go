package restore

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"neo4j-agent/agent/snapshot"
)

// origin is a snapshot that was found.
type origin struct {
	objects  objects
	key      string // the folder with a slash at its end, or the archive
	name     string // of its marker
	checksum string // of the manifest or the archive, as far as known
	manifest *snapshot.Manifest
	archive  object // without a manifest
	folder   bool   // of files on this machine, without a manifest
	pin      *pin   // that the members agreed on
}

// String is where it lies.
func (o origin) String() string { return o.objects.String() + o.key }

// resolve finds what to restore.
func (r *run) resolve(ctx context.Context, wanted spec, known markers) (origin, error) {
	r.meter.say("finding the snapshot")
	switch wanted.kind {
	case newest:
		return r.newest(ctx, wanted, known)
	case local:
		return r.open(ctx, folder{}, wanted.key)
	}
	return r.open(ctx, r.bucket(wanted.bucket), wanted.key)
}

func (r *run) bucket(name string) objects { return bucket{api: r.S3, name: name} }

// newest finds the newest verified backup, the same one for all members of a cluster. Where they agreed on none, a
// restore that was broken off goes on with the one it had begun.
func (r *run) newest(ctx context.Context, wanted spec, known markers) (origin, error) {
	if r.Bucket == "" {
		return origin{}, refused("restore %s: AWS_BACKUP_BUCKET is not set", r.Snapshot)
	}
	look := func(ctx context.Context) (string, error) {
		if key, err := r.begun(ctx, known.unfinished); key != "" || err != nil {
			return key, err
		}
		return r.lookForNewest(ctx, wanted)
	}
	if !r.Pinned {
		key, err := look(ctx)
		if err != nil {
			return origin{}, err
		}
		return r.open(ctx, r.bucket(r.Bucket), key)
	}
	p := &pin{r: r, prefix: r.Layout.Pins() + pinFolder(r.Snapshot), known: known}
	key, err := p.agree(ctx, look)
	if err != nil {
		return origin{}, err
	}
	found, err := r.open(ctx, r.bucket(r.Bucket), key)
	if isMissing(err) && !r.Dry { // somebody took it away: the members agree on another one
		r.Log.Warn().Str("snapshot", key).Msg("the backup that the members agreed on is gone: another one is taken")
		if key, err = p.anew(ctx, look); err == nil {
			found, err = r.open(ctx, r.bucket(r.Bucket), key)
		}
	}
	found.pin, found.key = p, cmp.Or(found.key, key)
	return found, err
}

// begun is the key of the snapshot of a restore that was broken off, if the same is asked for and it is still there.
func (r *run) begun(ctx context.Context, broken []marker) (string, error) {
	for _, b := range broken {
		key, ours := strings.CutPrefix(b.Source, "s3://"+r.Bucket+"/")
		if !ours || b.Spec != r.Snapshot {
			continue
		}
		if _, err := r.open(ctx, r.bucket(r.Bucket), key); !isMissing(err) {
			return key, err
		}
		r.Log.Warn().Str("snapshot", b.Name).Msg("the snapshot of the restore broken off is gone: another one is taken")
	}
	return "", nil
}

func (r *run) lookForNewest(ctx context.Context, wanted spec) (string, error) {
	found, err := snapshot.List(ctx, patientLister{r}, r.Bucket, r.Layout)
	if err != nil {
		return "", err
	}
	old := ""
	for _, backup := range found {
		fits := backup.Verified && slices.Contains(wanted.kinds, backup.Kind) && (wanted.before.IsZero() || !backup.Time.After(wanted.before))
		switch {
		case fits && !backup.Old:
			return backup.Key, nil
		case fits:
			old = cmp.Or(old, backup.Key)
		}
	}
	if old != "" { // whoever wrote it into this bucket
		r.Log.Warn().Str("snapshot", old).Msg("cluster " + r.Layout.Cluster + " has no backup of its own that fits: the newest archive of the system replaced is taken, which does not say whose it is")
		return old, nil
	}
	return "", Fail(Missing, "restore %s: there is no such verified backup among the %d of cluster %s in s3://%s",
		r.Snapshot, len(found), r.Layout.Cluster, r.Bucket)
}

// patientLister asks for each page of a list until it has it.
type patientLister struct{ r *run }

func (p patientLister) ListObjectsV2(ctx context.Context, in *s3.ListObjectsV2Input, _ ...func(*s3.Options)) (page *s3.ListObjectsV2Output, err error) {
	err = p.r.pace.again(ctx, "list the backups in s3://"+p.r.Bucket, func(ctx context.Context) (err error) {
		page, err = p.r.S3.ListObjectsV2(ctx, in, oneTry)
		return err
	})
	return page, err
}

// open looks at what lies under a key: an archive, or a folder with a manifest.
func (r *run) open(ctx context.Context, from objects, key string) (origin, error) {
	o := origin{objects: from, key: key, name: path.Base(key)}
	if local, isLocal := from.(folder); isLocal && local.isFolder(key) {
		o.key, o.folder = strings.TrimSuffix(key, "/")+"/", true
	} else if formatOf(key) == unknownFormat {
		o.key = strings.TrimSuffix(key, "/") + "/"
	}
	if !strings.HasSuffix(o.key, "/") {
		archive, err := r.stat(ctx, from, o.key)
		o.archive, o.checksum = archive, archive.checksum.String()
		return o, err
	}
	name := snapshot.Verified
	if r.Unverified {
		name = snapshot.NotVerified
	}
	manifest, err := r.stat(ctx, from, o.key+name)
	if isMissing(err) { // looked for by its name alone: a list of backups to choose from has none that is partial
		manifest, err = r.statPartial(ctx, from, o.key, err)
	}
	if isMissing(err) {
		return o.withoutManifest(ctx, r, err)
	}
	if err != nil {
		return o, err
	}
	o.folder = false
	return o.withManifest(ctx, r, manifest)
}

// withoutManifest takes a folder of this machine as it is. In a bucket there is no backup without a manifest.
func (o origin) withoutManifest(ctx context.Context, r *run, missing error) (origin, error) {
	if _, err := r.stat(ctx, o.objects, o.key+snapshot.NotVerified); err == nil {
		return o, corrupt("restore %s: it has not been verified", o)
	}
	if o.folder {
		return o, nil
	}
	return o, Fail(Missing, "restore %s: it is neither an archive (%s) nor a folder with a manifest: %v", o, knownEndings, missing)
}

func (o origin) withManifest(ctx context.Context, r *run, at object) (origin, error) {
	if at.size > snapshot.LongestManifest {
		return o, corrupt("read %s%s: it has %d bytes, a manifest has at most %d", o, snapshot.Verified, at.size, snapshot.LongestManifest)
	}
	text := make([]byte, at.size)
	transfer := r.transfer(o.objects)
	if err := transfer.fill(ctx, at, 0, text); err != nil {
		return o, err
	}
	manifest, err := snapshot.Parse(text)
	if err != nil {
		return o, corrupt("restore %s: %v", o, err)
	}
	if manifest.Verification == nil && !r.Unverified {
		return o, corrupt("restore %s: its manifest does not say how it was verified", o)
	}
	sum := sha256.Sum256(text)
	o.manifest, o.name, o.checksum = manifest, manifest.Name(), "sha256:"+hex.EncodeToString(sum[:])
	return o, nil
}

func (r *run) stat(ctx context.Context, from objects, key string) (object, error) {
	var found object
	err := r.pace.again(ctx, fmt.Sprintf("find %s%s", from, key), func(ctx context.Context) (err error) {
		found, err = from.stat(ctx, key)
		return err
	})
	return found, err
}

// objects are read by key and range.
type objects interface {
	fmt.Stringer // what a key is put behind
	stat(ctx context.Context, key string) (object, error)
	// read gives the bytes from offset on; it is closed by the caller.
	read(ctx context.Context, o object, offset, length int64) (io.ReadCloser, error)
}

// object is one version of one object.
type object struct {
	key      string
	size     int64
	version  string // ETag; reading another one fails
	checksum s3Checksum
}
