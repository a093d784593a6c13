package restore

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"neo4j-agent/agent/snapshot"
)

func (v volume) pinned(api S3) Options {
	options := v.options("latest", api)
	options.Pinned = true
	return options
}

// eachNew are pinned options that restore each newer backup.
func (v volume) eachNew(api S3) Options {
	options := v.pinned(api)
	options.EachNew = true
	return options
}

func TestAllMembersTakeTheSameBackupAlsoWhenOneIsPromotedBetweenThem(t *testing.T) {
	bucket, api := newFakeS3(t)
	bucket.putBackup(snapshot.Hourly, taken, map[string]map[string][]byte{"graph.db": store(1)})
	promote := sync.OnceFunc(func() {
		bucket.putBackup(snapshot.Hourly, taken.Add(time.Hour), map[string]map[string][]byte{"graph.db": store(2)})
	})
	bucket.fault = func(_ http.ResponseWriter, r *http.Request) bool { // the first core reads: a newer one comes
		if r.Header.Get("Range") != "" {
			promote()
		}
		return false
	}
	for range 3 {
		v := newVolume(t)
		v.mustRestore(v.pinned(api))
		v.holds("graph.db", store(1))
	}
	if pins := bucket.keys("pins/neo4j/"); len(pins) != 1 {
		t.Errorf("pins %v", pins)
	}
	v := newVolume(t)
	v.mustRestore(v.options("latest", api)) // not a member of the cluster
	v.holds("graph.db", store(2))
}

func TestMembersThatResolveAtOnceAgree(t *testing.T) {
	bucket, api := newFakeS3(t)
	for i := range 5 {
		bucket.putBackup(snapshot.Hourly, taken.Add(time.Duration(i)*time.Hour), map[string]map[string][]byte{"graph.db": store(1)})
	}
	names := make([]string, 5)
	var wg sync.WaitGroup
	for i := range names {
		v := newVolume(t)
		wg.Go(func() {
			bucket.putBackup(snapshot.Hourly, taken.Add(time.Duration(10+i)*time.Hour), map[string]map[string][]byte{"graph.db": store(1)})
			result, err := v.restore(v.pinned(api))
			if err != nil {
				t.Error(err)
			}
			names[i] = result.Name
		})
	}
	wg.Wait()
	for _, name := range names {
		if name != names[0] {
			t.Errorf("%v", names)
		}
	}
}

// firstKey and secondKey are those of the tests' backups.
const firstKey, secondKey = "hourly/neo4j/2026-11-20T04-00-00Z/", "hourly/neo4j/2026-11-20T05-00-00Z/"

// putPin puts an agreement on the first of the tests' backups.
func (f *fakeS3) putPin(number int, cluster string, expires time.Time) {
	f.putPinOn(firstKey, number, cluster, expires)
}

func (f *fakeS3) putPinOn(key string, number int, cluster string, expires time.Time) {
	text, _ := json.Marshal(pinned{Cluster: cluster, Asked: "latest", Key: key, Expires: expires})
	f.put(fmt.Sprintf("pins/neo4j/latest/%08d.json", number), text)
}

// forgetPins removes what was agreed on, as if hours had passed.
func (f *fakeS3) forgetPins() {
	for _, key := range f.keys("pins/") {
		delete(f.objects, key)
	}
}

func TestABackupThatNobodyGetsIsNotAgreedOnForEver(t *testing.T) {
	bucket, api := newFakeS3(t)
	bucket.putBackup(snapshot.Hourly, taken, map[string]map[string][]byte{"graph.db": store(1)})
	for since, pins := range map[time.Duration]int{longestPinned - time.Hour: 2, longestPinned + time.Hour: 1} {
		bucket.forgetPins()
		text, _ := json.Marshal(pinned{Cluster: "neo4j", Asked: "latest", Key: firstKey, Expires: time.Now().Add(pinLife / 4), Since: time.Now().Add(-since)})
		bucket.put("pins/neo4j/latest/00000007.json", text)
		v := newVolume(t)
		v.mustRestore(v.pinned(api))
		if found := bucket.keys("pins/"); len(found) != pins {
			t.Errorf("agreed on since %s: pins %v", since, found)
		}
	}
}

func TestAPinExpires(t *testing.T) {
	for _, c := range []struct {
		left time.Duration
		want byte
		pins int // afterwards
	}{
		{pinLife, 1, 1}, {pinLife / 4, 1, 2}, {-time.Minute, 2, 2},
	} {
		bucket, api := newFakeS3(t)
		bucket.putBackup(snapshot.Hourly, taken, map[string]map[string][]byte{"graph.db": store(1)})
		bucket.putBackup(snapshot.Hourly, taken.Add(time.Hour), map[string]map[string][]byte{"graph.db": store(2)})
		bucket.putPin(7, "neo4j", time.Now().Add(c.left))
		v := newVolume(t)
		v.mustRestore(v.pinned(api))
		v.holds("graph.db", store(c.want))
		if pins := bucket.keys("pins/"); len(pins) != c.pins {
			t.Errorf("%s left: pins %v", c.left, pins)
		}
	}
}

func TestAPinOfAnotherClusterIsNotTaken(t *testing.T) {
	bucket, api := newFakeS3(t)
	bucket.putBackup(snapshot.Hourly, taken, map[string]map[string][]byte{"graph.db": store(1)})
	bucket.putPin(1, "other", time.Now().Add(pinLife))
	v := newVolume(t)
	v.refuses(v.pinned(api), Corrupt, "not one of cluster neo4j")
}

