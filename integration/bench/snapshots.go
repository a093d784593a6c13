package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// snapshotLimit bounds the transfers of a 2 GB store, which take six minutes on an idle machine.
const snapshotLimit = 30 * time.Minute

// snapshots runs the benchmark of backup and restore, which shares its S3 server with the tests, and gives its figures by
// the store and their units.
func snapshots() (map[string]map[string]float64, error) {
	ctx, cancel := context.WithTimeout(context.Background(), snapshotLimit)
	defer cancel()
	command := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", "^BenchmarkSnapshots$", "-benchtime", "1x", "-timeout", "0", "./integration")
	command.Env = append(os.Environ(), "BENCH_GB=2")
	text, err := command.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("cannot measure snapshots: %v\n%s", err, text)
	}
	return figures(string(text))
}

// figures reads the lines of go test: the name, how often it ran, then pairs of a value and its unit.
func figures(text string) (map[string]map[string]float64, error) {
	all := map[string]map[string]float64{}
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) < 4 || !strings.HasPrefix(line, "BenchmarkSnapshots/") {
			continue
		}
		found := map[string]float64{}
		for i := 2; i+1 < len(fields); i += 2 {
			value, err := strconv.ParseFloat(fields[i], 64)
			if err != nil {
				return nil, fmt.Errorf("cannot read the figures %q: %v", line, err)
			}
			found[fields[i+1]] = value
		}
		for _, store := range []string{storeOfRecords, storeHalfRandom} {
			if strings.HasPrefix(line, "BenchmarkSnapshots/"+store) {
				all[store] = found
			}
		}
	}
	if len(all) != 2 {
		return nil, fmt.Errorf("cannot find the figures in:\n%s", text)
	}
	return all, nil
}

// The stores of the benchmark.
const (
	storeOfRecords  = "records"
	storeHalfRandom = "half-random"
)

// transferring prints what backup and restore of 2 GB take: of records as Neo4j writes them, and of bytes half of which no
// program can compress.
func transferring() error {
	all, err := snapshots()
	if err != nil {
		return err
	}
	var rows []row
	for _, store := range []string{storeOfRecords, storeHalfRandom} {
		f, name := all[store], "2 GB, "+store
		rows = append(rows,
			row{"restore of " + name + ", from S3", fmt.Sprintf("%.0f MB/s", f["restore-MB/s"]), "≥ 3×, ≥ 80 %", []string{
				fmt.Sprintf("%.1f× the rate of aws s3 cp and unzip", f["restore-times-cp-and-unzip"]),
				fmt.Sprintf("%.0f %% of that of a plain copy to the disk", 100*f["restore-of-plain-copy"])}},
			row{"the same by its path, without an S3 server", "", "≥ 80 %", []string{fmt.Sprintf("%.0f %% of that of a plain copy to the disk", 100*f["path-of-plain-copy"])}},
			row{"the same from an old .zip", "", "", []string{fmt.Sprintf("%.1f× the rate of aws s3 cp and unzip", f["zip-times-cp-and-unzip"])}},
			row{"resident memory of a restore", fmt.Sprintf("%.0f MB", f["restore-MB"]), "≤ 67 MB (64 MiB)", nil},
			row{"upload of a backup of " + name, fmt.Sprintf("%.0f MB/s", f["upload-MB/s"]), "≥ 10×", []string{
				fmt.Sprintf("%.1f× the rate of zip -r and aws s3 cp", f["upload-times-zip-and-cp"])}},
			row{"promotion of a backup", fmt.Sprintf("%.1f ms", f["promotion-ms"]), "≤ 1 s", nil})
	}
	return print(rows)
}
