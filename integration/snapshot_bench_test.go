package integration

import (
	"bufio"
	"context"
	"encoding/binary"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"neo4j-agent/agent/backup"
	"neo4j-agent/agent/snapshot"
	"neo4j-agent/integration/localcluster"
)

// benchSize is that of the store, in bytes: BENCH_GB=2 is what `make bench` says.
func benchSize() int64 {
	if gigabytes, err := strconv.ParseInt(os.Getenv("BENCH_GB"), 10, 64); err == nil {
		return gigabytes << 30
	}
	return 256 << 20
}

// turns is how often each restore and each upload is made; the median counts.
const turns = 3

// graphStore writes a folder of records as Neo4j's own stores have them (standard format of 3.5 and 4.x: 15 bytes for a node,
// 34 for a relationship, 41 for up to four blocks of properties), of a graph in which each node has two relationships to
// nodes drawn by chance and three properties: a number, a short text, a fraction, drawn by chance too. It compresses to a
// third.
func graphStore(b *testing.B, size int64) string {
	b.Helper()
	dir := filepath.Join(b.TempDir(), "neo4j-backup")
	if err := firstError(os.Mkdir(dir, 0o755), os.WriteFile(filepath.Join(dir, "neostore"), []byte("store"), 0o600)); err != nil {
		b.Fatal(err)
	}
	const perNode = 15 + 2*34 + 3*41
	graph := randomGraph{rand.New(rand.NewPCG(1, 2)), size / perNode}
	for name, kind := range map[string]struct {
		count  int64
		record func(to []byte, n int64) []byte
	}{
		"neostore.nodestore.db": {graph.nodes, graph.node}, "neostore.relationshipstore.db": {2 * graph.nodes, graph.relationship}, lastStore: {3 * graph.nodes, graph.property},
	} {
		file, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			b.Fatal(err)
		}
		to := bufio.NewWriterSize(file, 1<<20)
		var record []byte
		for n := range kind.count {
			record = kind.record(record[:0], n)
			_, _ = to.Write(record) // an error comes with Flush
		}
		if err := firstError(to.Flush(), file.Close()); err != nil {
			b.Fatal(err)
		}
	}
	return dir
}

const lastStore = "neostore.propertystore.db"

// none is the pointer to nothing.
const none = math.MaxUint32

type randomGraph struct {
	*rand.Rand
	nodes int64
}

func (g randomGraph) node(to []byte, n int64) []byte {
	to = binary.BigEndian.AppendUint32(append(to, 1), uint32(2*n+1))
	to = binary.BigEndian.AppendUint32(to, uint32(3*n))
	return append(binary.BigEndian.AppendUint32(append(to, 0x10), uint32(n%8)), 0)
}

func (g randomGraph) relationship(to []byte, n int64) []byte {
	to = append(to, 1)
	for _, pointer := range []int64{n / 2, g.Int64N(g.nodes), n % 5, n - 1, n + 1, g.Int64N(2 * g.nodes), g.Int64N(2 * g.nodes), none} {
		to = binary.BigEndian.AppendUint32(to, uint32(pointer))
	}
	return append(to, 0)
}

func (g randomGraph) property(to []byte, n int64) []byte {
	blocks := [4]uint64{uint64(n%3) | 3<<24 | g.Uint64N(1_000_000)<<28} // the key, the type, a number
	switch n % 3 {
	case 1: // ten letters of six bits
		blocks[0] = 1 | 11<<24 | g.Uint64()&0x1f1f1f1f<<32
		blocks[1] = g.Uint64() & 0x1f1f1f1f1f1f
	case 2:
		blocks[0], blocks[1] = 2|8<<24, math.Float64bits(g.Float64())
	}
	to = binary.BigEndian.AppendUint32(append(to, 0), uint32(n-1))
	to = binary.BigEndian.AppendUint32(to, uint32(n+1))
	for _, block := range blocks {
		to = binary.BigEndian.AppendUint64(to, block)
	}
	return to
}