func TestAMemberThatIsRestoringRenewsThePin(t *testing.T) {
	bucket, api := newFakeS3(t)
	r := inTest(newVolume(t).pinned(api), osDisk{})
	old := pinned{Cluster: "neo4j", Key: "k", Expires: time.Now().Add(pinLife / 4)}
	p := &pin{r: r, prefix: "pins/neo4j/latest/", number: 3, held: old}
	r.source = origin{key: "k", pin: p}
	if err := r.renew(t.Context()); err != nil {
		t.Error(err)
	}
	if keys := bucket.keys("pins/"); len(keys) != 1 || keys[0] != "pins/neo4j/latest/00000004.json" || time.Until(p.held.Expires) < pinLife/2 {
		t.Errorf("%v %+v", keys, p.held)
	}
	if err := r.renew(t.Context()); err != nil {
		t.Error(err)
	}
	p.number, p.held = 3, old // another member that did not see it
	if err := r.renew(t.Context()); err != nil {
		t.Error(err)
	}
	if keys := bucket.keys("pins/"); len(keys) != 1 || p.number != 4 || p.held.Expires.Equal(old.Expires) {
		t.Errorf("%v %+v", keys, p)
	}
}

func TestARestoreBrokenOffGoesOnWithWhatTheOtherMembersHaveByNow(t *testing.T) {
	for _, c := range []struct {
		begun   string
		expires time.Duration // of the pin, which is on the first
		want    byte
	}{
		{secondKey, pinLife, 1}, {secondKey, -time.Minute, 2}, {firstKey, -time.Minute, 1}, {"hourly/neo4j/gone/", -time.Minute, 2},
	} {
		bucket, api := newFakeS3(t)
		bucket.putBackup(snapshot.Hourly, taken, map[string]map[string][]byte{"graph.db": store(1)})
		bucket.putBackup(snapshot.Hourly, taken.Add(time.Hour), map[string]map[string][]byte{"graph.db": store(2)})
		bucket.putPin(7, "neo4j", time.Now().Add(c.expires))
		v := newVolume(t)
		v.write(map[string]string{
			"restored_backups/x.restoring":     fmt.Sprintf(`{"source":"s3://backups/%s","asked":"latest","store":[%q]}`, c.begun, v.databases()),
			"data/databases/graph.db/neostore": "half",
		})
		v.mustRestore(v.pinned(api))
		v.holds("graph.db", store(c.want))
		if pins := bucket.keys("pins/"); (len(pins) == 1) != (c.expires > 0) {
			t.Errorf("begun with %s: pins %v", c.begun, pins)
		}
	}
}

func TestAMemberThatFailsBeforeItFetchesAnythingDoesNotRenewThePin(t *testing.T) {
	bucket, api := newFakeS3(t)
	bucket.putBackup(snapshot.Hourly, taken, map[string]map[string][]byte{"graph.db": store(1)})
	bucket.putBackup(snapshot.Hourly, taken.Add(time.Hour), map[string]map[string][]byte{"graph.db": store(2)})
	bucket.putPin(7, "neo4j", time.Now().Add(pinLife/4))
	v := newVolume(t)
	var log bytes.Buffer
	options := v.pinned(api)
	options.Log = zerolog.New(&log)
	r := inTest(options, osDisk{})
	r.space = func(string) (room, error) { return room{free: 1}, nil }
	_, err := r.run(t.Context())
	wantError(t, err, NoSpace, "more are needed")
	if pins := bucket.keys("pins/"); len(pins) != 1 {
		t.Errorf("pins %v", pins)
	}
	if want := `"newest":"hourly/neo4j/2026-11-20T05-00-00Z/"`; !strings.Contains(log.String(), want) || !strings.Contains(log.String(), "to take that, say its key") {
		t.Errorf("the log lacks %s: %s", want, log.String())
	}
}

func TestAListThatDoesNotComeKeepsNoMemberFromWhatTheOthersAgreedOn(t *testing.T) {
	bucket, api := newFakeS3(t)
	bucket.putBackup(snapshot.Hourly, taken, map[string]map[string][]byte{"graph.db": store(1)})
	bucket.putPin(7, "neo4j", time.Now().Add(pinLife))
	bucket.fault = func(_ http.ResponseWriter, r *http.Request) bool {
		list := r.URL.Query().Get("list-type") != "" && !strings.HasPrefix(r.URL.Query().Get("prefix"), "pins/")
		if list {
			<-r.Context().Done()
		}
		return list
	}
	begun := time.Now()
	v := newVolume(t)
	v.mustRestore(v.pinned(api))
	v.holds("graph.db", store(1))
	if took := time.Since(begun); took > quick.patience/2 {
		t.Errorf("it took %s", took)
	}
}

func TestAMemberWhosePinRanOutGivesWayToWhatTheOthersAgreedOn(t *testing.T) {
	for name, build := range map[string]func(context.Context) error{
		"seen while it works":  func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
		"seen when it is done": func(context.Context) error { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			bucket, api := newFakeS3(t)
			bucket.putBackup(snapshot.Hourly, taken, map[string]map[string][]byte{"graph.db": store(1)})
			bucket.putBackup(snapshot.Hourly, taken.Add(time.Hour), map[string]map[string][]byte{"graph.db": store(2)})
			bucket.putPin(7, "neo4j", time.Now().Add(pinLife/4))
			v := newVolume(t)
			options := v.pinned(api)
			placed := options.Build
			options.Build = func(ctx context.Context, staged []Staged) ([]Move, error) {
				bucket.putPinOn(secondKey, 8, "neo4j", time.Now().Add(pinLife)) // as others do once the first has run out
				if err := build(ctx); err != nil {
					return nil, err
				}
				return placed(ctx, staged)
			}
			v.refuses(options, Later, "the others agreed on "+secondKey+" for latest")
			if left := files(t, v.root); len(left) > 0 {
				t.Errorf("left: %v", left)
			}
			v.mustRestore(v.pinned(api))
			v.holds("graph.db", store(2))
		})
	}
}
