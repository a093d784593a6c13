package main

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"
	"pgregory.net/rapid"

	"neo4j-agent/agent/health"
	"neo4j-agent/agent/initscripts"
	"neo4j-agent/agent/peers"
	"neo4j-agent/agent/settings"
	"neo4j-agent/neo4jconf"
)

// initVolume is a volume before the first start, with two init scripts beside it.
type initVolume struct {
	*preparation
	root string
	log  bytes.Buffer
}

func newInitVolume(t *testing.T, role neo4jconf.Role) *initVolume {
	t.Helper()
	v := &initVolume{root: t.TempDir()}
	dir := t.TempDir()
	version, _ := neo4jconf.ParseVersion("3.5.0")
	dialect, err := neo4jconf.For(version, neo4jconf.Enterprise)
	if err != nil {
		t.Fatal(err)
	}
	input := neo4jconf.Input{Dialect: dialect, HomeDir: "/neo4j", DataRoot: v.root, Role: role}
	loaded := &settings.Settings{DataRoot: v.root, InitDir: dir, Discovery: settings.DiscoveryNone}
	if role != neo4jconf.Standalone {
		input.Discovery, input.Advertise = neo4jconf.List, "127.0.0.9"
		loaded.Discovery = settings.DiscoveryStatic
	}
	intent, err := input.Intent()
	if err != nil {
		t.Fatal(err)
	}
	v.preparation = &preparation{
		settings: loaded, folders: layoutOf(loaded), neo4j: neo4jHome{dialect: dialect, intent: intent}, log: zerolog.New(&v.log),
		own: peers.Own{Advertised: "127.0.0.9"}, found: []string{"127.0.0.9:5000", "127.0.0.8:5000", "127.0.0.10:5000"},
	}
	if err := v.folders.create(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"10-a.cypher", "20-b.cypher", "30-c.cypher.gz"} {
		v.put(t, filepath.Join(dir, name), "RETURN 1;")
	}
	return v
}

