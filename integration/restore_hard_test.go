package integration

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"neo4j-agent/agent/backup"
	"neo4j-agent/agent/restore"
	"neo4j-agent/agent/snapshot"
)

// overloaded stands before a real S3 server and answers one request of so many as S3 does when it is too much for it
// (https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html), some of them after the request was served.
type overloaded struct {
	to            *httputil.ReverseProxy
	often         int
	refused, sent atomic.Int64
}

func overload(t *testing.T, address string, often int) (*overloaded, string) {
	t.Helper()
	o := &overloaded{to: httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: address}), often: often}
	server := httptest.NewServer(o)
	t.Cleanup(server.Close)
	return o, strings.TrimPrefix(server.URL, "http://")
}

func (o *overloaded) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if rand.IntN(o.often) > 0 {
		o.to.ServeHTTP(counted{w, &o.sent}, r)
		return
	}
	o.refused.Add(1)
	_, _ = io.Copy(io.Discard, r.Body)
	answers := []struct {
		status     int
		code, says string
	}{
		{503, "SlowDown", "Please reduce your request rate."}, {503, "ServiceUnavailable", "Service is unable to handle request."},
		{500, "InternalError", "We encountered an internal error. Please try again."},
	}
	a := answers[rand.IntN(len(answers))]
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(a.status)
	if r.Method != http.MethodHead {
		_, _ = fmt.Fprintf(w, `<?xml version="1.0" encoding="UTF-8"?><Error><Code>%s</Code><Message>%s</Message><RequestId>4442587FB7D0A2F9</RequestId><HostId>x</HostId></Error>`, a.code, a.says)
	}
}

type counted struct {
	http.ResponseWriter
	sent *atomic.Int64
}

func (c counted) Write(p []byte) (int, error) {
	n, err := c.ResponseWriter.Write(p)
	c.sent.Add(int64(n))
	return n, err
}

func TestABackupIsTakenAndRestoredFromAnS3ServerThatThrottlesAndFails(t *testing.T) {
	server, client := realS3(t)
	o, address := overload(t, server, 4)
	b := backupRun{address, t.TempDir(), makeStore(t, times(64, 512)<<20)}
	result, err := b.run(t.Context())
	if err != nil || result.Outcome != backup.Done {
		t.Fatalf("%+v, %v", result, err)
	}
	bucketReader{client, backupLayout, map[string]bool{}}.seesWholeOnes(t)
	uploading := o.refused.Swap(0)
	o.sent.Store(0)
	options, store := restoringTo(t.TempDir(), s3At(address), strings.TrimPrefix(result.Backup, "s3://"))
	if result, err := restore.Run(t.Context(), options); err != nil || result.Outcome != restore.Restored {
		t.Fatalf("%+v, %v", result, err)
	}
	want, err := digests(b.Store)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := digests(store); err != nil || len(got) != len(want) || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v %v", got, err)
	}
	if uploading == 0 || o.refused.Load() == 0 || o.sent.Load() > result.Bytes*5/4 {
		t.Errorf("%d and %d requests were refused, %d bytes sent for %d", uploading, o.refused.Load(), o.sent.Load(), result.Bytes)
	}
}

// A restore may take so many bytes of memory, whatever the size of the snapshot (issue 5).
const mostMemory = 64 << 20

// TestMemoryIsBoundedForASnapshotOfAnySize measures the agent itself, which restores objects that are mostly holes in the
// file system of the S3 server.
func TestMemoryIsBoundedForASnapshotOfAnySize(t *testing.T) {
	size := int64(times(1<<30, 20<<30))
	dir := t.TempDir()
	address := realS3In(t, dir)
	folder := strings.TrimSuffix(snapshot.Layout{Cluster: "neo4j"}.Folder(snapshot.Hourly, sparseTaken), "/")
	for spec, c := range map[string]struct {
		file  string
		write func(*testing.T, *os.File, int64) error
	}{
		"sparse.zip": {"sparse.zip", sparseZip}, "sparse.tar.zst": {"sparse.tar.zst", sparseTar}, folder: {folder + "/graph.db.tar.zst", sparseBackup},
	} {
		t.Run(path.Ext(c.file)+" of "+spec, func(t *testing.T) {
			name := filepath.Join(dir, "backups", c.file)
			if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
				t.Fatal(err)
			}
			file, err := os.Create(name)
			if err != nil {
				t.Fatal(err)
			}
			if err := firstError(c.write(t, file, size), file.Close()); err != nil {
				t.Fatal(err)
			}
			b := agentOn(t, address)
			baseline := peakOf(t, b, "restore", "--dry-run", "backups/"+spec)
			began := time.Now()
			peak := peakOf(t, b, "restore", "backups/"+spec)
			took := time.Since(began)
			info, err := os.Stat(filepath.Join(b.store(), "neostore.nodestore.db"))
			if err != nil || info.Size() != size {
				t.Fatalf("%v, %v, want %d bytes", info, err, size)
			}
			t.Logf("%d MiB in %s: resident at most %d MiB, %d MiB in a dry run", size>>20, took, peak>>20, baseline>>20)
			if peak > mostMemory {
				t.Errorf("it took %d MiB", peak>>20)
			}
			_ = os.RemoveAll(b.dir)
			_ = os.Remove(file.Name())
		})
	}
}

