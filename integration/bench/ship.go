package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"neo4j-agent/agent/logship/fakelogs"
)

// What is published of fluent-bit to CloudWatch Logs (aws/aws-for-fluent-bit: release notes of 2.31.6,
// troubleshooting/debugging.md): no figure per core is.
const fluentBit = "fluent-bit loses 16 % at 3 MB/s (2.31.6), uses 40 to 400 MB, typically 25 % of a vCPU"

// shipped is what it cost serve to send a log.
type shipped struct {
	bytes      int64
	cpu, wall  time.Duration
	peak, anon int64 // VmHWM, and RssAnon at the end
}

// sending sends a query log from a real serve to a strict fake of CloudWatch Logs in this process, with a script as the
// database.
func (b *box) sending(shape string, as form, use func(*queryLog) error) (s shipped, err error) {
	volume, err := os.MkdirTemp("", "neo4j-agent-bench-log-")
	if err != nil {
		return s, err
	}
	defer func() { _ = os.RemoveAll(volume) }()
	if err := os.Chmod(volume, 0o755); err != nil {
		return s, err
	}
	log, err := newQueryLog(filepath.Join(volume, "logs"), as)
	if err != nil {
		return s, err
	}
	service := fakelogs.New()
	service.Accepted = log.accept
	web := httptest.NewServer(service)
	defer web.Close()
	// The script never forms a cluster, and is not to be given up for that.
	start, err := b.started("AGENT_BIND_TIMEOUT=24h", "NEO4J_DATA_ROOT="+volume, "AGENT_SHIP_LOGS=query", "AGENT_LOG_GROUP=bench", "AGENT_LOG_SHAPE="+shape,
		"AWS_ENDPOINT_URL_CLOUDWATCH_LOGS="+web.URL, "AWS_REGION=eu-central-1", "AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=b")
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, stop(start)) }()
	serve, err := child(start.Process.Pid, "serve")
	if err != nil {
		return s, err
	}
	began := time.Now()
	used := cpuOf(serve)
	err = use(log)
	s.bytes, s.wall, s.cpu, s.peak, s.anon = log.written, time.Since(began), cpuOf(serve)-used, memoryOf(serve, "VmHWM"), memoryOf(serve, "RssAnon")
	if broken := service.Broken(); len(broken) > 0 {
		err = errors.Join(err, fmt.Errorf("limits broken: %q", broken))
	}
	return s, err
}

// acknowledged is how many bytes serve says that it has sent.
func (b *box) acknowledged() int64 {
	answer, err := http.Get("http://" + b.http + "/metrics")
	if err != nil {
		return 0
	}
	defer func() { _ = answer.Body.Close() }()
	text, _ := io.ReadAll(answer.Body)
	_, after, _ := strings.Cut(string(text), "\nneo4j_agent_log_bytes_total{log=\"query\"} ")
	value, _, _ := strings.Cut(after, "\n")
	n, _ := strconv.ParseFloat(value, 64)
	return int64(n)
}

// ship sends so many megabytes as fast as it goes.
func (b *box) ship(shape string, as form, megabytes int) (shipped, error) {
	return b.sending(shape, as, func(log *queryLog) error {
		return log.write(int64(megabytes)*1e6, b.acknowledged)
	})
}

// trickle sends a megabyte a second for a while.
func (b *box) trickle(shape string, as form, seconds int) (shipped, error) {
	return b.sending(shape, as, func(log *queryLog) error {
		ticks := time.NewTicker(100 * time.Millisecond)
		defer ticks.Stop()
		for range seconds * 10 {
			if err := log.burst(100_000); err != nil {
				return err
			}
			<-ticks.C
		}
		return log.arrive()
	})
}

