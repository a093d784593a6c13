package logship

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// BenchmarkShipOneGigabyte ships a gigabyte of query log, rotated at 20 MB, from one process to the strict fake in
// another, and reports the shipper's CPU, memory and rate. SHIP_MB sets another size.
func BenchmarkShipOneGigabyte(b *testing.B) {
	megabytes := 1000
	if n, err := strconv.Atoi(os.Getenv("SHIP_MB")); err == nil {
		megabytes = n
	}
	dir := b.TempDir()
	writer := &neo4j{path: filepath.Join(dir, "query.log"), format: ".%d", size: 20 << 20}
	for range megabytes {
		writer.burst(b, 1_000_000)
	}
	for _, shape := range []Shape{Raw, JSON} {
		b.Run(string(shape), func(b *testing.B) {
			for range b.N {
				cpu, wall, memory := shipAll(b, program{URL: startService(b), Path: writer.path, Checkpoints: b.TempDir(), Shape: shape})
				b.ReportMetric(float64(megabytes)/cpu.Seconds(), "MB/s/core")
				b.ReportMetric(float64(megabytes)/wall.Seconds(), "MB/s")
				b.ReportMetric(cpu.Seconds()*1000/float64(megabytes), "cpu-s/GB")
				b.ReportMetric(float64(memory)/1024, "MB-peak")
			}
		})
	}
}

// shipAll runs the shipper program until all is sent and tells its CPU time, the time it took and its peak memory in kB.
func shipAll(b *testing.B, p program) (cpu, wall time.Duration, peak int64) {
	began := time.Now()
	cmd := p.start(b)
	_ = cmd.Process.Signal(syscall.SIGTERM)
	if err := cmd.Wait(); err != nil {
		b.Fatal(err)
	}
	used := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), time.Since(began), used.Maxrss
}

// startService starts this test binary as the strict fake and gives its URL.
func startService(b *testing.B) string {
	b.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "LOGSHIP_AS=service")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = in.Close(); _ = cmd.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatal(fmt.Errorf("the service did not start: %v", err))
	}
	return strings.TrimSpace(line)
}