// halfRandom writes a folder of files that compress to a half, which is the worst that a store may be: of each 4096 bytes
// one half is random and the other one zeros.
func halfRandom(b *testing.B, size int64) string {
	b.Helper()
	dir := filepath.Join(b.TempDir(), "neo4j-backup")
	if err := firstError(os.Mkdir(dir, 0o755), os.WriteFile(filepath.Join(dir, "neostore"), []byte("store"), 0o600)); err != nil {
		b.Fatal(err)
	}
	const files, record = 8, 4096
	source := rand.NewChaCha8([32]byte{1})
	block := make([]byte, 1<<20)
	for n := range files {
		file, err := os.Create(filepath.Join(dir, []string{lastStore, "1", "2", "3", "4", "5", "6", "7"}[n]))
		if err != nil {
			b.Fatal(err)
		}
		for written := int64(0); written < size/files; written += int64(len(block)) {
			for at := 0; at < len(block); at += record {
				_, _ = source.Read(block[at : at+record/2])
			}
			if _, err := file.Write(block); err != nil {
				b.Fatal(err)
			}
		}
		if err := file.Close(); err != nil {
			b.Fatal(err)
		}
	}
	return dir
}

// awsAt gives the AWS command line and its environment for that S3 server.
func awsAt(b *testing.B, address string) func(args ...string) *exec.Cmd {
	b.Helper()
	for _, tool := range []string{"zip", "unzip"} {
		if _, err := exec.LookPath(tool); err != nil {
			b.Fatalf("%s is not on this machine: please install it (Debian: apt-get install %s)", tool, tool)
		}
	}
	aws, err := localcluster.AWSCLI(b.Context(), "../.build/parts", func(line string) { b.Log(line) })
	if err != nil {
		b.Fatal(err)
	}
	return func(args ...string) *exec.Cmd {
		command := exec.Command(aws[0], append(append(aws[1:], "--endpoint-url", "http://"+address), args...)...)
		command.Env = append(os.Environ(), "AWS_ACCESS_KEY_ID=local", "AWS_SECRET_ACCESS_KEY=locallocal", "AWS_REGION=us-east-1")
		return command
	}
}

// inMemory is a folder that is in no disk: S3's own disk is not the one of who uploads and restores.
func inMemory(b *testing.B) string {
	b.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "s3-")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// took runs work on a machine that has nothing left to write to its disk and whose memory is there, and gives how long it
// took until its own bytes are on the disk.
func took(b *testing.B, work func() error) time.Duration {
	b.Helper()
	syscall.Sync()
	touchMemory(b)
	began := time.Now()
	if err := work(); err != nil {
		b.Fatal(err)
	}
	return time.Since(began)
}

// touchMemory has the memory that the work will need given to this machine: a virtual one gives back what it does not
// use, and who asks for it next pays several times what its bytes cost, by the order of what is measured.
func touchMemory(b *testing.B) {
	b.Helper()
	memory, err := unix.Mmap(-1, 0, int(2*benchSize()), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_POPULATE)
	if err == nil {
		err = unix.Munmap(memory)
	}
	if err != nil {
		b.Fatal(err)
	}
}

func running(b *testing.B, command *exec.Cmd) {
	b.Helper()
	if text, err := command.CombinedOutput(); err != nil {
		b.Fatalf("%v: %v\n%s", command.Args, err, text)
	}
}

// BenchmarkSnapshots uploads a backup of a store-like folder and restores it, and does both as the system replaced did:
// zip -r and aws s3 cp, aws s3 cp and unzip. Its restores end with the bytes on the disk, as ours do.
func BenchmarkSnapshots(b *testing.B) {
	for name, store := range map[string]func(*testing.B, int64) string{"records": graphStore, "half-random": halfRandom} {
		b.Run(name, func(b *testing.B) {
			memory := inMemory(b)
			run := backupRun{realS3In(b, memory), b.TempDir(), store(b, benchSize())}
			for range b.N {
				snapshotTurns(b, run, memory)
			}
		})
	}
}

func snapshotTurns(b *testing.B, run backupRun, memory string) {
	b.Helper()
	aws := awsAt(b, run.Address)
	uploads, promotions := uploadTurns(b, run)
	archive := filepath.Join(b.TempDir(), "old.zip")
	zipping := took(b, func() error {
		pack := exec.Command("zip", "-q", "-r", archive, "neo4j-backup")
		pack.Dir = filepath.Dir(run.Store)
		running(b, pack)
		running(b, aws("s3", "cp", "--quiet", archive, "s3://backups/old.zip"))
		return os.Remove(archive)
	})
	b.ReportMetric(float64(benchSize())/1e6/median(uploads).Seconds(), "upload-MB/s")
	b.ReportMetric(zipping.Seconds()/median(uploads).Seconds(), "upload-times-zip-and-cp")
	b.ReportMetric(median(promotions).Seconds()*1000, "promotion-ms")
	restoreTurns(b, run, aws, folderIn(b, memory))
}

