package restore

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"neo4j-agent/agent/snapshot"
)

// stage brings the snapshot into the staging folder, verifies it, and has stores made of it there. The store is not
// touched.
func (r *run) stage(ctx context.Context) ([]Move, error) {
	if err := r.disk.mkdirAll(r.Staging); err != nil {
		return nil, onDisk("create "+r.Staging, err)
	}
	err := r.fetch(ctx)
	if err == nil && len(r.staged) == 0 {
		err = corrupt("restore %s: it holds no store, dump or backup artifact", r.source)
	}
	if err == nil && r.Accept != nil {
		err = r.Accept(slices.Clone(r.staged))
	}
	if err == nil { // what the staged dumps hold is known by now
		err = r.free(r.dumped)
	}
	var moves []Move
	if err == nil {
		r.meter.say(Building)
		moves, err = r.Build(ctx, slices.Clone(r.staged))
	}
	if err == nil {
		err = r.freeElsewhere(moves)
	}
	if err == nil { // what the disk does not take shows before anything is destroyed
		err = syncTree(r.disk, r.Staging, filepath.Dir(r.Staging))
	}
	return moves, err
}

func (r *run) fetch(ctx context.Context) error {
	r.meter.say(Fetching)
	t := r.transfer(r.source.objects)
	switch {
	case r.source.manifest != nil:
		return r.stageManifest(ctx, t)
	case r.source.folder:
		return r.stageFolder()
	}
	return r.stageArchive(ctx, t)
}

// stageManifest takes a backup of our own, object by object.
func (r *run) stageManifest(ctx context.Context, t *transfer) error {
	var need int64
	for _, object := range r.source.manifest.Objects {
		need += max(object.Content, object.Size)
	}
	r.meter.expect(r.source.manifest.Size())
	if err := r.room(need); err != nil {
		return err
	}
	for _, object := range r.source.manifest.Objects {
		if err := r.stageObject(ctx, t, object); err != nil {
			return err
		}
	}
	return nil
}

// stageObject takes one object, whose bytes must sum up to what the manifest says.
func (r *run) stageObject(ctx context.Context, t *transfer, described snapshot.Object) error {
	found, err := r.stat(ctx, r.source.objects, r.source.key+described.Name)
	if isMissing(err) {
		return corrupt("restore %s%s: it is missing, the manifest names it", r.source, described.Name)
	}
	if err != nil {
		return err
	}
	if found.size != described.Size {
		return corrupt("restore %s%s: it has %d bytes, the manifest says %d", r.source, described.Name, found.size, described.Size)
	}
	s := t.open(ctx, found, 0, found.size)
	defer func() { _ = s.Close() }()
	sum := sha256.New()
	root := filepath.Join(r.Staging, described.Database)
	raw := io.TeeReader(s, sum)
	u := r.unpacker(root, found.size)
	staged := Staged{Database: described.Database, Form: described.Form, Path: root, Neo4j: r.source.manifest.Neo4j}
	switch described.Form {
	case snapshot.Store:
		err = u.compressedTar(described.Name, tarZstdFormat, raw)
	case snapshot.Dump:
		staged.Path = filepath.Join(root, described.Database+".dump")
		err = u.whole(described.Database+".dump", found.size, raw, u.readDump)
	case snapshot.Artifact:
		staged.Path = filepath.Join(root, described.Name)
		err = u.whole(described.Name, found.size, raw, readArtifact)
	}
	if err == nil {
		err = onlyRest(described.Name, raw)
	}
	if err != nil {
		return err
	}
	r.dumped += u.dumped
	if got := hex.EncodeToString(sum.Sum(nil)); got != described.SHA256 {
		return corrupt("trust %s%s: its SHA-256 is %s, the manifest says %s", r.source, described.Name, got, described.SHA256)
	}
	if described.Form == snapshot.Store && (u.bytes.Load() != described.Content || u.files.Load() != int64(described.Files)) {
		return corrupt("trust %s%s: it holds %d files of %d bytes, the manifest says %d of %d", r.source, described.Name,
			u.files.Load(), u.bytes.Load(), described.Files, described.Content)
	}
	r.add(staged)
	return nil
}

// add puts a staged database into the list; of several artifacts of one database the last is the newest.
func (r *run) add(staged Staged) {
	staged.Database = r.named(staged.Database)
	for i, before := range r.staged {
		if before.Database == staged.Database {
			r.staged[i] = staged
			return
		}
	}
	r.staged = append(r.staged, staged)
}

// named is how the server here writes the name of a database.
func (r *run) named(database string) string {
	if r.DatabaseName == nil {
		return database
	}
	return r.DatabaseName(database)
}

// stageArchive takes a single file.
func (r *run) stageArchive(ctx context.Context, t *transfer) error {
	o := r.source.archive
	if o.size == 0 {
		return corrupt("restore %s: it is empty", r.source)
	}
	r.meter.expect(o.size)
	if err := r.room(o.size); err != nil {
		return err
	}
	u := r.unpacker(filepath.Join(r.Staging, "archive"), o.size)
	kind := formatOf(o.key)
	if kind == zipFormat {
		if err := u.zip(ctx, t, o); err != nil {
			return err
		}
		return r.find(u.root)
	}
	s := t.open(ctx, o, 0, o.size)
	defer func() { _ = s.Close() }()
	if err := r.stageStream(u, kind, filepath.Base(o.key), o, s); err != nil {
		return err
	}
	return r.find(u.root)
}

