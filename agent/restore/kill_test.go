package restore

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"
	"time"
)

// killable is the variable that makes this test binary a process that restores; volume and S3's address are in it.
const killable = "RESTORE_TEST_KILLABLE"

func TestMain(m *testing.M) {
	if where := os.Getenv(killable); where != "" {
		os.Exit(restoreToBeKilled(where))
	}
	if where := os.Getenv(measured); where != "" {
		os.Exit(restoreToBeMeasured(where))
	}
	os.Exit(m.Run())
}

func restoreToBeKilled(where string) int {
	var root, endpoint string
	if _, err := fmt.Sscan(where, &root, &endpoint); err != nil {
		panic(err)
	}
	options := volume{nil, root}.options("backups/new.zip", client(endpoint))
	options.EachNew = true
	_, _ = fmt.Fprintln(os.Stdout, "restoring")
	if _, err := inTest(options, osDisk{}).run(context.Background()); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func TestKilledAtAnyMomentTheNextRunRestoresAndNoStoreIsHalfDoneUnnoticed(t *testing.T) {
	bucket, api := newFakeS3(t)
	old, fresh := store(1), sized(2, 40*smallPart)
	bucket.put("old.zip", zipOf(old, "neo4j-backup/"))
	bucket.put("new.zip", zipOf(fresh, "neo4j-backup/"))
	var whole time.Duration
	for i := range times(10, 100) + 1 {
		v := newVolume(t)
		v.mustRestore(v.options("backups/old.zip", api))
		limit := time.Minute // the first one is only measured
		if i > 0 {
			limit = rand.N(whole + whole/10)
		}
		took := v.runAndKill(*api.Options().BaseEndpoint, limit)
		if i == 0 {
			whole = took
		}
		v.isWholeOrRecorded(i, old, fresh)
		v.startsOnlyWhereWhole(i)
		options := v.options("backups/new.zip", api)
		options.EachNew = true
		v.mustRestore(options)
		v.holds("graph.db", fresh)
	}
}

// runAndKill restores in a process of its own, which is killed when limit is over. It tells how long it ran, counted
// from where it had begun to work.
func (v volume) runAndKill(endpoint string, limit time.Duration) time.Duration {
	v.t.Helper()
	command := exec.CommandContext(v.t.Context(), os.Args[0])
	command.Env = append(os.Environ(), killable+"="+v.root+" "+endpoint)
	began, ran := make(chan time.Time, 1), make(chan time.Time, 1)
	command.Stdout = writerFunc(func(text []byte) {
		if bytes.Contains(text, []byte("restoring")) {
			began <- time.Now()
		}
	})
	var said bytes.Buffer
	command.Stderr = &said
	if err := command.Start(); err != nil {
		v.t.Fatal(err)
	}
	go func() { _ = command.Wait(); ran <- time.Now() }()
	start := <-began
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case end := <-ran:
		if !command.ProcessState.Success() {
			v.t.Fatalf("it failed by itself: %s", said.String())
		}
		return end.Sub(start)
	case <-timer.C:
	}
	_ = command.Process.Kill()
	return (<-ran).Sub(start)
}

type writerFunc func([]byte)

func (w writerFunc) Write(p []byte) (int, error) { w(p); return len(p), nil }

// startsOnlyWhereWhole checks that a store that is half done is not taken for one when nobody asks for a snapshot any more.
func (v volume) startsOnlyWhereWhole(moment int) {
	v.t.Helper()
	known, err := readMarkers(v.markers())
	if err != nil {
		v.t.Fatal(err)
	}
	_, err = v.restore(v.options("", nil))
	if (err != nil) != (len(known.unfinished) > 0) {
		v.t.Errorf("killed at moment %d: a start without a snapshot: %v, markers %v", moment, err, v.markerFiles())
	}
}
