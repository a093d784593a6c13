package backup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// fakeLog works as neo4j-admin of 3.5 does on top of a last backup: it fetches the transactions after the last one that
// the folder has, and looks at no earlier one.
type fakeLog struct{ source func() []string }

func (f fakeLog) Backup(_ context.Context, _, database, dir string, full bool) (bool, error) {
	store := filepath.Join(dir, database, "neostore")
	var has []string
	if !full {
		text, err := os.ReadFile(store)
		if err != nil {
			return false, err
		}
		has = strings.Fields(string(text))
	}
	all := append(has, f.source()[len(has):]...)
	return full, errors.Join(os.MkdirAll(filepath.Dir(store), 0o700), os.WriteFile(store, []byte(strings.Join(all, "\n")), 0o600))
}

func (fakeLog) Check(context.Context, string, string) error { return nil }

func TestDataThatWasPutBackAndWrittenToIsBackedUpAnew(t *testing.T) {
	_, client := newFakeS3(t)
	var source []string // what each transaction wrote
	write := func(what string, upTo int) {
		for n := len(source); n < upTo; n++ {
			source = append(source, fmt.Sprint(what, n))
		}
	}
	o := options(t, client, fakeLog{func() []string { return source }})
	o.Last = func(context.Context, string, string) (Position, bool) {
		return Position{int64(len(source)), int64(len(source))}, true
	}
	up := time.Hour
	o.Uptime = func(context.Context, string) (time.Duration, error) { return up, nil }
	write("before", 900)
	mustRun(t, o)
	write("wrong", 1000)
	if result := mustRun(t, o); result.Type != "differential" {
		t.Errorf("%+v", result)
	}
	source = source[:900] // a restore of the first one, for which the server was stopped
	up = 0
	write("after", 1100)
	result := mustRun(t, o)
	text, err := os.ReadFile(filepath.Join(o.Dir, "neo4j-agent-backup/prod/databases/neo4j/files/neo4j/neostore"))
	if err != nil {
		t.Fatal(err)
	}
	if got := string(text); got != strings.Join(source, "\n") {
		t.Errorf("%s, %q, verified by %q: it holds %d transactions that were taken back", result.Type, result.Why, result.Verified, strings.Count(got, "wrong"))
	}
	if !strings.Contains(result.Why, "started after the last backup") {
		t.Errorf("it is a full one because %s", result.Why)
	}
}

func TestASourceThatDoesNotSayForHowLongItHasRunGivesAFullBackup(t *testing.T) {
	_, client := newFakeS3(t)
	o := options(t, client, &fakeTool{})
	o.Uptime = func(context.Context, string) (time.Duration, error) { return 0, errors.New("no password is given") }
	mustRun(t, o)
	result := mustRun(t, o)
	if want := "cannot tell whether its data was put back since the last backup: no password is given"; result.Type != "full" || !strings.Contains(result.Why, want) {
		t.Errorf("%s: %s", result.Type, result.Why)
	}
}
