package restore

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"testing"

	"neo4j-agent/agent/snapshot"
)

// entry is one of a hostile archive.
type entry struct {
	name string
	kind byte // of tar; a regular file for 0
	text string
}

const link = "/etc/passwd"

// hostile is the corpus that both tar and zip can express, with what the refusal says.
var hostile = map[string]struct {
	entries []entry
	says    string
}{
	"leads out":             {[]entry{{name: "../neostore", text: "x"}}, "leads out"},
	"leads out in between":  {[]entry{{name: "neo4j-backup/../../x", text: "x"}}, "leads out"},
	"leads back in":         {[]entry{{name: "a/../neostore", text: "x"}}, "leads out"},
	"absolute":              {[]entry{{name: "/etc/cron.d/x", text: "x"}}, "absolute"},
	"absolute elsewhere":    {[]entry{{name: `C:/x`, text: "x"}}, "absolute"},
	"backslashes":           {[]entry{{name: `..\..\x`, text: "x"}}, "characters"},
	"control character":     {[]entry{{name: "neo\x07store", text: "x"}}, "characters"},
	"right to left":         {[]entry{{name: "neo\u202estore", text: "x"}}, "characters"},
	"not UTF-8":             {[]entry{{name: "neo\xffstore", text: "x"}}, "characters"},
	"empty part":            {[]entry{{name: "a//b", text: "x"}}, "is no name"},
	"long part":             {[]entry{{name: strings.Repeat("x", 256), text: "x"}}, "is no name"},
	"deep":                  {[]entry{{name: strings.Repeat("d/", 40) + "x", text: "x"}}, "too long"},
	"twice":                 {[]entry{{name: "neostore", text: "x"}, {name: "neostore", text: "y"}}, "twice"},
	"twice, written apart":  {[]entry{{name: "neostore", text: "x"}, {name: "./neostore", text: "y"}}, "twice"},
	"case":                  {[]entry{{name: "neostore", text: "x"}, {name: "NeoStore", text: "y"}}, "only in case"},
	"case of a folder":      {[]entry{{name: "db/neostore", text: "x"}, {name: "DB/neostore.id", text: "y"}}, "only in case"},
	"Unicode":               {[]entry{{name: "gr\u00f6\u00dfe", text: "x"}, {name: "gro\u0308\u00dfe", text: "y"}}, "how Unicode"},
	"Unicode compatibility": {[]entry{{name: "\ufb01le", text: "x"}, {name: "file", text: "y"}}, "how Unicode"},
	"file and folder":       {[]entry{{name: "a", text: "x"}, {name: "a/b", text: "y"}}, "twice"},
	"folder and file":       {[]entry{{name: "a/b", text: "y"}, {name: "a", text: "x"}}, "twice"},
	"symbolic link":         {[]entry{{name: "neostore", kind: tar.TypeSymlink}}, "a link, a device"},
	"device":                {[]entry{{name: "neostore", kind: tar.TypeBlock}}, "a link, a device"},
	"pipe":                  {[]entry{{name: "neostore", kind: tar.TypeFifo}}, "a link, a device"},
	"nothing":               {nil, "no store"},
	"no store":              {[]entry{{name: "readme.txt", text: "x"}}, "no store"},
	"two of one database": {[]entry{{name: "a/neo4j/neostore", text: "x"}, {name: "b/neo4j/neostore", text: "x"}},
		"two stores"},
	"a database with a flag's name": {[]entry{{name: "a/-x/neostore", text: "x"}, {name: "b/neostore", text: "x"}}, "not the name of a database"},
}

// modes are those of zip for tar's types.
var modes = map[byte]fs.FileMode{tar.TypeSymlink: fs.ModeSymlink, tar.TypeBlock: fs.ModeDevice, tar.TypeFifo: fs.ModeNamedPipe}