// agentHome is a home of Neo4j 3.5 and an empty volume.
type agentHome struct {
	dir string
	env []string
}

// agentOn is one that finds S3 there and has no folder for temporary files.
func agentOn(t testing.TB, address string) agentHome {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"lib/neo4j-3.5.0.jar", "lib/neo4j-enterprise-3.5.0.jar", "conf/neo4j.conf", "bin/neo4j"} {
		path := filepath.Join(dir, "home", name)
		if err := firstError(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, nil, 0o755)); err != nil {
			t.Fatal(err)
		}
	}
	return agentHome{dir, []string{
		"PATH=" + os.Getenv("PATH"), "NEO4J_HOME=" + filepath.Join(dir, "home"), "NEO4J_DATA_ROOT=" + filepath.Join(dir, "volume"), "NEO4J_dbms_mode=SINGLE",
		"NEO4J_ACCEPT_LICENSE_AGREEMENT=yes", "NEO4J_ADMIN_PASSWORD=" + boxPassword, "AGENT_RUN_DIR=" + filepath.Join(dir, "run"), "AGENT_ADVERTISED_ADDRESS=127.0.0.1",
		"AWS_ENDPOINT_URL=http://" + address, "AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=local", "AWS_SECRET_ACCESS_KEY=locallocal",
		"AWS_BACKUP_BUCKET=" + backups, "AGENT_BACKUP_PREFIX=" + backupLayout.Prefix, "AGENT_CLUSTER_NAME=" + backupLayout.Cluster, "TMPDIR=/nowhere",
	}}
}

// store is where the default database is.
func (a agentHome) store() string { return filepath.Join(a.dir, "volume/data/databases/graph.db") }

// peakOf runs the agent to its end and gives the most memory that it had resident (VmHWM, proc_pid_status(5)), in bytes.
func peakOf(t testing.TB, home agentHome, args ...string) int64 {
	t.Helper()
	command := exec.CommandContext(t.Context(), agent, args...)
	command.Env = home.env
	var said bytes.Buffer
	command.Stdout, command.Stderr = &said, &said
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	ticks := time.NewTicker(time.Millisecond)
	defer ticks.Stop()
	var peak int64
	for looks := 0; ; looks++ {
		if looks == 100 { // what runs for long would lose a twentieth of two cores
			ticks.Reset(20 * time.Millisecond)
		}
		select {
		case err := <-ended:
			if err != nil || peak == 0 {
				t.Fatalf("%v: %v\n%s", args, err, said.String())
			}
			return peak
		case <-ticks.C:
		}
		status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", command.Process.Pid))
		_, rest, _ := strings.Cut(string(status), "VmHWM:")
		var kilobytes int64
		if _, err := fmt.Sscan(rest, &kilobytes); err == nil {
			peak = max(peak, kilobytes<<10)
		}
	}
}

