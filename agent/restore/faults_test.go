package restore

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/rs/zerolog"

	"neo4j-agent/agent/snapshot"
)

// faulty answers some of the requests for parts in a way of its own. It counts what it sends.
type faulty struct {
	bucket *fakeS3
	sent   atomic.Int64
	mu     sync.Mutex
	random *rand.Rand
	// answer is given what the bucket would say.
	answer func(w http.ResponseWriter, r *http.Request, good *httptest.ResponseRecorder)
	often  int // one of so many
}

func (f *faulty) fault(w http.ResponseWriter, r *http.Request) bool {
	if r.Header.Get("Range") == "" {
		return false
	}
	f.mu.Lock()
	hit := f.random.IntN(f.often) == 0
	f.mu.Unlock()
	good := httptest.NewRecorder()
	f.bucket.get(good, r, strings.TrimPrefix(r.URL.Path, "/backups/"))
	if hit {
		f.answer(w, r, good)
		return true
	}
	f.send(w, good, good.Body.Len())
	return true
}

// send writes the first n bytes of the body, with the header of all.
func (f *faulty) send(w http.ResponseWriter, good *httptest.ResponseRecorder, n int) {
	for name, values := range good.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(good.Code)
	written, _ := w.Write(good.Body.Bytes()[:n])
	f.sent.Add(int64(written))
	w.(http.Flusher).Flush()
}

func TestARestoreGoesOnWhereItWasAfterTroubleThatPasses(t *testing.T) {
	large := sized(1, 60*smallPart)
	for name, answer := range map[string]func(f *faulty, w http.ResponseWriter, r *http.Request, good *httptest.ResponseRecorder){
		"connection reset in the middle": func(f *faulty, w http.ResponseWriter, _ *http.Request, good *httptest.ResponseRecorder) {
			f.send(w, good, good.Body.Len()/2)
			panic(http.ErrAbortHandler)
		},
		"connection reset before a word": func(*faulty, http.ResponseWriter, *http.Request, *httptest.ResponseRecorder) {
			panic(http.ErrAbortHandler)
		},
		"throttled": func(_ *faulty, w http.ResponseWriter, _ *http.Request, _ *httptest.ResponseRecorder) {
			answer(w, http.StatusServiceUnavailable, "SlowDown")
		},
		"internal error": func(_ *faulty, w http.ResponseWriter, _ *http.Request, _ *httptest.ResponseRecorder) {
			answer(w, http.StatusInternalServerError, "InternalError")
		},
		"an error page of a proxy": func(_ *faulty, w http.ResponseWriter, _ *http.Request, _ *httptest.ResponseRecorder) {
			w.WriteHeader(http.StatusBadGateway)
		},
		"the answer stands still": func(f *faulty, w http.ResponseWriter, r *http.Request, good *httptest.ResponseRecorder) {
			f.send(w, good, good.Body.Len()/2)
			<-r.Context().Done()
		},
	} {
		t.Run(name, func(t *testing.T) {
			bucket, api := newFakeS3(t)
			m := bucket.putBackup(snapshot.Hourly, taken, map[string]map[string][]byte{"graph.db": large})
			f := &faulty{bucket: bucket, random: rand.New(rand.NewPCG(1, 2)), often: 4}
			f.answer = func(w http.ResponseWriter, r *http.Request, good *httptest.ResponseRecorder) { answer(f, w, r, good) }
			bucket.fault = f.fault
			v := newVolume(t)
			r := inTest(v.options("latest", api), osDisk{})
			r.pace.stall = 500 * time.Millisecond
			if _, err := r.run(t.Context()); err != nil {
				t.Fatal(err)
			}
			v.holds("graph.db", large)
			// Bytes sent to a connection that was then reset may not have arrived; a start over would send all again.
			if sent := f.sent.Load(); sent > m.Size()*3/2 {
				t.Errorf("%d bytes were sent for %d", sent, m.Size())
			}
		})
	}
}

