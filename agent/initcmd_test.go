package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"neo4j-agent/agent/health"
	"neo4j-agent/agent/initscripts"
	"neo4j-agent/agent/runstate"
	"neo4j-agent/neo4jconf"
)

func TestByHandAllThatHasNotRunIsTakenAndWhatIsGoneIsLetGo(t *testing.T) {
	v := newInitVolume(t, neo4jconf.Standalone)
	v.put(t, filepath.Join(v.settings.InitDir, "15-new.cypher"), "RETURN 1;")
	record := initscripts.Record{Due: true, Files: []initscripts.File{{Name: "10-a.cypher", Sum: "x"}, {Name: "20-b.cypher"}, {Name: "25-gone.cypher"}}}
	r := initRun{dir: v.settings.InitDir, state: volume(v.folders.state), log: v.preparation.log}
	names, err := r.takeAll(&record)
	if diff := cmp.Diff([]string{"15-new.cypher", "20-b.cypher"}, names); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	if kept, err := r.state.initRecord(); err != nil || kept.Has("25-gone.cypher") || !kept.Acts {
		t.Errorf("the volume has %+v (%v)", kept, err)
	}
}

func TestInAClusterInitScriptsRunByHandOnlyWhereTheirRecordIs(t *testing.T) {
	for name, c := range map[string]struct {
		role   neo4jconf.Role
		record initscripts.Record
		over   bool
		says   string // "" where they are run
	}{
		"the member that runs them":    {neo4jconf.Core, initscripts.Record{Due: true, Acts: true, Actor: "own:1"}, false, ""},
		"another core":                 {neo4jconf.Core, initscripts.Record{Due: true, Actor: "first:1"}, false, "first:1 keeps the record"},
		"a core that joined":           {neo4jconf.Core, initscripts.Record{}, false, "no record of what has run"},
		"another core that takes over": {neo4jconf.Core, initscripts.Record{Due: true, Actor: "first:1"}, true, ""},
		"a server alone":               {neo4jconf.Standalone, initscripts.Record{}, false, ""},
	} {
		v := newInitVolume(t, c.role)
		v.settings.RunDir = t.TempDir()
		prepared := runstate.Prepared{Done: true, Role: string(c.role), StateDir: v.folders.state}
		err := errors.Join(runstate.Write(v.settings.RunDir, runstate.PreparedFile, prepared), volume(v.folders.state).write(initFile, c.record))
		if err != nil {
			t.Fatal(err)
		}
		_, err = initCommand{TakeOver: c.over}.find(t.Context(), v.settings, v.preparation.log)
		if (err == nil) != (c.says == "") || err != nil && (codeOf(err) != exitConfig || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
}

func TestByHandThePasswordComesFromSecretsManagerUnlessNothingIsRun(t *testing.T) {
	asked, refusing := false, false
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked = true
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		if refusing {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = fmt.Fprint(w, `{"__type":"AccessDeniedException"}`)
			return
		}
		_, _ = fmt.Fprint(w, `{"SecretString":"of-the-store"}`)
	}))
	defer web.Close()
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL_SECRETS_MANAGER": web.URL, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b",
		"NEO4J_ADMIN_PASSWORD_SECRET": arn, "NEO4J_DATA_ROOT": t.TempDir(), "AGENT_RUN_DIR": t.TempDir(),
	} {
		t.Setenv(name, value)
	}
	loaded, _, err := loadSettings(nil, true)
	if err != nil {
		t.Fatal(err)
	}
	prepared := runstate.Prepared{Done: true, Role: health.Standalone, StateDir: layoutOf(loaded).state}
	if err := runstate.Write(loaded.RunDir, runstate.PreparedFile, prepared); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		dry, refusing, asked bool
		code                 int
	}{{dry: true, refusing: true}, {asked: true}, {refusing: true, asked: true, code: exitPermission}} {
		asked, refusing = false, step.refusing
		_, err := initCommand{DryRun: step.dry}.find(t.Context(), loaded, zerolog.Nop())
		if asked != step.asked || (err == nil) != (step.code == 0) || err != nil && codeOf(err) != step.code {
			t.Errorf("%+v: it was asked: %t, and the end is %v", step, asked, err)
		}
	}
}

func TestEachScriptIsShownAsItIs(t *testing.T) {
	v := newInitVolume(t, neo4jconf.Standalone)
	dir := v.settings.InitDir
	v.put(t, filepath.Join(dir, "30-bad.cypher"), "RETURN 1;\n:use system")
	v.put(t, filepath.Join(dir, "40-changed.cypher"), "RETURN 1;")
	done, err := initscripts.Sum(dir, "10-a.cypher")
	if err != nil {
		t.Fatal(err)
	}
	r := initRun{dir: dir, state: volume(v.folders.state)}
	if err := r.state.write(initFile, initscripts.Record{Files: []initscripts.File{
		{Name: "10-a.cypher", Sum: done, Done: 1}, {Name: "40-changed.cypher", Sum: "x", Done: 1}}}); err != nil {
		t.Fatal(err)
	}
	lines, err := initLines(r, &initscripts.Error{File: "20-b.cypher", Line: 1, Err: os.ErrDeadlineExceeded})
	if err != nil {
		t.Fatal(err)
	}
	want := []initLine{
		{File: "10-a.cypher", State: "done", Statements: 1, Done: 1},
		{File: "20-b.cypher", State: "failed", Statements: 1, Line: 1, Reason: os.ErrDeadlineExceeded.Error()},
		{File: "30-bad.cypher", State: "failed", Line: 2, Reason: `":use" is a command of cypher-shell, not Cypher`},
		{File: "40-changed.cypher", State: "changed", Statements: 1, Done: 1},
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Error(diff)
	}
}