// sparseZip writes a zip of a store whose one large file is not compressed and has only zeros.
func sparseZip(_ *testing.T, file *os.File, size int64) error {
	sum := crc32.NewIEEE()
	zeros := make([]byte, 1<<20)
	for left := size; left > 0; left -= int64(len(zeros)) {
		_, _ = sum.Write(zeros[:min(left, int64(len(zeros)))])
	}
	var directory []byte
	at := int64(0)
	for _, entry := range []struct {
		name string
		size int64
		sum  uint32
	}{{"neo4j-backup/neostore", 0, 0}, {"neo4j-backup/neostore.nodestore.db", size, sum.Sum32()}} {
		// The sizes are in the extra field of zip64 (APPNOTE.TXT 4.5.3).
		extra := binary.LittleEndian.AppendUint64([]byte{1, 0, 16, 0}, uint64(entry.size))
		extra = binary.LittleEndian.AppendUint64(extra, uint64(entry.size))
		rest := binary.LittleEndian.AppendUint32(make([]byte, 8), entry.sum) // flags, method, time and date
		rest = binary.LittleEndian.AppendUint64(rest, 1<<64-1)
		rest = binary.LittleEndian.AppendUint16(rest, uint16(len(entry.name)))
		local := append([]byte("PK\x03\x04\x2d\x00"), rest...)
		local = append(binary.LittleEndian.AppendUint16(local, uint16(len(extra))), entry.name...)
		if _, err := file.WriteAt(append(local, extra...), at); err != nil {
			return err
		}
		central := append([]byte("PK\x01\x02\x2d\x03\x2d\x00"), rest...)
		offset := binary.LittleEndian.AppendUint64(nil, uint64(at))
		all := append(bytes.Clone(extra), offset...)
		all[2] = 24
		central = binary.LittleEndian.AppendUint16(central, uint16(len(all)))
		central = append(central, make([]byte, 6)...) // comment, disk, attributes
		central = binary.LittleEndian.AppendUint32(central, 0o100644<<16)
		central = binary.LittleEndian.AppendUint32(central, 1<<32-1)
		directory = append(append(append(directory, central...), entry.name...), all...)
		at += int64(len(local)+len(extra)) + entry.size
	}
	end := append([]byte("PK\x06\x06"), make([]byte, 52)...) // 4.3.14
	for field, value := range map[int]uint64{4: 44, 24: 2, 32: 2, 40: uint64(len(directory)), 48: uint64(at)} {
		binary.LittleEndian.PutUint64(end[field:], value)
	}
	locator := append([]byte("PK\x06\x07\x00\x00\x00\x00"), make([]byte, 12)...)
	binary.LittleEndian.PutUint64(locator[8:], uint64(at)+uint64(len(directory)))
	locator[16] = 1
	last := append([]byte("PK\x05\x06\x00\x00\x00\x00"), bytes.Repeat([]byte{0xff}, 12)...)
	_, err := file.WriteAt(append(append(append(append(directory, end...), locator...), last...), 0, 0), at)
	return err
}

// sparseTar is sparseFrames of one frame that does not say how large it is.
func sparseTar(t *testing.T, file *os.File, size int64) error {
	return sparseFrames(t, file, size, math.MaxInt64)
}

// sparseFrames writes a tar of a store whose one large file has only zeros, in zstd frames of so many bytes whose blocks are
// not compressed (RFC 8878, 3.1.1): what is between the headers of the blocks is a hole.
func sparseFrames(t *testing.T, file *os.File, size, frame int64) error {
	var head bytes.Buffer
	for _, h := range []struct {
		name string
		size int64
	}{{"neostore", 0}, {"neostore.nodestore.db", size}} {
		if _, err := head.Write(tarHeader(t, h.name, h.size)); err != nil {
			return err
		}
	}
	const block = 128 << 10
	content := int64(head.Len()) + (size+511)/512*512 + 1024
	at := int64(0)
	for done := int64(0); done < content; done += block {
		var text []byte
		if done%frame == 0 {
			text = frameHeader(min(frame, content-done))
		}
		n := min(block, content-done)
		header := uint32(n) << 3 // raw, as type 0
		if done+n == content || (done+n)%frame == 0 {
			header |= 1
		}
		text = append(text, byte(header), byte(header>>8), byte(header>>16))
		next := at + int64(len(text)) + n
		if done == 0 {
			text = append(text, head.Bytes()...)
		}
		if _, err := file.WriteAt(text, at); err != nil {
			return err
		}
		at = next
	}
	return file.Truncate(at)
}

// frameHeader is that of a frame without a checksum: a single segment of that size if it is a small one, else of no size
// and with a window of 128 KiB.
func frameHeader(size int64) []byte {
	magic := []byte{0x28, 0xb5, 0x2f, 0xfd}
	if size > snapshot.FrameSize {
		return append(magic, 0, 7<<3)
	}
	return binary.LittleEndian.AppendUint32(append(magic, 0xa0), uint32(size))
}

// sparseTaken is when the backup was taken whose store is mostly holes.
var sparseTaken = time.Date(2026, 11, 20, 4, 0, 0, 0, time.UTC)

// sparseBackup is such a tar as a backup of our own, with its manifest beside it.
func sparseBackup(t *testing.T, file *os.File, size int64) error {
	if err := sparseFrames(t, file, size, snapshot.FrameSize); err != nil {
		return err
	}
	sum := sha256.New()
	length, err := io.Copy(sum, io.NewSectionReader(file, 0, math.MaxInt64))
	if err != nil {
		return err
	}
	m := snapshot.Manifest{Format: snapshot.FormatVersion, Cluster: "neo4j", Kind: snapshot.Hourly, Time: sparseTaken, Neo4j: "3.5.0",
		Objects: []snapshot.Object{{Database: "graph.db", Name: filepath.Base(file.Name()), Form: snapshot.Store, Size: length,
			SHA256: hex.EncodeToString(sum.Sum(nil)), Content: size, Files: 2}},
		Verification: &snapshot.Verification{How: "test", Time: sparseTaken}}
	text, err := m.Encode()
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(filepath.Dir(file.Name()), snapshot.Verified), text, 0o644)
}