func hostileTar(entries []entry) []byte {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, e := range entries {
		kind := e.kind
		if kind == 0 {
			kind = tar.TypeReg
		}
		h := &tar.Header{Name: e.name, Typeflag: kind, Size: int64(len(e.text)), Mode: 0o644}
		if kind == tar.TypeSymlink {
			h.Linkname = link
		}
		if err := w.WriteHeader(h); err != nil {
			panic(err)
		}
		_, _ = w.Write([]byte(e.text))
	}
	_ = w.Close()
	return out.Bytes()
}

func hostileZip(entries []entry) []byte {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, e := range entries {
		h := &zip.FileHeader{Name: e.name, Method: zip.Deflate}
		h.SetMode(0o644 | modes[e.kind])
		part, err := w.CreateHeader(h)
		if err != nil {
			panic(err)
		}
		text := e.text
		if e.kind == tar.TypeSymlink {
			text = link
		}
		_, _ = part.Write([]byte(text))
	}
	_ = w.Close()
	return out.Bytes()
}

// refusesArchive restores an archive over an old store, which must be left as it was.
func refusesArchive(t *testing.T, name string, content []byte, says string) {
	t.Helper()
	bucket, api := newFakeS3(t)
	bucket.put(name, content)
	v := newVolume(t)
	v.write(map[string]string{"data/databases/graph.db/neostore": "old", "restored_backups/old.zip.done": ""})
	options := v.options("backups/"+name, api)
	options.EachNew = true
	before := files(t, v.root)
	v.refuses(options, Corrupt, says)
	if after := files(t, v.root); len(after) != len(before) {
		t.Errorf("left behind: %v", after)
	}
	v.holds("graph.db", map[string][]byte{"neostore": []byte("old")})
}

func TestAHostileArchiveIsRefusedAndTheStoreUntouched(t *testing.T) {
	for name, c := range hostile {
		t.Run(name, func(t *testing.T) {
			refusesArchive(t, "a.tar.gz", gzipOf(hostileTar(c.entries)), c.says)
			refusesArchive(t, "a.tar.zst", zstdOf(hostileTar(c.entries)), c.says)
			refusesArchive(t, "a.zip", hostileZip(c.entries), c.says)
		})
	}
	refusesArchive(t, "a.tar.gz", gzipOf(hostileTar([]entry{{name: "neostore", text: "x"}, {name: "b", kind: tar.TypeLink}})), "a link, a device")
}

