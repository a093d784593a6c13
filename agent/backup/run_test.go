package backup

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"neo4j-agent/agent/snapshot"
)

func TestABackupHoldsEveryFileAndSaysWhatItIs(t *testing.T) {
	f, client := newFakeS3(t)
	o := options(t, client, &fakeTool{size: 20 << 20}) // three parts
	result := mustRun(t, o)
	m := manifestIn(t, f, result, snapshot.Verified)
	object := m.Objects[0]
	data := f.text("pre/" + strings.TrimPrefix(result.Backup, "s3://bucket/pre/") + object.Name)
	if digest(data) != object.SHA256 || int64(len(data)) != object.Size {
		t.Errorf("the object is not the one of the manifest: %+v", object)
	}
	want := onDisk(t, filepath.Join(o.Dir, "neo4j-agent-backup/prod/databases/neo4j/files/neo4j"))
	if diff := cmp.Diff(want, unpacked(t, data)); diff != "" {
		t.Error(diff)
	}
	if object.Files != 4 || object.Content != 20<<20+100+8 || f.count("UploadPart") != 3 {
		t.Errorf("files %d, content %d, parts %d", object.Files, object.Content, f.count("UploadPart"))
	}
	if m.Type != "full" || m.Why != "the backup folder is empty" || m.Verification.How != "consistency check" || m.Kind != snapshot.Daily {
		t.Errorf("manifest %+v", m)
	}
	folder := strings.TrimPrefix(result.Backup, "s3://bucket/")
	if diff := cmp.Diff([]string{"manifest.json", "neo4j.tar.zst"}, under(f.keys(), folder)); diff != "" {
		t.Error(diff)
	}
}

func TestTheFirstVerifiedBackupOfADayIsTheDailyOne(t *testing.T) {
	f, client := newFakeS3(t)
	tool := &fakeTool{}
	o := options(t, client, tool)
	tool.check = func(string) error { return fmt.Errorf("node 7: %w", ErrInconsistent) }
	first, err := Run(t.Context(), o)
	if !errors.Is(err, ErrInconsistent) || first.Outcome != Failed || first.Kind != snapshot.Daily {
		t.Fatalf("%v: %+v", err, first)
	}
	if m := manifestIn(t, f, first, snapshot.NotVerified); m.Verification != nil {
		t.Errorf("it says that it is verified: %+v", m)
	}
	tool.check = nil
	var kinds []snapshot.Kind
	var whys []string
	for range 3 {
		result := mustRun(t, o)
		kinds, whys = append(kinds, result.Kind), append(whys, result.Why)
	}
	if diff := cmp.Diff([]snapshot.Kind{snapshot.Daily, snapshot.Hourly, snapshot.Hourly}, kinds); diff != "" {
		t.Error(diff)
	}
	want := []string{"the last one did not pass its check", "it goes on from the last one", "it goes on from the last one"}
	if diff := cmp.Diff(want, whys); diff != "" {
		t.Error(diff)
	}
	entries, err := Inventory(t.Context(), client, "bucket", o.Layout)
	if err != nil {
		t.Fatal(err)
	}
	var states []State
	for _, e := range entries {
		states = append(states, e.State)
	}
	if diff := cmp.Diff([]State{IsVerified, IsVerified, IsVerified, NotVerified}, states); diff != "" {
		t.Error(diff)
	}
}

func TestASourceThatFailsLeavesItToTheNext(t *testing.T) {
	_, client := newFakeS3(t)
	tool := &fakeTool{refuse: func(source string, _ bool) error {
		if source == "replica:6362" {
			return errors.New("connection refused")
		}
		return nil
	}}
	o := options(t, client, tool)
	o.Sources = []string{"replica:6362", "follower:6362"}
	result := mustRun(t, o)
	if diff := cmp.Diff([]string{"follower:6362"}, result.Sources); diff != "" {
		t.Error(diff)
	}
	tool.refuse = func(string, bool) error { return errors.New("connection refused") }
	result, err := Run(t.Context(), o)
	var none *SourceError
	if !errors.As(err, &none) || !strings.Contains(result.Error, "follower:6362: connection refused") {
		t.Errorf("got %v", err)
	}
}

