package backup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"neo4j-agent/agent/snapshot"
)

// plan finds the backup's folder. The first verified one of a UTC day is the daily one, whenever it runs; the day is
// that on which it began. A partial one leaves that place to one of all databases.
func (r *run) plan(ctx context.Context, now time.Time) error {
	known, err := snapshot.List(ctx, r.api, r.name, r.Layout)
	if err != nil {
		return &s3Error{"list the backups in " + r.url(""), err}
	}
	at, kind := place(known, now)
	if r.Partial {
		kind = snapshot.Hourly
	}
	r.result.newest = newestOf(known)
	r.folder = r.Layout.Folder(kind, at)
	r.result.Backup, r.result.Time, r.result.Kind = r.url(r.folder), at, kind
	return nil
}

// place gives time and kind of a backup that begins now. Two never share a folder.
func place(known []snapshot.Backup, now time.Time) (time.Time, snapshot.Kind) {
	at := now.UTC().Truncate(time.Second)
	for i := 0; i < len(known); i++ {
		if known[i].Time.Equal(at) {
			at, i = at.Add(time.Second), -1
		}
	}
	const day = 24 * time.Hour // Truncate counts from a midnight, and UTC has no other days
	for _, b := range known {
		if b.Kind == snapshot.Daily && b.Verified && !b.Old && b.Time.Truncate(day).Equal(at.Truncate(day)) {
			return at, snapshot.Hourly
		}
	}
	return at, snapshot.Daily
}

// part is one object to be.
type part struct {
	object snapshot.Object
	path   string
}

// uploadAll uploads the data, then the manifest that says that it is not verified.
func (r *run) uploadAll(ctx context.Context) (snapshot.Manifest, error) {
	parts, total, err := r.parts()
	if err != nil {
		return snapshot.Manifest{}, err
	}
	manifest := snapshot.Manifest{
		Format: snapshot.FormatVersion, Cluster: r.Layout.Cluster, Kind: r.result.Kind, Time: r.result.Time,
		Neo4j: r.Neo4j, Agent: r.Agent, Partial: r.Partial, Missing: r.Missing, Stopped: r.Stopped,
	}
	manifest.Type, manifest.Why = r.describe()
	r.result.Type, r.result.Why = manifest.Type, manifest.Why
	progress := Progress{Stage: Uploading, Total: total}
	moved := func(n int64) {
		progress.Done += n
		r.say(progress)
	}
	for _, p := range parts {
		object, err := r.uploadOne(ctx, p, moved)
		if err != nil {
			return manifest, err
		}
		manifest.Objects = append(manifest.Objects, object)
		r.result.Bytes += object.Size
	}
	text, err := manifest.Encode()
	if err != nil {
		return manifest, err
	}
	return manifest, r.putNew(ctx, r.folder+snapshot.NotVerified, text)
}

// parts are the objects, and how many bytes there are to read for them.
func (r *run) parts() (parts []part, total int64, err error) {
	for _, t := range r.taken {
		for _, path := range t.paths {
			c, err := measure(path)
			if err != nil {
				return nil, 0, err
			}
			o := snapshot.Object{Database: t.name, Name: filepath.Base(path), Form: t.form, Size: c.bytes}
			if t.form == snapshot.Store {
				o.Name, o.Content, o.Files = t.name+".tar.zst", c.bytes, c.files
			}
			parts = append(parts, part{o, path})
			total += c.bytes
		}
	}
	return parts, total, nil
}

// uploadOne uploads a store packed, and an artifact, which is compressed already, as it is.
func (r *run) uploadOne(ctx context.Context, p part, moved func(int64)) (snapshot.Object, error) {
	most := p.object.Size
	write := func(w io.Writer) error { return copyFile(w, p.path, p.object.Size, moved) }
	if p.object.Form == snapshot.Store {
		planned := content{p.object.Content, p.object.Files}
		most = planned.packed()
		write = func(w io.Writer) error {
			packed, err := pack(w, p.path, moved)
			if err == nil && packed != planned {
				err = fmt.Errorf("cannot pack %s: it changed meanwhile", p.path)
			}
			return err
		}
	}
	made, err := r.upload(ctx, r.folder+p.object.Name, most, write)
	p.object.Size, p.object.SHA256 = made.size, made.sha256
	return p.object, err
}