func TestAnArchiveThatIsNoneOrIsCutOffIsRefused(t *testing.T) {
	good := tarOf(store(1), "neo4j-backup/")
	zipped, gzipped, zstded := zipOf(store(1), "neo4j-backup/"), gzipOf(good), zstdOf(good)
	flipped := func(content []byte, at int) []byte {
		content = bytes.Clone(content)
		content[at] ^= 0x10
		return content
	}
	for _, c := range []struct {
		name    string
		content []byte
		says    string
	}{
		{"a.zip", nil, "empty"}, {"a.tar.gz", nil, "empty"}, {"a.tar.zst", nil, "empty"}, {"a.dump", nil, "empty"}, {"a.backup", nil, "empty"},
		{"a.zip", marked(zipped, 8, 1), "encrypted"}, {"a.zip", marked(zipped, 10, 99), "compression method 99"},
		{"a.zip", []byte("not an archive"), "a.zip"}, {"a.zip", zipped[:len(zipped)/2], "a.zip"},
		{"a.zip", zipped[:len(zipped)-1], "a.zip"}, {"a.zip", flipped(zipped, len(zipped)/3), "unpack"},
		{"a.zip", gzipped, "a.zip"},
		{"a.tar.gz", []byte("not an archive"), "a.tar.gz"}, {"a.tar.gz", gzipped[:len(gzipped)/2], "unexpected EOF"},
		{"a.tar.gz", gzipped[:len(gzipped)-1], "unexpected EOF"}, {"a.tar.gz", flipped(gzipped, len(gzipped)-6), "checksum"},
		{"a.tar.gz", append(bytes.Clone(gzipped), "and more"...), "a.tar.gz"},
		{"a.tar.gz", gzipOf(good[:len(good)-1024]), "cut off"}, {"a.tar.gz", gzipOf(good[:len(good)/2]), "unexpected EOF"},
		{"a.tar.gz", gzipOf(append(bytes.Clone(good), "more"...)), "something follows"},
		{"a.tar.gz", gzipOf(nil), "cut off"}, {"a.tar.gz", gzipOf([]byte(strings.Repeat("no tar ", 200))), "tar"},
		{"a.tar.zst", zstded[:len(zstded)-5], "unexpected EOF"}, {"a.tar.zst", flipped(zstded, len(zstded)/2), "a.tar.zst"},
		{"a.tar.zst", append(bytes.Clone(zstded), "and more"...), "a.tar.zst"}, {"a.tar.zst", zstdOf(good[:len(good)-1024]), "cut off"},
		{"a.dump", []byte("neither"), "no dump does"}, {"a.dump", zstded[:len(zstded)-4], "unexpected EOF"},
		{"a.dump", append([]byte("DGV1"), zstded...), "no dump does"}, {"a.dump", gzipOf(nil), "unexpected EOF"},
		{"a.backup", []byte("BZX"), "no backup artifact"}, {"a.backup", zipped, "no backup artifact"},
	} {
		t.Run(c.name+" "+c.says, func(t *testing.T) { refusesArchive(t, c.name, c.content, c.says) })
	}
}

// marked is a zip with a field of its directory's first entry changed: the flags at 8, the method at 10 (APPNOTE.TXT 4.3.12).
func marked(content []byte, field int, value uint16) []byte {
	content = bytes.Clone(content)
	binary.LittleEndian.PutUint16(content[bytes.Index(content, []byte("PK\x01\x02"))+field:], value)
	return content
}

func TestAnArchiveOfTooManyEntriesIsRefused(t *testing.T) {
	taken := newNames()
	for i := range mostEntries {
		if _, err := taken.take(strconv.Itoa(i), false); err != nil {
			t.Fatal(err)
		}
	}
	_, err := taken.take("one more", false)
	wantError(t, err, Corrupt, "more than 100000 entries")
}

func TestABombIsRefusedByWhatItSaysAndByWhatItIs(t *testing.T) {
	// one file that says it has 64 TiB
	var huge bytes.Buffer
	w := tar.NewWriter(&huge)
	_ = w.WriteHeader(&tar.Header{Name: "neostore", Size: 1 << 46, Format: tar.FormatPAX})
	refusesArchive(t, "a.tar.zst", zstdOf(huge.Bytes()), "which no store of its size does")

	// a zip whose directory says so
	refusesArchive(t, "a.zip", forgedZip(1<<46, 10), "more than any store")
	// a zip whose entry is larger than its directory says, and one that is smaller
	refusesArchive(t, "a.zip", forgedZip(10, 1000), "larger than it says")
	refusesArchive(t, "a.zip", forgedZip(1000, 10), "unexpected EOF")

	// a zip whose directory says that it has more entries than memory
	refusesArchive(t, "a.zip", crowdedZip(), "entries")

	// entries that share their bytes, and one that lies before the archive
	refusesArchive(t, "a.zip", movedZip(0), "overlaps")
	refusesArchive(t, "a.zip", movedZip(-100), "overlaps")

	// endless zeros behind the end: more than the limit, however they are packed
	u := &unpacker{disk: osDisk{}, root: t.TempDir(), names: newNames(), limit: 1 << 20, room: func(int64) error { return nil }}
	end := bytes.NewReader(append(tarOf(map[string][]byte{"neostore": {1}}, ""), make([]byte, 4<<20)...))
	wantError(t, u.tar("a.tar", end), Corrupt, "unpacks to more")
	// many files, each small enough
	u.names, u.limit = newNames(), 100_000
	many := tarOf(map[string][]byte{"a": make([]byte, 60_000), "b": make([]byte, 60_000)}, "")
	wantError(t, u.tar("a.tar", bytes.NewReader(many)), Corrupt, "which no store of its size does")
	// a dump, which neo4j-admin would unpack
	u.names = newNames()
	dump := zstdOf(make([]byte, 200_000))
	wantError(t, u.whole("a.dump", int64(len(dump)), bytes.NewReader(dump), u.readDump), Corrupt, "which no store of its size does")
}