// onDisk is the tool when what it took is on the disk, as neo4j-admin leaves it: to write that is no part of the upload.
type onDisk struct{ fakeBackupTool }

func (o onDisk) Backup(ctx context.Context, source, database, dir string, full bool) (bool, error) {
	full, err := o.fakeBackupTool.Backup(ctx, source, database, dir, full)
	syscall.Sync()
	return full, err
}

func (onDisk) Check(context.Context, string, string) error { return nil }

// uploadTurns takes backups; what counts is the upload, for the rest is Neo4j's.
func uploadTurns(b *testing.B, run backupRun) (uploads, promotions []time.Duration) {
	b.Helper()
	for range turns {
		options := run.options()
		options.Full, options.Tool = true, onDisk{fakeBackupTool{run.Store}}
		stages := map[backup.Stage]time.Time{}
		options.Progress = func(p backup.Progress) {
			if stages[p.Stage].IsZero() {
				stages[p.Stage] = time.Now()
			}
		}
		_ = took(b, func() error { _, err := backup.Run(b.Context(), options); return err })
		promotions = append(promotions, time.Since(stages[backup.Promoting]))
		uploads = append(uploads, stages[backup.Checking].Sub(stages[backup.Uploading]))
	}
	return uploads, promotions
}

// folderIn finds a backup where the S3 server keeps its objects.
func folderIn(b *testing.B, dir string) string {
	b.Helper()
	manifests, err := filepath.Glob(filepath.Join(dir, backups, backupLayout.Prefix, "*", backupLayout.Cluster, "*", snapshot.Verified))
	if err != nil || len(manifests) == 0 {
		b.Fatalf("no backup in %s: %v", dir, err)
	}
	return filepath.Dir(manifests[0])
}

// restoreTurns also restores a backup by its path, where no S3 server takes its share of the cores.
func restoreTurns(b *testing.B, run backupRun, aws func(...string) *exec.Cmd, folder string) {
	b.Helper()
	var ours, byPath, oldFormat, theirs, copies []time.Duration
	var memory int64
	for range turns {
		for spec, times := range map[string]*[]time.Duration{"latest": &ours, folder: &byPath, "backups/old.zip": &oldFormat} {
			home := agentOn(b, run.Address)
			*times = append(*times, took(b, func() error { memory = max(memory, peakOf(b, home, "restore", spec)); return nil }))
			if _, err := os.Stat(filepath.Join(home.store(), lastStore)); err != nil {
				b.Fatal(err)
			}
			_ = os.RemoveAll(home.dir)
		}
		to := b.TempDir()
		theirs = append(theirs, took(b, func() error {
			archive := filepath.Join(to, "old.zip")
			running(b, aws("s3", "cp", "--quiet", "s3://backups/old.zip", archive))
			running(b, exec.Command("unzip", "-q", archive, "-d", to))
			running(b, exec.Command("sync", "-f", to))
			return os.Remove(archive)
		}))
		_ = os.RemoveAll(filepath.Join(to, "neo4j-backup"))
		copies = append(copies, took(b, func() error { return plainCopy(run.Store, to) }))
		_ = os.RemoveAll(to)
	}
	own := median(ours).Seconds()
	b.ReportMetric(float64(benchSize())/1e6/own, "restore-MB/s")
	b.ReportMetric(median(theirs).Seconds()/own, "restore-times-cp-and-unzip")
	b.ReportMetric(median(copies).Seconds()/own, "restore-of-plain-copy")
	b.ReportMetric(median(copies).Seconds()/median(byPath).Seconds(), "path-of-plain-copy")
	b.ReportMetric(median(theirs).Seconds()/median(oldFormat).Seconds(), "zip-times-cp-and-unzip")
	b.ReportMetric(float64(memory)/1e6, "restore-MB")
}

func median(times []time.Duration) time.Duration {
	slices.Sort(times)
	return times[len(times)/2]
}

// plainCopy copies the files of a folder, each to its end on the disk.
func plainCopy(from, to string) error {
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		source, err := os.Open(filepath.Join(from, entry.Name()))
		if err != nil {
			return err
		}
		target, err := os.Create(filepath.Join(to, entry.Name()))
		if err == nil {
			_, err = io.Copy(struct{ io.Writer }{target}, struct{ io.Reader }{source})
		}
		if err := firstError(err, target.Sync(), target.Close(), source.Close()); err != nil {
			return err
		}
	}
	return nil
}