func TestTroubleThatDoesNotPassIsToldApart(t *testing.T) {
	for _, c := range []struct {
		status int
		code   string
		kind   Kind
		says   string
	}{
		{403, "AccessDenied", Denied, "AccessDenied: said the fake"},
		{404, "NoSuchBucket", Missing, "NoSuchBucket"},
		{503, "SlowDown", Later, "nothing has arrived for"},
		{400, "InvalidRequest", Refused, "InvalidRequest"},
	} {
		bucket, api := newFakeS3(t)
		bucket.fault = func(w http.ResponseWriter, _ *http.Request) bool { answer(w, c.status, c.code); return true }
		v := newVolume(t)
		r := inTest(v.options("latest", api), osDisk{})
		r.pace.patience = 50 * time.Millisecond
		_, err := r.run(t.Context())
		wantError(t, err, c.kind, c.says)
		if left := files(t, v.root); len(left) != 0 {
			t.Errorf("left: %v", left)
		}
	}
	_, api := newFakeS3(t)
	v := newVolume(t)
	v.refuses(v.options("latest", api), Missing, "no such verified backup among the 0 of cluster neo4j")
	v.refuses(v.options("backups/missing.zip", api), Missing, "s3://backups/missing.zip")
	v.refuses(v.options("backups/missing", api), Missing, "neither an archive")
	v.refuses(v.options("nonsense", api), Refused, "none of bucket/key")
	v.refuses(v.options("@tomorrow", api), Refused, "not a time such as")
	v.refuses(v.options("/missing.zip", api), Missing, "/missing.zip")
}

func TestABackupThatWasNotVerifiedIsRefused(t *testing.T) {
	bucket, api := newFakeS3(t)
	bucket.put("hourly/neo4j/2026-11-20T04-00-00Z/"+snapshot.NotVerified, []byte("{}"))
	v := newVolume(t)
	v.refuses(v.options("backups/hourly/neo4j/2026-11-20T04-00-00Z", api), Corrupt, "has not been verified")
}

func TestAnObjectReplacedWhileItIsReadIsNoticed(t *testing.T) {
	bucket, api := newFakeS3(t)
	bucket.put("a.tar.zst", zstdOf(tarOf(sized(1, 60*smallPart), "")))
	var once sync.Once
	bucket.fault = func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Header.Get("Range") != "" {
			once.Do(func() { bucket.put("a.tar.zst", zstdOf(tarOf(sized(2, 60*smallPart), ""))) })
		}
		return false
	}
	v := newVolume(t)
	v.refuses(v.options("backups/a.tar.zst", api), Later, "replaced while it was read")
}

func TestBytesOtherThanThoseS3SumsUpAreNoticed(t *testing.T) {
	bucket, api := newFakeS3(t)
	bucket.put("any.backup", []byte("BZV1 what only Neo4j can check"))
	bucket.checksum = func([]byte) (string, string) { return "X-Amz-Checksum-Crc32", "AAAAAA==" }
	v := newVolume(t)
	v.refuses(v.options("backups/any.backup", api), Corrupt, "S3 keeps AAAAAA==")
}

func TestAVolumeThatIsTooSmallIsToldBeforeAnythingIsRead(t *testing.T) {
	bucket, api := newFakeS3(t)
	bucket.putBackup(snapshot.Hourly, taken, map[string]map[string][]byte{"graph.db": sized(1, 1<<20)})
	bucket.put("a.zip", zipOf(sized(1, 1<<20), ""))
	for _, c := range []struct {
		spec   string
		copies bool
		free   int64
		says   string
	}{
		{"latest", false, 1 << 20, "it needs 1.0 MiB"}, {"latest", true, 1<<21 - 1, "more are needed"},
		{"backups/a.zip", false, 1 << 20, "1.0 MiB are free"}, {"backups/a.zip", true, 3 << 19, "1.5 MiB are free"},
	} {
		v := newVolume(t)
		r := inTest(v.options(c.spec, api), osDisk{})
		r.BuildCopies = c.copies
		r.space = func(string) (room, error) { return room{free: c.free}, nil }
		_, err := r.run(t.Context())
		wantError(t, err, NoSpace, c.says)
		if left := files(t, v.root); len(left) != 0 {
			t.Errorf("left: %v", left)
		}
	}
}

func TestARestoreThatIsToldToStopStopsAndLeavesNothing(t *testing.T) {
	bucket, api := newFakeS3(t)
	bucket.putBackup(snapshot.Hourly, taken, map[string]map[string][]byte{"graph.db": sized(1, 60*smallPart)})
	ctx, cancel := context.WithCancel(t.Context())
	var ranges atomic.Int32
	bucket.fault = func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Header.Get("Range") != "" && ranges.Add(1) == 10 {
			cancel()
		}
		return false
	}
	v := newVolume(t)
	_, err := inTest(v.options("latest", api), osDisk{}).run(ctx)
	var known *Error
	if !errors.Is(err, context.Canceled) || errors.As(err, &known) {
		t.Errorf("%v", err)
	}
	if left := files(t, v.root); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}