func (v *initVolume) put(t *testing.T, path, text string) {
	t.Helper()
	err := os.MkdirAll(filepath.Dir(path), 0o755)
	if err == nil {
		err = os.WriteFile(path, []byte(text), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// begun puts the files there that Neo4j's first start makes.
func (v *initVolume) begun(t *testing.T) {
	v.put(t, filepath.Join(v.root, "data/databases/graph.db/neostore"), "x")
}

// decide is noteInit and what the volume has then.
func (v *initVolume) decide(t *testing.T) initscripts.Record {
	t.Helper()
	if err := v.noteInit(t.Context()); err != nil {
		t.Fatal(err)
	}
	record, err := volume(v.folders.state).initRecord()
	if err != nil {
		t.Fatal(err)
	}
	return record
}

func TestInitScriptsAreDueOnAnEmptyVolumeAndStayDue(t *testing.T) {
	v := newInitVolume(t, neo4jconf.Standalone)
	want := initscripts.Record{Due: true, Acts: true, Files: []initscripts.File{{Name: "10-a.cypher"}, {Name: "20-b.cypher"}}}
	if diff := cmp.Diff(want, v.decide(t)); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(v.log.String(), "30-c.cypher.gz") {
		t.Errorf("the log does not name what is no script: %s", v.log.String())
	}
	v.begun(t)
	v.put(t, filepath.Join(v.settings.InitDir, "15-new.cypher"), "RETURN 2;")
	if diff := cmp.Diff(want, v.decide(t)); diff != "" {
		t.Errorf("after a restart:\n%s", diff)
	}
	if !strings.Contains(v.log.String(), "15-new.cypher") {
		t.Errorf("the log does not name the new script: %s", v.log.String())
	}
}

func TestInitScriptsAreNotDueOnDataOfOtherOrigin(t *testing.T) {
	for why, happened := range map[string]func(*testing.T, *initVolume){
		"holds data already": func(t *testing.T, v *initVolume) { v.begun(t) },
		"comes from a backup": func(t *testing.T, v *initVolume) {
			v.put(t, filepath.Join(v.root, "restored_backups/latest.done"), "")
			v.begun(t)
		},
		"a running cluster": func(t *testing.T, v *initVolume) {
			v.put(t, filepath.Join(v.root, "restored_backups/joined-cluster.done"), "")
		},
		"a store is upgraded": func(_ *testing.T, v *initVolume) { v.settings.UpgradeMode = true },
	} {
		v := newInitVolume(t, neo4jconf.Standalone)
		happened(t, v)
		if record := v.decide(t); record.Due || len(record.Files) > 0 {
			t.Errorf("%s: %+v", why, record)
		}
		if !strings.Contains(v.log.String(), why) {
			t.Errorf("the log does not say %q: %s", why, v.log.String())
		}
	}
}

func TestARestoreBeforeTheyHaveRunCancelsInitScripts(t *testing.T) {
	v := newInitVolume(t, neo4jconf.Standalone)
	v.decide(t)
	v.begun(t)
	v.put(t, filepath.Join(v.root, "restored_backups/latest.done"), "")
	if record := v.decide(t); record.Due {
		t.Errorf("%+v", record)
	}
}

func TestOfTheCoresThatFormAClusterTheFirstOneRunsInitScripts(t *testing.T) {
	v := newInitVolume(t, neo4jconf.Core)
	if record := v.decide(t); !record.Due || record.Acts || record.Actor != "127.0.0.10:5000" {
		t.Errorf("%+v", record)
	}
	v.found = []string{"127.0.0.1:5000", "127.0.0.10:5000", "127.0.0.2:5000"} // by their hosts, whatever follows
	if record := v.decide(t); record.Actor != "127.0.0.1:5000" {
		t.Errorf("%+v", record)
	}
	v.found = []string{"127.0.0.9:5000", "127.0.1.8:5000"}
	if record := v.decide(t); !record.Acts {
		t.Errorf("%+v", record)
	}
	if record := newInitVolume(t, neo4jconf.ReadReplica).decide(t); record.Due {
		t.Errorf("a read replica: %+v", record)
	}
}

func TestACoreThatJoinsARunningClusterRunsNoInitScripts(t *testing.T) {
	v := newInitVolume(t, neo4jconf.Core)
	bolt := v.neo4j.intent.Ports.Bolt
	other, err := net.Listen("tcp", net.JoinHostPort("127.0.0.8", strconv.Itoa(bolt)))
	if err != nil {
		t.Fatalf("port %d is taken: %v", bolt, err)
	}
	defer func() { _ = other.Close() }()
	if record := v.decide(t); record.Due || !strings.Contains(v.log.String(), "127.0.0.8 answers") {
		t.Errorf("%+v %s", record, v.log.String())
	}
	formed := newInitVolume(t, neo4jconf.Core)
	formed.prepared.FormedBefore = true
	if record := formed.decide(t); record.Due {
		t.Errorf("a core that was in a cluster: %+v", record)
	}
}

func TestTheRecordOfInitScriptsIsTheirState(t *testing.T) {
	refused := initscripts.File{Name: "b", Refused: &initscripts.Refused{Line: 4, Reason: "no"}}
	ran := initscripts.File{Name: "a", Sum: "x"}
	for name, c := range map[string]struct {
		record initscripts.Record
		want   health.Init
	}{
		"nothing":   {initscripts.Record{}, health.Init{State: health.InitNone}},
		"due":       {initscripts.Record{Due: true, Acts: true, Files: []initscripts.File{ran, {Name: "b"}}}, health.Init{State: health.InitPending, Reason: "they wait until this member is ready", Done: 1, Of: 2}},
		"elsewhere": {initscripts.Record{Due: true, Actor: "h:1", Files: []initscripts.File{{Name: "b"}}}, health.Init{State: health.InitNone, Reason: "h:1, whose discovery address sorts first, runs them and keeps their record", Of: 1}},
		"refused":   {initscripts.Record{Due: true, Acts: true, Files: []initscripts.File{ran, refused}}, health.Init{State: health.InitFailed, File: "b", Line: 4, Reason: "no", Done: 1, Of: 2}},
		"all of it": {initscripts.Record{Due: true, Acts: true, Files: []initscripts.File{ran}}, health.Init{State: health.InitDone, Done: 1, Of: 1}},
		"cancelled": {initscripts.Record{Acts: true, Files: []initscripts.File{{Name: "b"}}}, health.Init{State: health.InitNone, Of: 1}},
	} {
		if diff := cmp.Diff(c.want, initState(c.record)); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}

func TestAServerThatDoesNotAnswerKeepsInitScriptsPendingAndABadFileFailsThem(t *testing.T) {
	v := newInitVolume(t, neo4jconf.Standalone)
	v.decide(t)
	r := initRun{
		dir: v.settings.InitDir, state: volume(v.folders.state), tell: func(health.Init) {}, log: v.preparation.log,
		connect: func() (*health.Client, error) { return health.NewClient("127.0.0.1:1", "neo4j", "x", nil) },
	}
	left := func(record *initscripts.Record) ([]string, error) { return record.Left(), nil }
	err := r.run(t.Context(), left)
	if now := initTrouble(health.Init{}, err); now.State != health.InitPending || now.File != "10-a.cypher" || now.Line != 1 {
		t.Errorf("%+v (%v)", now, err)
	}
	v.put(t, filepath.Join(r.dir, "20-b.cypher"), "RETURN 1;\n\nRETURN 'x;")
	err = r.run(t.Context(), left)
	want := health.Init{State: health.InitFailed, File: "20-b.cypher", Line: 3, Reason: "the string that begins there has no end"}
	if diff := cmp.Diff(want, initTrouble(health.Init{}, err)); diff != "" {
		t.Error(diff)
	}
}

func TestAMemberThatWasToRunInitScriptsAndHasLeftIsNoticed(t *testing.T) {
	record := initscripts.Record{Due: true, Actor: "10.0.0.3:5000", Files: []initscripts.File{{Name: "a"}}}
	acting, none := record, record
	acting.Acts, none.Due = true, false
	own, other := health.MemberStatus{ID: "1", Address: "10.0.0.4:7687"}, health.MemberStatus{ID: "2", Address: "10.0.0.5:7687"}
	for name, c := range map[string]struct {
		record  initscripts.Record
		members []health.MemberStatus
		want    bool
	}{
		"it is there":               {record, []health.MemberStatus{own, {ID: "3", Address: "10.0.0.3:7687"}}, false},
		"it is not":                 {record, []health.MemberStatus{own, other}, true},
		"it may be the one lost":    {record, []health.MemberStatus{own, {ID: "a voter that is lost"}}, false},
		"no member is known yet":    {record, nil, false},
		"none in an overview yet":   {record, []health.MemberStatus{{Address: "10.0.0.5:5000"}}, false},
		"this member runs them":     {acting, []health.MemberStatus{own, other}, false},
		"they are not due any more": {none, []health.MemberStatus{own, other}, false},
	} {
		if got := actorGone(c.record, c.members); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// TestNoTwoMembersThatSeeEachOtherRunInitScripts, whatever they began with: two who both come first in their own lists
// cannot know of each other, so that the later one gives way.
func TestNoTwoMembersThatSeeEachOtherRunInitScripts(t *testing.T) {
	hosts := []string{"10.0.0.10", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5", "10.0.0.6"}
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.SliceOfNDistinct(rapid.SampledFrom(hosts), 2, len(hosts), rapid.ID[string]).Draw(t, "the members")
		same := rapid.Bool().Draw(t, "they began with the same list")
		var seen []health.MemberStatus
		for _, host := range all {
			seen = append(seen, health.MemberStatus{ID: host, Address: host + ":7687", Role: health.RoleFollower})
		}
		var acting []string
		for _, own := range all {
			list := append([]string{own}, all...)
			if !same {
				list = append(list[:1], rapid.SliceOfDistinct(rapid.SampledFrom(hosts), rapid.ID[string]).Draw(t, "of "+own)...)
			}
			p := &preparation{own: peers.Own{Advertised: own}, found: list}
			p.neo4j.intent.Ports.Discovery = 5000
			record := initscripts.Record{Due: true, Known: p.addresses()}
			if record.Actor, record.Acts = p.initActor(); record.Acts && givesWay(record, seen) == "" {
				acting = append(acting, own)
			}
		}
		if len(acting) > 1 || same && len(acting) != 1 {
			t.Fatalf("%v run them", acting)
		}
	})
}

func TestAMemberGivesWayToOneThatItDidNotKnow(t *testing.T) {
	record := initscripts.Record{Due: true, Acts: true, Actor: "10.0.0.4:5000", Known: []string{"10.0.0.4:5000", "10.0.0.5:5000"}, Files: []initscripts.File{{Name: "a"}}}
	member := func(host, role string) health.MemberStatus {
		return health.MemberStatus{ID: host, Address: host + ":7687", Role: role}
	}
	own, other := member("10.0.0.4", health.RoleLeader), member("10.0.0.5", health.RoleFollower)
	begun := record
	begun.Files = []initscripts.File{{Name: "a", Done: 1}}
	alone := record
	alone.Actor = ""
	for name, c := range map[string]struct {
		record  initscripts.Record
		members []health.MemberStatus
		want    string
	}{
		"the members that began":              {record, []health.MemberStatus{own, other}, ""},
		"one more, which comes later":         {record, []health.MemberStatus{own, other, member("10.0.0.6", health.RoleFollower)}, ""},
		"one more, which comes first":         {record, []health.MemberStatus{own, other, member("10.0.0.3", health.RoleFollower), member("10.0.0.2", health.RoleUnknown)}, "10.0.0.2"},
		"a read replica":                      {record, []health.MemberStatus{own, other, member("10.0.0.3", health.RoleReadReplica)}, ""},
		"one without an address, and another": {record, []health.MemberStatus{own, {ID: "a voter that is lost"}, member("10.0.0.3", health.RoleFollower)}, "10.0.0.3"},
		"none in an overview yet":             {record, []health.MemberStatus{{Address: "10.0.0.3:5000", Role: health.RoleUnknown}}, ""},
		"when the scripts run already":        {begun, []health.MemberStatus{own, member("10.0.0.3", health.RoleFollower)}, ""},
		"a server that has no others":         {alone, []health.MemberStatus{member("10.0.0.3", health.RoleFollower)}, ""},
	} {
		if got := givesWay(c.record, c.members); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
