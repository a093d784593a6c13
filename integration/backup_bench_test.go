package integration

import (
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"neo4j-agent/agent/backup"
)

// benchSize is that of the folder, in bytes: BENCH_GB=2 is what the README's figures are made with.
func benchSize() int64 {
	if gigabytes, err := strconv.ParseInt(os.Getenv("BENCH_GB"), 10, 64); err == nil {
		return gigabytes << 30
	}
	return 256 << 20
}

// recordsLike writes a folder of files that compress to about a half, as a store does.
func recordsLike(b *testing.B, size int64) string {
	b.Helper()
	dir := b.TempDir()
	const files, record = 8, 4096
	source := rand.NewChaCha8([32]byte{1})
	block := make([]byte, 1<<20)
	for n := range files {
		file, err := os.Create(filepath.Join(dir, "neostore."+strconv.Itoa(n)))
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

// BenchmarkABackupIsUploaded compares the upload of a store with what the system replaced does, zip -r and then a copy
// of the archive (here the fastest that there is, cp, instead of aws s3 cp), and tells how long the promotion takes.
func BenchmarkABackupIsUploaded(b *testing.B) {
	address, _ := realS3(b)
	run := backupRun{address, b.TempDir(), recordsLike(b, benchSize())}
	archive := filepath.Join(b.TempDir(), "backup.zip")
	var ours, theirs, promoted, ourCPU, theirCPU time.Duration
	for b.Loop() {
		options := run.options()
		options.Full = true
		stages, spent := map[backup.Stage]time.Time{}, map[backup.Stage]time.Duration{}
		options.Progress = func(p backup.Progress) {
			if stages[p.Stage].IsZero() {
				stages[p.Stage], spent[p.Stage] = time.Now(), used(b).cpu
			}
		}
		if result, err := backup.Run(b.Context(), options); err != nil {
			b.Fatalf("%+v, %v", result, err)
		}
		promoted += time.Since(stages[backup.Promoting])
		ours += stages[backup.Checking].Sub(stages[backup.Uploading])
		ourCPU += spent[backup.Checking] - spent[backup.Uploading]
		began := time.Now()
		for _, argv := range [][]string{{"zip", "-q", "-r", archive, "."}, {"cp", archive, archive + ".copy"}} {
			command := exec.Command(argv[0], argv[1:]...)
			command.Dir = run.Store
			if text, err := command.CombinedOutput(); err != nil {
				b.Fatalf("%v: %v\n%s", argv, err, text)
			}
			theirCPU += command.ProcessState.UserTime() + command.ProcessState.SystemTime()
		}
		theirs += time.Since(began)
		if err := os.Remove(archive); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(benchSize())*float64(b.N)/1e6/ours.Seconds(), "MB/s")
	b.ReportMetric(theirs.Seconds()/ours.Seconds(), "times-faster-than-zip-and-copy")
	b.ReportMetric(theirCPU.Seconds()/ourCPU.Seconds(), "times-less-CPU")
	b.ReportMetric(float64(used(b).memory)/(1<<20), "MiB-at-most")
	b.ReportMetric(promoted.Seconds()/float64(b.N), "s/promotion")
}

// usage is what this process has used so far.
type usage struct {
	cpu    time.Duration
	memory int64 // bytes at most
}

func used(b *testing.B) usage {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return usage{time.Duration(u.Utime.Nano() + u.Stime.Nano()), u.Maxrss << 10}
}