// stageStream takes a file that is read from front to back, and compares it with the checksum that S3 keeps.
func (r *run) stageStream(u *unpacker, kind format, name string, o object, s io.Reader) error {
	raw := s
	sum := newSummer(o.checksum)
	if sum != nil {
		raw = io.TeeReader(s, sum)
	}
	var err error
	switch kind {
	case dumpFormat:
		err = u.whole(name, o.size, raw, u.readDump)
	case artifactFormat:
		err = u.whole(name, o.size, raw, readArtifact)
	default:
		err = u.compressedTar(name, kind, raw)
	}
	if err == nil {
		err = onlyRest(name, raw)
	}
	if err == nil && sum != nil {
		err = sum.check()
	}
	r.dumped += u.dumped
	return err
}

// compressedTar unpacks a tar that is compressed.
func (u *unpacker) compressedTar(what string, packed format, raw io.Reader) error {
	decompress := unzstd
	if packed == tarGzipFormat {
		decompress = ungzip
	}
	content, err := decompress(raw)
	if err != nil {
		return unreadable(what, err)
	}
	defer func() { _ = content.Close() }()
	return u.tar(what, content)
}

// whole keeps a file as it is while inspect reads it.
func (u *unpacker) whole(name string, size int64, raw io.Reader, inspect func(io.Reader) error) error {
	clean, err := u.names.take(name, false)
	if err != nil {
		return err
	}
	sink, err := u.create(clean, size)
	if err != nil {
		return err
	}
	kept := io.TeeReader(raw, sink)
	err = unreadable(name, inspect(kept))
	if err == nil {
		err = onlyRest(name, kept)
	}
	return errors.Join(err, sink.Close())
}

// onlyRest reads what a decompressor left. It reads to the end by itself, except for what it takes for the next frame.
func onlyRest(what string, raw io.Reader) error {
	_, err := io.Copy(io.Discard, raw)
	return unreadable(what, err)
}

// stageFolder takes a folder of this machine.
func (r *run) stageFolder() error {
	from := filepath.Clean(r.source.key)
	size, err := sizeOf([]string{from})
	if err != nil {
		return err
	}
	r.meter.expect(size)
	if err := r.room(size); err != nil {
		return err
	}
	u := r.unpacker(filepath.Join(r.Staging, "archive"), size)
	if err := u.copyFolder(from, r.meter); err != nil {
		return err
	}
	return r.find(u.root)
}

// artifactName is how Neo4j 5 and later calls an artifact: the database and a time, whose separators vary.
var artifactName = regexp.MustCompile(`^(.+)-\d{4}-\d{2}-\d{2}T\d{2}[-:.]\d{2}[-:.]\d{2}\.backup$`)

// storeFile is a file that every store of 3.5 and 4.x has (neo4j, io.layout: MetaDataStore).
const storeFile = "neostore"

// find finds the databases in what was unpacked without a manifest.
func (r *run) find(root string) error {
	var found []Staged
	err := walkFiles([]string{root}, func(path string, entry fs.DirEntry) error {
		name := entry.Name()
		switch {
		case name == storeFile:
			found = append(found, Staged{Database: filepath.Base(filepath.Dir(path)), Form: snapshot.Store, Path: filepath.Dir(path)})
		case formatOf(name) == dumpFormat:
			found = append(found, Staged{Database: strings.TrimSuffix(name, ".dump"), Form: snapshot.Dump, Path: path})
		case formatOf(name) == artifactFormat:
			found = append(found, Staged{Database: r.databaseOf(name), Form: snapshot.Artifact, Path: path})
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, staged := range found {
		before := len(r.staged)
		if staged.Form != snapshot.Artifact && len(found) == 1 { // as in the system replaced, whatever it is called
			staged.Database = r.DefaultDatabase
		}
		if r.add(staged); len(r.staged) == before && staged.Form != snapshot.Artifact {
			return corrupt("restore %s: it holds two stores of database %s", r.source, staged.Database)
		}
	}
	return r.nameDumps()
}

func (r *run) databaseOf(artifact string) string {
	if match := artifactName.FindStringSubmatch(artifact); match != nil {
		return match[1]
	}
	return r.DefaultDatabase
}

// nameDumps calls each dump after its database, as neo4j-admin of 5 and later wants it, and refuses names that no
// database has.
func (r *run) nameDumps() error {
	for i, staged := range r.staged {
		if !snapshot.IsDatabase(staged.Database) {
			return corrupt("restore %s: %q is not the name of a database", r.source, staged.Database)
		}
		if staged.Form != snapshot.Dump {
			continue
		}
		path := filepath.Join(filepath.Dir(staged.Path), staged.Database+".dump")
		if err := r.disk.rename(staged.Path, path); err != nil {
			return onDisk("name the dump", err)
		}
		r.staged[i].Path = path
	}
	slices.SortFunc(r.staged, func(a, b Staged) int { return cmp.Compare(a.Database, b.Database) })
	return nil
}