// forgedZip has one entry of so many bytes that says it has others.
func forgedZip(says uint64, real int) []byte {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	content := make([]byte, real)
	var packed bytes.Buffer
	flater := zip.NewWriter(&packed)
	inner, _ := flater.Create("neostore")
	_, _ = inner.Write(content)
	_ = flater.Close()
	from, _ := zip.NewReader(bytes.NewReader(packed.Bytes()), int64(packed.Len()))
	raw, _ := from.File[0].OpenRaw()
	var bits bytes.Buffer
	_, _ = bits.ReadFrom(raw)
	h := &zip.FileHeader{Name: "neostore", Method: zip.Deflate, CRC32: crc32.ChecksumIEEE(content),
		CompressedSize64: uint64(bits.Len()), UncompressedSize64: says}
	entry, _ := w.CreateRaw(h)
	_, _ = entry.Write(bits.Bytes())
	_ = w.Close()
	return out.Bytes()
}

// movedZip has two entries, one of which begins elsewhere in its directory than where it is: where the other one does,
// for 0, or before all bytes.
func movedZip(to int64) []byte {
	content := zipOf(map[string][]byte{"a": []byte("bytes"), "b": []byte("bytes")}, "")
	last := bytes.LastIndex(content, []byte("PK\x01\x02")) // the directory's second entry
	if to == 0 {
		binary.LittleEndian.PutUint32(content[last+42:], 0) // APPNOTE.TXT 4.4.16
		return content
	}
	// Only the extra field of zip64 has room for it (4.5.3).
	end := bytes.LastIndex(content, []byte("PK\x05\x06"))
	name := int(binary.LittleEndian.Uint16(content[last+28:]))
	extra := binary.LittleEndian.AppendUint64([]byte{1, 0, 8, 0}, uint64(to))
	binary.LittleEndian.PutUint16(content[last+30:], uint16(len(extra)))
	binary.LittleEndian.PutUint32(content[last+42:], 1<<32-1)
	size := binary.LittleEndian.Uint32(content[end+12:])
	binary.LittleEndian.PutUint32(content[end+12:], size+uint32(len(extra)))
	return slices.Insert(content, last+46+name, extra...)
}

// crowdedZip has one entry, and an end that says that there are many, as far as archive/zip believes it.
func crowdedZip() []byte {
	content := zipOf(map[string][]byte{"neostore": make([]byte, 4<<20)}, "")
	content = slices.Insert(content, 0, make([]byte, 30*2*mostEntries)...) // whatever is before a zip does not count
	end := bytes.LastIndex(content, []byte("PK\x05\x06"))
	at, tail := uint64(end), content[end:]
	size, offset := binary.LittleEndian.Uint32(tail[12:]), binary.LittleEndian.Uint32(tail[16:])
	record := append([]byte("PK\x06\x06"), make([]byte, 52)...) // 4.3.14
	binary.LittleEndian.PutUint64(record[4:], 44)
	binary.LittleEndian.PutUint64(record[24:], 2*mostEntries)
	binary.LittleEndian.PutUint64(record[32:], 2*mostEntries)
	binary.LittleEndian.PutUint64(record[40:], uint64(size))
	binary.LittleEndian.PutUint64(record[48:], uint64(offset)+30*2*mostEntries)
	locator := append([]byte("PK\x06\x07"), make([]byte, 16)...) // 4.3.15
	binary.LittleEndian.PutUint64(locator[8:], at)
	binary.LittleEndian.PutUint32(locator[16:], 1)
	for _, field := range []int{8, 10} {
		binary.LittleEndian.PutUint16(tail[field:], 1<<16-1)
	}
	binary.LittleEndian.PutUint32(tail[16:], 1<<32-1)
	return slices.Insert(content, end, append(record, locator...)...)
}