// tail is what the system replaced followed the log with: its CPU for the bytes that it put into a pipe, which is only half
// of the way, and how many those were. It sends the whole file at each start and knows no acknowledgement.
func tail(size int) (cpu time.Duration, read, written int64, err error) {
	dir, err := os.MkdirTemp("", "neo4j-agent-bench-tail-")
	if err != nil {
		return 0, 0, 0, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	log, err := newQueryLog(dir, text35)
	if err != nil {
		return 0, 0, 0, err
	}
	command := exec.Command("tail", "-n", "+1", "-F", log.path)
	out, err := command.StdoutPipe()
	if err == nil {
		err = errors.Join(log.burst(1), command.Start())
	}
	if err != nil {
		return 0, 0, 0, err
	}
	defer func() { _ = command.Process.Kill(); _ = command.Wait() }()
	var got atomic.Int64
	go func() {
		buffer := make([]byte, 64<<10)
		for {
			n, err := out.Read(buffer)
			if got.Add(int64(n)); err != nil {
				return
			}
		}
	}()
	for log.written < int64(size)*1e6 {
		if err := log.burst(1 << 20); err != nil {
			return 0, 0, 0, err
		}
	}
	const still = 3 * time.Second // tail looks each second
	for at, last := time.Now(), int64(0); got.Load() < log.written && time.Since(at) < still; <-time.After(10 * time.Millisecond) {
		if now := got.Load(); now != last {
			at, last = time.Now(), now
		}
	}
	return cpuOf(command.Process.Pid), got.Load(), log.written, nil
}

// shipping prints what it costs to send that many megabytes.
func shipping(agent string, size int) error {
	agent, err := filepath.Abs(agent)
	if err != nil {
		return err
	}
	b, err := newBox(agent)
	if err != nil {
		return err
	}
	defer b.remove()
	rows, err := b.shipRows(size)
	if err != nil {
		return err
	}
	return print(rows)
}

// shipRows are the figures of issue 6.
func (b *box) shipRows(size int) ([]row, error) {
	var rows []row
	var small, big shipped
	for _, kind := range []struct {
		shape, log string
		form       form
	}{{"raw", "3.5's text", text35}, {"json", "3.5's text", text35}, {"json", "5's JSON", json5}} {
		var err error
		if small, err = b.ship(kind.shape, kind.form, 1); err != nil {
			return nil, err
		}
		if big, err = b.ship(kind.shape, kind.form, size); err != nil {
			return nil, err
		}
		slow, err := b.trickle(kind.shape, kind.form, 30)
		if err != nil {
			return nil, err
		}
		what := fmt.Sprintf("%d MB of %s sent, shape %s: ", size, kind.log, kind.shape)
		rows = append(rows,
			row{what + "throughput, none lost", fmt.Sprintf("%.1f MB/s per core", float64(big.bytes)/1e6/big.cpu.Seconds()), "≥ 15 MB/s", []string{
				fmt.Sprintf("%.1f MB/s on this machine, writer and service included", float64(big.bytes)/1e6/big.wall.Seconds()), fluentBit}},
			row{what + "CPU of a GB", fmt.Sprintf("%.1f s", big.cpu.Seconds()*1e9/float64(big.bytes)), "", nil},
			row{what + "resident at most", megabytes(big.peak), "≤ 30 MB", []string{
				fmt.Sprintf("%s after 1 MB; anonymous %s and %s", megabytes(small.peak), megabytes(big.anon), megabytes(small.anon))}},
			row{"CPU at 1 MB/s of " + kind.log + ", shape " + kind.shape, fmt.Sprintf("%.1f %% of a core", 100*slow.cpu.Seconds()/slow.wall.Seconds()), "< 5 %", nil},
		)
	}
	used, read, written, err := tail(size)
	if err != nil {
		return nil, err
	}
	return append(rows, row{"`tail -F` of the same log into a pipe: CPU of a GB", fmt.Sprintf("%.1f s", used.Seconds()*1e9/float64(read)), "", []string{
		fmt.Sprintf("lost %.1f %% over the rotations, and that is half of the way: nothing is sent, remembered or waited for", 100*float64(written-read)/float64(written))}}), nil
}

// cpuOf is the time that a process has used (proc_pid_stat(5): utime and stime, in hundredths of a second).
func cpuOf(pid int) time.Duration {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, after, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(after)
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

// memoryOf is a line of proc_pid_status(5), in bytes.
func memoryOf(pid int, name string) int64 {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(status)) {
		var kilobytes int64
		if _, err := fmt.Sscanf(line, name+": %d kB", &kilobytes); err == nil {
			return kilobytes << 10
		}
	}
	return 0
}

// child finds the stage of an agent by its parent.
func child(parent int, stage string) (int, error) {
	pid := 0
	err := await(stage, func() bool {
		found, _ := filepath.Glob("/proc/[0-9]*/stat")
		for _, path := range found {
			text, _ := os.ReadFile(path)
			_, after, _ := strings.Cut(string(text), ") ")
			fields := strings.Fields(after)
			if len(fields) < 2 || fields[1] != strconv.Itoa(parent) {
				continue
			}
			argv, _ := os.ReadFile(filepath.Join(filepath.Dir(path), "cmdline"))
			if strings.Contains(string(argv), "\x00"+stage+"\x00") {
				pid, _ = strconv.Atoi(filepath.Base(filepath.Dir(path)))
			}
		}
		return pid != 0
	})
	return pid, err
}