// describe says of which type the backup is and why, database by database where they differ.
func (r *run) describe() (kind, why string) {
	kind = "full"
	same := true
	var each []string
	for _, t := range r.taken {
		if !t.full {
			kind = "differential"
		}
		same = same && t.full == r.taken[0].full && t.why == r.taken[0].why
		word := map[bool]string{true: "full", false: "differential"}[t.full]
		each = append(each, fmt.Sprintf("%s %s: %s", t.name, word, t.why))
	}
	if same {
		return kind, r.taken[0].why
	}
	return kind, strings.Join(each, "; ")
}

// verify gives the words for how the backup was checked. A backup that did not pass makes the next one a full one.
func (r *run) verify(ctx context.Context, manifest snapshot.Manifest) (string, error) {
	r.say(Progress{Stage: Checking})
	for _, t := range r.taken {
		err := r.Tool.Check(ctx, t.name, t.paths[len(t.paths)-1])
		if err != nil {
			err = fmt.Errorf("cannot verify the backup of %s: %w", t.name, err)
			if ctx.Err() != nil {
				return "", err
			}
			return "", r.distrust(err) // also what could not be checked: it would not be the next time
		}
	}
	how := "consistency check"
	if r.Prove == nil {
		return how, nil
	}
	r.say(Progress{Stage: Proving})
	proof, err := r.Prove(ctx, r.folder, manifest)
	if err != nil {
		err = fmt.Errorf("cannot verify the backup by restoring it: %w", err)
		if ctx.Err() == nil {
			err = r.distrust(err)
		}
		return "", err
	}
	return how + ", " + proof, nil
}

// distrust notes that nothing must be built on what was taken.
func (r *run) distrust(err error) error {
	for _, t := range r.taken {
		err = errors.Join(err, t.note(state{Condition: inconsistent, Neo4j: r.Neo4j, Time: time.Now().UTC()}))
	}
	return err
}

// promote gives the manifest the name that readers look for. From then on the backup counts; that the other name is
// still there changes nothing for them.
func (r *run) promote(ctx context.Context, manifest snapshot.Manifest, how string) error {
	r.say(Progress{Stage: Promoting})
	manifest.Verification = &snapshot.Verification{How: how, Time: time.Now().UTC().Truncate(time.Second)}
	text, err := manifest.Encode()
	if err != nil {
		return err
	}
	if err := r.putNew(ctx, r.folder+manifest.Final(), text); err != nil {
		return err
	}
	if r.result.Verified = how; !manifest.Partial {
		r.result.newest = manifest.Time
	}
	key := r.folder + snapshot.NotVerified
	if _, err := r.api.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &r.name, Key: &key}); err != nil {
		r.Log.Warn().Err(&s3Error{"delete " + r.url(key), err}).Msg("the backup is promoted, its older manifest is still there")
	}
	return nil
}

// putNew writes an object that must not be there yet. A try whose answer was lost makes the next one find our own.
func (b bucket) putNew(ctx context.Context, key string, text []byte) error {
	_, err := b.api.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &b.name, Key: &key, Body: bytes.NewReader(text), IfNoneMatch: aws.String("*"),
		ContentType: aws.String("application/json"),
	})
	if err == nil {
		return nil
	}
	if isTaken(err) {
		if there, readErr := b.get(ctx, key, snapshot.LongestManifest); readErr == nil && bytes.Equal(there, text) {
			return nil
		}
	}
	return &s3Error{"write " + b.url(key), err}
}

// get reads a small object whole.
func (b bucket) get(ctx context.Context, key string, longest int64) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, smallLimit)
	defer cancel()
	out, err := b.api.GetObject(ctx, &s3.GetObjectInput{Bucket: &b.name, Key: &key})
	if err != nil {
		return nil, &s3Error{"read " + b.url(key), err}
	}
	text, err := io.ReadAll(io.LimitReader(out.Body, longest))
	if err = errors.Join(err, out.Body.Close()); err != nil {
		return nil, &s3Error{"read " + b.url(key), err}
	}
	return text, nil
}