func TestABackupOfOurOwnThatIsNotWhatItsManifestSaysIsRefused(t *testing.T) {
	folder := snapshot.Layout{Cluster: "neo4j"}.Folder(snapshot.Hourly, taken)
	for says, spoil := range map[string]func(*snapshot.Manifest, *fakeS3){
		"its SHA-256 is":      func(m *snapshot.Manifest, _ *fakeS3) { m.Objects[0].SHA256 = strings.Repeat("00", 32) },
		"the manifest says":   func(m *snapshot.Manifest, _ *fakeS3) { m.Objects[0].Size++ },
		"it holds 5 files":    func(m *snapshot.Manifest, _ *fakeS3) { m.Objects[0].Files++ },
		"files of":            func(m *snapshot.Manifest, _ *fakeS3) { m.Objects[0].Content-- },
		"how it was verified": func(m *snapshot.Manifest, _ *fakeS3) { m.Verification = nil },
		"no dump does":        func(m *snapshot.Manifest, _ *fakeS3) { m.Objects[0].Form = snapshot.Dump },
		"no backup artifact":  func(m *snapshot.Manifest, _ *fakeS3) { m.Objects[0].Form = snapshot.Artifact },
		"it is missing":       func(m *snapshot.Manifest, _ *fakeS3) { m.Objects[0].Name = "other.tar.zst" },
	} {
		t.Run(says, func(t *testing.T) {
			bucket, api := newFakeS3(t)
			m := bucket.putBackup(snapshot.Hourly, taken, map[string]map[string][]byte{"graph.db": store(1)})
			if says == "no dump does" { // a store is zstd, as a dump may be
				content := []byte("neither")
				m.Objects[0] = describe(m.Objects[0], content)
				bucket.put(folder+m.Objects[0].Name, content)
			}
			spoil(&m, bucket)
			text, err := m.Encode()
			if err != nil {
				t.Fatal(err)
			}
			bucket.put(folder+snapshot.Verified, text)
			v := newVolume(t)
			v.refuses(v.options("latest", api), Corrupt, says)
			if left := files(t, v.root); len(left) != 0 {
				t.Errorf("left: %v", left)
			}
		})
	}
}

func TestAManifestThatIsDamagedIsRefusedAndWhatItDoesNotNameIsLeftOut(t *testing.T) {
	folder := snapshot.Layout{Cluster: "neo4j"}.Folder(snapshot.Hourly, taken)
	bucket, api := newFakeS3(t)
	bucket.putBackup(snapshot.Hourly, taken, map[string]map[string][]byte{"graph.db": store(1)})
	good := bucket.objects[folder+snapshot.Verified]
	for _, text := range [][]byte{good[:len(good)/2], []byte("not JSON"), bytes.Repeat([]byte(" "), snapshot.LongestManifest+1), []byte("null")} {
		bucket.put(folder+snapshot.Verified, text)
		v := newVolume(t)
		v.refuses(v.options("latest", api), Corrupt, "manifest")
	}
	bucket.put(folder+snapshot.Verified, good)
	bucket.put(folder+"people.tar.zst", zstdOf(tarOf(store(2), "")))
	v := newVolume(t)
	if result := v.mustRestore(v.options("latest", api)); !slices.Equal(result.Databases, []string{"graph.db"}) {
		t.Errorf("%+v", result)
	}
	v.holds("people", nil)
}