func TestAFullBackupIsTakenWhenNoSourceGivesADifferentialOne(t *testing.T) {
	_, client := newFakeS3(t)
	tool := &fakeTool{}
	o := options(t, client, tool)
	o.Sources = []string{"a:6362", "b:6362"}
	mustRun(t, o)
	tool.refuse = func(_ string, full bool) error {
		if !full {
			return errors.New("the log was pruned")
		}
		return nil
	}
	tool.calls = nil
	result := mustRun(t, o)
	want := []string{"a:6362 neo4j full=false", "b:6362 neo4j full=false", "a:6362 neo4j full=true"}
	if diff := cmp.Diff(want, tool.calls); diff != "" {
		t.Error(diff)
	}
	if result.Type != "full" || result.Why != "a differential one failed (from b:6362: the log was pruned)" {
		t.Errorf("%+v", result)
	}
}

func TestABackupOfLaterGenerationsHoldsItsWholeChain(t *testing.T) {
	f, client := newFakeS3(t)
	o := options(t, client, &fakeTool{artifact: true})
	o.Databases = []string{"neo4j", "system"}
	mustRun(t, o)
	result := mustRun(t, o)
	m := manifestIn(t, f, result, snapshot.Verified)
	var names []string
	for _, object := range m.Objects {
		names = append(names, object.Database+" "+object.Name)
		if data := f.text(strings.TrimPrefix(result.Backup, "s3://bucket/") + object.Name); digest(data) != object.SHA256 || object.Form != snapshot.Artifact {
			t.Errorf("%+v", object)
		}
	}
	want := []string{
		"neo4j neo4j-2026-11-20T04-01-00.backup", "neo4j neo4j-2026-11-20T04-03-00.backup",
		"system system-2026-11-20T04-02-00.backup", "system system-2026-11-20T04-04-00.backup",
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
}

func TestWhatTheToolDoesNotGoOnFromIsLeftOut(t *testing.T) {
	for _, artifact := range []bool{false, true} {
		f, client := newFakeS3(t)
		tool := &fakeTool{artifact: artifact}
		o := options(t, client, tool)
		mustRun(t, o)
		tool.fallsBack = true
		result := mustRun(t, o)
		if result.Type != "full" || result.Why != "the tool could not go on from the last one" {
			t.Errorf("%+v", result)
		}
		if m := manifestIn(t, f, result, snapshot.Verified); len(m.Objects) != 1 || artifact && m.Objects[0].Name != "neo4j-2026-11-20T04-02-00.backup" {
			t.Errorf("%+v", m.Objects)
		}
		entries, err := os.ReadDir(filepath.Join(o.Dir, "neo4j-agent-backup/prod/databases/neo4j/files"))
		if err != nil || len(entries) != 1 {
			t.Errorf("%v, %v", entries, err)
		}
	}
}

func TestWhatWasProvedStandsInTheManifest(t *testing.T) {
	f, client := newFakeS3(t)
	o := options(t, client, &fakeTool{})
	o.Prove = func(_ context.Context, folder string, m snapshot.Manifest) (string, error) {
		if data := f.text(folder + m.Objects[0].Name); digest(data) != m.Objects[0].SHA256 {
			return "", errors.New("not there yet")
		}
		return "restored and started: 7 nodes", nil
	}
	result := mustRun(t, o)
	if m := manifestIn(t, f, result, snapshot.Verified); m.Verification.How != "consistency check, restored and started: 7 nodes" {
		t.Errorf("%+v", m.Verification)
	}
	o.Prove = func(context.Context, string, snapshot.Manifest) (string, error) {
		return "", errors.New("it does not start")
	}
	if result, err := Run(t.Context(), o); err == nil || result.Verified != "" {
		t.Errorf("promoted: %+v", result)
	}
}

func TestABackupSurvivesTheTroubleOfS3(t *testing.T) {
	f, client := newFakeS3(t)
	seen := map[string]bool{}
	f.Fault = func(operation, key string, n int) fault {
		switch {
		case operation == "UploadPart" && n == 1:
			return fault{reset: true}
		case operation == "UploadPart" && n == 2:
			return fault{code: "SlowDown", status: http.StatusServiceUnavailable}
		case operation == "CompleteMultipartUpload" && n == 1: // then there is no such upload
			return fault{lost: true}
		case operation == "PutObject" && strings.HasSuffix(key, snapshot.NotVerified) && !seen[key]:
			seen[key] = true
			return fault{code: "ConditionalRequestConflict", status: http.StatusConflict}
		case operation == "PutObject" && !seen[key]: // the lease, the manifest: then the condition fails
			seen[key] = true
			return fault{lost: true}
		}
		return fault{}
	}
	result := mustRun(t, options(t, client, &fakeTool{size: leastPart}))
	manifestIn(t, f, result, snapshot.Verified)
}

func TestARefusalOfS3EndsTheRunWithItsReason(t *testing.T) {
	f, client := newFakeS3(t)
	f.Fault = func(operation, _ string, _ int) fault {
		if operation == "UploadPart" {
			return fault{code: "AccessDenied", status: http.StatusForbidden}
		}
		return fault{}
	}
	result, err := Run(t.Context(), options(t, client, &fakeTool{size: leastPart}))
	if err == nil || !strings.Contains(err.Error(), "cannot upload s3://bucket/pre/daily/prod/") || !strings.Contains(err.Error(), "AccessDenied") {
		t.Errorf("got %v", err)
	}
	if len(f.uploads) != 0 || result.Outcome != Failed {
		t.Errorf("left %v, %+v", f.uploads, result)
	}
	if left := under(f.keys(), "pre/daily/"); len(left) != 0 {
		t.Errorf("left %v", left)
	}
}

func TestWhatCannotBecomeABackupIsRefusedAtOnce(t *testing.T) {
	f, client := newFakeS3(t)
	for want, spoil := range map[string]func(o *Options){
		"no database":                       func(o *Options) { o.Databases = nil },
		"no source":                         func(o *Options) { o.Sources = nil },
		`"../x": it is not the name`:        func(o *Options) { o.Databases = []string{"../x"} },
		"cannot back up NEO4J: it is named": func(o *Options) { o.Databases = []string{"neo4j", "NEO4J"} },
	} {
		o := options(t, client, &fakeTool{})
		spoil(&o)
		if _, err := Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
	if keys := f.keys(); len(keys) != 0 {
		t.Errorf("it wrote %v", keys)
	}
}

func TestWhatCameBackOtherwiseMakesTheNextBackupAFullOne(t *testing.T) {
	_, client := newFakeS3(t)
	o := options(t, client, &fakeTool{})
	o.Prove = func(context.Context, string, snapshot.Manifest) (string, error) {
		return "", fmt.Errorf("cannot find label A: %w", ErrUnproven)
	}
	if _, err := Run(t.Context(), o); !errors.Is(err, ErrUnproven) {
		t.Errorf("got %v", err)
	}
	o.Prove = nil
	if result := mustRun(t, o); result.Type != "full" || result.Why != "the last one did not pass its check" {
		t.Errorf("%+v", result)
	}
}

func TestWhatCouldNotBeCheckedIsNotBuiltOn(t *testing.T) {
	_, client := newFakeS3(t)
	tool := &fakeTool{check: func(string) error { return errors.New("the checker broke") }}
	o := options(t, client, tool)
	if _, err := Run(t.Context(), o); err == nil || errors.Is(err, ErrInconsistent) {
		t.Errorf("got %v", err)
	}
	tool.check = nil
	if result := mustRun(t, o); result.Type != "full" {
		t.Errorf("%+v", result)
	}
}

func TestDataThatWasPutBackIsBackedUpAnew(t *testing.T) {
	_, client := newFakeS3(t)
	o := options(t, client, &fakeTool{})
	at := map[string]int64{"replica:6362": 1000}
	o.Last = func(_ context.Context, source, _ string) (Position, bool) {
		return Position{at[source], at[source]}, true
	}
	for _, step := range []struct {
		last      int64
		kind, why string
	}{
		{1000, "full", "the backup folder is empty"},
		{1100, "differential", "it goes on from the last one"},
		{900, "full", "a differential one failed (from replica:6362: its last transaction is 900, and the last backup was taken at 1100: its data is older, or was put back)"},
		{900, "differential", "it goes on from the last one"},
	} {
		at["replica:6362"] = step.last
		if result := mustRun(t, o); result.Type != step.kind || result.Why != step.why {
			t.Errorf("at %d: %s, %s", step.last, result.Type, result.Why)
		}
	}
	o.Chainless = "this version cannot say"
	if result := mustRun(t, o); result.Type != "full" || result.Why != o.Chainless {
		t.Errorf("%s, %s", result.Type, result.Why)
	}
}

func TestASourceThatIsAwayLeavesTheLastBackupToGoOnFrom(t *testing.T) {
	_, client := newFakeS3(t)
	o := options(t, client, &fakeTool{})
	mustRun(t, o)
	o.Reach = func(_ context.Context, source string) error { return fmt.Errorf("nobody at %s", source) }
	var lost *SourceError
	if _, err := Run(t.Context(), o); !errors.As(err, &lost) {
		t.Errorf("got %v", err)
	}
	o.Reach = nil
	if result := mustRun(t, o); result.Type != "differential" {
		t.Errorf("%+v", result)
	}
}

// What passes the check and can still not be restored or started would not the next time either.
func TestWhatDidNotComeBackAtAllIsNotBuiltOn(t *testing.T) {
	_, client := newFakeS3(t)
	o := options(t, client, &fakeTool{artifact: true})
	mustRun(t, o)
	o.Prove = func(context.Context, string, snapshot.Manifest) (string, error) {
		return "", errors.New("cannot restore it: no store of database neo4j can be made of it")
	}
	if result, err := Run(t.Context(), o); err == nil || result.Type != "differential" {
		t.Fatalf("%v, %+v", err, result)
	}
	o.Prove = nil
	if result := mustRun(t, o); result.Type != "full" {
		t.Errorf("the next one is %s: %s", result.Type, result.Why)
	}
}

func TestTheDatabasesAreThoseThatAreThereWhenAnotherRunHasEnded(t *testing.T) {
	_, client := newFakeS3(t)
	o := options(t, client, &fakeTool{})
	var over atomic.Bool
	o.Select = func(context.Context) (Selection, error) {
		if !over.Load() {
			t.Error("chosen while another run is active")
		}
		return Selection{Sources: []string{"replica:6362"}, Databases: []string{"neo4j", "orders"}}, nil
	}
	o.Selection, o.Wait = Selection{}, time.Minute
	work, err := openWorkspace(o.Dir, o.Layout.Cluster)
	if err != nil {
		t.Fatal(err)
	}
	unlock, err := lock(t.Context(), work.lockFile(), 0)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan Result)
	go func() {
		result, err := Run(t.Context(), o)
		if err != nil {
			t.Error(err)
		}
		ended <- result
	}()
	if err := pause(t.Context(), 50*time.Millisecond); err != nil { // it has looked at the lock
		t.Fatal(err)
	}
	over.Store(true)
	unlock()
	if result := <-ended; !slices.Equal(result.Databases, []string{"neo4j", "orders"}) {
		t.Errorf("%v", result.Databases)
	}
}
