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

// snapshotLimit bounds the transfers of a 2 GB store, which take five minutes on an idle machine.
const snapshotLimit = 30 * time.Minute

// snapshots runs the benchmark of backup and restore, which shares its S3 server with the tests, and gives its figures by
// their units.
func snapshots() (map[string]float64, error) {
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

// figures reads a line of go test: the name, how often it ran, then pairs of a value and its unit.
func figures(text string) (map[string]float64, error) {
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) < 4 || !strings.HasPrefix(line, "BenchmarkSnapshots") {
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
		return found, nil
	}
	return nil, fmt.Errorf("cannot find the figures in:\n%s", text)
}

// transferring prints what backup and restore of a store of 2 GB take, which compresses to a half.
func transferring() error {
	f, err := snapshots()
	if err != nil {
		return err
	}
	return print([]row{
		{"restore of 2 GB from S3", fmt.Sprintf("%.0f MB/s", f["restore-MB/s"]), "≥ 3×, ≥ 80 %", []string{
			fmt.Sprintf("%.1f× the rate of aws s3 cp and unzip", f["restore-times-cp-and-unzip"]),
			fmt.Sprintf("%.0f %% of that of a plain copy to the disk", 100*f["restore-of-plain-copy"])}},
		{"the same from an old .zip", "", "", []string{fmt.Sprintf("%.1f× the rate of aws s3 cp and unzip", f["zip-times-cp-and-unzip"])}},
		{"resident memory of a restore", fmt.Sprintf("%.0f MB", f["restore-MB"]), "≤ 67 MB (64 MiB)", nil},
		{"upload of a backup of 2 GB", fmt.Sprintf("%.0f MB/s", f["upload-MB/s"]), "≥ 10×", []string{
			fmt.Sprintf("%.1f× the rate of zip -r and aws s3 cp", f["upload-times-zip-and-cp"])}},
		{"promotion of a backup", fmt.Sprintf("%.1f ms", f["promotion-ms"]), "≤ 1 s", nil},
	})
}