func TestOneFailureAfterTheDiskWasSlowIsNoReasonToGiveUp(t *testing.T) {
	bucket, api := newFakeS3(t)
	bucket.put("a.tar.zst", zstdOf(tarOf(store(1), "")))
	var once sync.Once
	bucket.fault = func(w http.ResponseWriter, r *http.Request) (failed bool) {
		if r.Header.Get("Range") != "" {
			once.Do(func() { answer(w, http.StatusServiceUnavailable, "SlowDown"); failed = true })
		}
		return failed
	}
	r := inTest(newVolume(t).options("backups/a.tar.zst", api), osDisk{})
	r.meter = newMeter(nil)
	r.meter.begun = time.Now().Add(-2 * r.pace.patience) // nothing was asked for since
	o, err := r.stat(t.Context(), r.bucket("backups"), "a.tar.zst")
	if err != nil {
		t.Fatal(err)
	}
	if err := r.transfer(r.bucket("backups")).fill(t.Context(), o, 0, make([]byte, o.size)); err != nil {
		t.Error(err)
	}
}

func TestARestoreWhoseTimeIsOverSaysNothingAboutTheSnapshot(t *testing.T) {
	for _, name := range []string{"a.tar.zst", "a.zip", "a.dump"} {
		bucket, api := newFakeS3(t)
		content := map[string][]byte{
			"a.tar.zst": zstdOf(tarOf(sized(1, 60*smallPart), "")), "a.zip": zipOf(sized(1, 60*smallPart), ""), "a.dump": zstdOf(sized(1, 60*smallPart)["neostore.nodestore.db"]),
		}[name]
		bucket.put(name, content)
		bucket.fault = func(_ http.ResponseWriter, r *http.Request) bool {
			if strings.HasPrefix(r.Header.Get("Range"), "bytes=32768-") {
				<-r.Context().Done()
			}
			return false
		}
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		v := newVolume(t)
		_, err := inTest(v.options("backups/"+name, api), osDisk{}).run(ctx)
		var known *Error
		if !errors.Is(err, context.DeadlineExceeded) || errors.As(err, &known) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// farAway is an S3 whose every answer takes its time.
type farAway struct {
	S3
	takes time.Duration
}

func (f farAway) ListObjectsV2(ctx context.Context, in *s3.ListObjectsV2Input, options ...func(*s3.Options)) (*s3.ListObjectsV2Output, error) {
	pace{}.wait(ctx, f.takes)
	return f.S3.ListObjectsV2(ctx, in, options...)
}

func TestALongListIsNoStandstill(t *testing.T) {
	bucket, api := newFakeS3(t)
	bucket.putBackup(snapshot.Hourly, taken, map[string]map[string][]byte{"graph.db": store(1)})
	v := newVolume(t)
	r := inTest(v.options("latest", farAway{api, 200 * time.Millisecond}), osDisk{}) // four of them
	r.pace.stall, r.pace.patience = 500*time.Millisecond, 5*time.Second
	if _, err := r.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	v.holds("graph.db", store(1))
}

func TestTroubleThatPassesIsToldAsLongAsItLasts(t *testing.T) {
	bucket, api := newFakeS3(t)
	bucket.put("a.zip", zipOf(store(1), ""))
	bucket.fault = func(w http.ResponseWriter, _ *http.Request) bool {
		answer(w, http.StatusServiceUnavailable, "SlowDown")
		return true
	}
	var log strings.Builder
	v := newVolume(t)
	r := inTest(v.options("backups/a.zip", api), osDisk{})
	r.Log = zerolog.New(&log)
	r.pace.patience = 100 * time.Millisecond
	_, err := r.run(t.Context())
	wantError(t, err, Later, "nothing has arrived for")
	if lines := strings.Count(log.String(), "trying again"); lines != 1 {
		t.Errorf("%d lines: %s", lines, log.String())
	}
}

func TestAFileOfThisMachineThatIsReplacedOrCutOffWhileItIsReadIsNoticed(t *testing.T) {
	for _, spoil := range []func(path string) error{
		func(path string) error { return os.Truncate(path, 10) },
		func(path string) error {
			return errors.Join(os.WriteFile(path+".new", []byte("x"), 0o600), os.Rename(path+".new", path))
		},
	} {
		path := filepath.Join(t.TempDir(), "a.backup")
		if err := os.WriteFile(path, append([]byte("BZV1"), make([]byte, 100)...), 0o600); err != nil {
			t.Fatal(err)
		}
		r := inTest(newVolume(t).options(path, nil), osDisk{})
		r.meter = newMeter(nil)
		o, err := r.stat(t.Context(), folder{}, path)
		if err != nil {
			t.Fatal(err)
		}
		if err := spoil(path); err != nil {
			t.Fatal(err)
		}
		wantError(t, r.transfer(folder{}).fill(t.Context(), o, 0, make([]byte, o.size)), Later, "replaced while it was read")
	}
}
