package backup

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

const leaseKey = "pre/leases/prod/backup.json"

// leased puts a lease into the bucket.
func (f *fakeS3) leased(t *testing.T, text leaseText, age time.Duration) {
	t.Helper()
	raw, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.put(leaseKey, raw, "")
	object := f.objects[leaseKey]
	object.at = object.at.Add(-age)
	f.objects[leaseKey] = object
}

func TestASecondRunLeavesWhileOneIsActive(t *testing.T) {
	f, client := newFakeS3(t)
	o := options(t, client, &fakeTool{})
	f.leased(t, leaseText{Holder: "other", Seconds: 120}, time.Second)
	result, err := Run(t.Context(), o)
	var busy *BusyError
	if !errors.As(err, &busy) || result.Outcome != Busy || !strings.Contains(err.Error(), "s3://bucket/"+leaseKey) {
		t.Errorf("got %v", err)
	}
	f.leased(t, leaseText{Holder: "other", Seconds: 120}, 122*time.Second)
	mustRun(t, o)
	f.leased(t, leaseText{Holder: "other", Seconds: 120, Free: true}, 0)
	mustRun(t, o)
}

func TestASecondRunOnTheSameDiskLeavesOrWaits(t *testing.T) {
	_, client := newFakeS3(t)
	tool := &fakeTool{}
	o := options(t, client, tool)
	inside, goOn, over := make(chan struct{}), make(chan struct{}), make(chan error)
	tool.check = func(string) error { close(inside); <-goOn; return nil }
	go func() {
		_, err := Run(context.Background(), o)
		over <- err
	}()
	<-inside
	tool2 := &fakeTool{}
	o.Tool = tool2
	var busy *BusyError
	if _, err := Run(t.Context(), o); !errors.As(err, &busy) || !strings.Contains(err.Error(), "/lock") {
		t.Errorf("got %v", err)
	}
	o.Wait = time.Minute
	go func() {
		_, err := Run(context.Background(), o)
		over <- err
	}()
	close(goOn)
	for range 2 {
		if err := <-over; err != nil {
			t.Error(err)
		}
	}
}

func TestARunWaitsForTheLeaseAsLongAsAsked(t *testing.T) {
	f, client := newFakeS3(t)
	o := options(t, client, &fakeTool{})
	o.Wait = time.Minute
	f.leased(t, leaseText{Holder: "other", Seconds: 120}, 0)
	looked := false
	f.Fault = func(operation, key string, _ int) fault {
		if operation == "GetObject" && key == leaseKey {
			if looked {
				f.leased(t, leaseText{Holder: "other", Seconds: 120, Free: true}, 0)
			}
			looked = true
		}
		return fault{}
	}
	mustRun(t, o)
	f.leased(t, leaseText{Holder: "other", Seconds: 120}, 0)
	f.Fault = nil
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("stopped"))
	if _, err := Run(ctx, o); err == nil {
		t.Error("a run that was stopped went on")
	}
}

// A run that was killed has not given its lease back; the next one with the same folder knows that it is dead.
func TestADeadRunOfTheSameFolderKeepsNobodyWaiting(t *testing.T) {
	f, client := newFakeS3(t)
	o := options(t, client, &fakeTool{})
	w, err := openWorkspace(o.Dir, "prod")
	if err != nil {
		t.Fatal(err)
	}
	name, err := w.name()
	if err != nil {
		t.Fatal(err)
	}
	f.leased(t, leaseText{Holder: name, Seconds: 120}, 0)
	mustRun(t, o)
}

func TestOfTwoRunsThatFindADeadOneOnlyOneGoesOn(t *testing.T) {
	f, client := newFakeS3(t)
	f.leased(t, leaseText{Holder: "dead", Seconds: 120}, time.Hour)
	b := bucket{patient(client), "bucket"}
	results := make(chan error)
	for i := range 8 {
		go func() {
			l := &lease{bucket: b, key: leaseKey, holder: fmt.Sprint("run", i)}
			results <- l.take(context.Background(), 0)
		}()
	}
	won := 0
	for range 8 {
		var busy *BusyError
		if err := <-results; err == nil {
			won++
		} else if !errors.As(err, &busy) {
			t.Error(err)
		}
	}
	if won != 1 {
		t.Errorf("%d have the lease", won)
	}
}

func TestARunEndsWhenItsLeaseIsLost(t *testing.T) {
	f, client := newFakeS3(t)
	l := &lease{bucket: bucket{patient(client), "bucket"}, key: leaseKey, holder: "own", every: 10 * time.Millisecond}
	if err := l.take(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	f.Fault = func(operation, _ string, n int) fault { // an answer that got lost is not another's lease
		return fault{lost: operation == "PutObject" && n == 2}
	}
	ctx, release := l.keep(t.Context())
	defer release()
	for f.count("PutObject") < 6 {
		if err := pause(ctx, time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
	f.leased(t, leaseText{Holder: "other", Seconds: 120}, 0)
	select {
	case <-ctx.Done():
	case <-time.After(30 * time.Second):
	}
	if !errors.Is(context.Cause(ctx), ErrLeaseLost) {
		t.Errorf("got %v", context.Cause(ctx))
	}
}

// Whatever breaks off when the lease is lost, another run is the reason.
func TestAStepThatTheLostLeaseEndedSaysSo(t *testing.T) {
	with, lose := context.WithCancelCause(t.Context())
	failed := errors.New("no member answers")
	if err := orLost(with, failed); !errors.Is(err, failed) {
		t.Errorf("with the lease: %v", err)
	}
	lose(fmt.Errorf("%w: another has it", ErrLeaseLost))
	if err := orLost(with, failed); !errors.Is(err, ErrLeaseLost) {
		t.Errorf("without it: %v", err)
	}
	if err := orLost(with, nil); err != nil {
		t.Errorf("all was done before: %v", err)
	}
}

func TestOneRefusalOfARenewalIsNoLossOfTheLease(t *testing.T) {
	f, client := newFakeS3(t)
	l := &lease{bucket: bucket{patient(client), "bucket"}, key: leaseKey, holder: "own", every: 10 * time.Millisecond}
	if err := l.take(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	f.Fault = func(operation, _ string, n int) fault {
		if operation == "PutObject" && n == 2 {
			return fault{code: "ExpiredToken", status: http.StatusBadRequest}
		}
		return fault{}
	}
	ctx, release := l.keep(t.Context())
	defer release()
	for f.count("PutObject") < 6 {
		if err := pause(ctx, time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
}

func TestALeaseIsFreeAfterARun(t *testing.T) {
	f, client := newFakeS3(t)
	mustRun(t, options(t, client, &fakeTool{}))
	var text leaseText
	if err := json.Unmarshal(f.text(leaseKey), &text); err != nil || !text.Free {
		t.Errorf("%+v, %v", text, err)
	}
}

func TestABucketThatIsNotThereIsSaidAtOnce(t *testing.T) {
	f, client := newFakeS3(t)
	f.Fault = func(string, string, int) fault { return fault{code: "NoSuchBucket", status: http.StatusNotFound} }
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	o := options(t, client, &fakeTool{})
	o.Wait = time.Hour
	if _, err := Run(ctx, o); err == nil || !strings.Contains(err.Error(), "NoSuchBucket") {
		t.Errorf("got %v", err)
	}
}
