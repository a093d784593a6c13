package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/rs/zerolog"

	"neo4j-agent/agent/backup"
	"neo4j-agent/agent/health"
	"neo4j-agent/agent/settings"
	"neo4j-agent/neo4jconf"
)

func enterprise35(t *testing.T) neo4jconf.Dialect {
	t.Helper()
	dialect, err := neo4jconf.For(neo4jconf.Version{Major: 3, Minor: 5}, neo4jconf.Enterprise)
	if err != nil {
		t.Fatal(err)
	}
	return dialect
}

func TestABackupThatTheToolIsNotSureOfCountsWhereItWasWritten(t *testing.T) {
	for _, test := range []struct {
		verdict neo4jconf.Verdict
		fresh   bool
		taken   bool
	}{
		{neo4jconf.Done, false, true}, // 3.5 and 4.x go on in the folder that is there
		{neo4jconf.Unchecked, false, true},
		{neo4jconf.Inconsistent, false, true}, // the check comes later, and says why
		{neo4jconf.Doubtful, true, true},
		{neo4jconf.Doubtful, false, false},
		{neo4jconf.Failed, true, false},
		{neo4jconf.Misused, false, false},
	} {
		err := judge(neo4jconf.Outcome{Verdict: test.verdict, Text: "the reason"}, []string{"its own words"}, test.fresh)
		if (err == nil) != test.taken {
			t.Errorf("%v, a new file %v: %v", test.verdict, test.fresh, err)
		}
		if err != nil && !strings.Contains(err.Error(), "the reason: its own words") {
			t.Errorf("it does not say why: %v", err)
		}
	}
}

// The lines are of 3.5.0-beta03.
func TestAFallbackToAFullBackupIsNoticed(t *testing.T) {
	tool := &backupTool{backupJob: &backupJob{preparation: &preparation{neo4j: neo4jHome{dialect: enterprise35(t)}}}}
	job := neo4jconf.Backup{Dir: t.TempDir(), Databases: []string{"graph.db"}}
	further := []string{"Start receiving transactions from 1012", "Finish receiving transactions at 1013", "Backup complete."}
	if tool.isFull(job, further) {
		t.Error("new transactions alone count as a full backup")
	}
	if !tool.isFull(job, append([]string{"2026-11-27 02:24:59.131+0000 INFO [c.n.b.i.BackupOutputMonitor] Start receiving store files"}, further...)) {
		t.Error("store files do not count as a full backup")
	}
	if err := os.Mkdir(filepath.Join(job.Dir, "graph.db.err.0"), 0o700); err != nil {
		t.Fatal(err)
	}
	if !tool.isFull(job, further) {
		t.Error("the last backup was moved aside, and that is not noticed")
	}
}

func TestTheToolIsAskedForADatabaseByTheNameThatTheServerUses(t *testing.T) {
	for major, want := range map[int][]string{3: {"Graph.db"}, 4: {"graph.db"}} {
		dialect, err := neo4jconf.For(neo4jconf.Version{Major: major, Minor: map[int]int{3: 5, 4: 4}[major]}, neo4jconf.Enterprise)
		if err != nil {
			t.Fatal(err)
		}
		job := &backupJob{preparation: &preparation{neo4j: neo4jHome{dialect: dialect}}}
		if got := job.named([]string{"Graph.db"}); !slices.Equal(got, want) {
			t.Errorf("%d: %v", major, got)
		}
	}
}

func TestAFolderForBackupsThatIsMadeLetsTheNeo4jUserThrough(t *testing.T) {
	s := &settings.Settings{BackupDir: filepath.Join(t.TempDir(), "data", "backups")}
	ours, err := makeWorkFolder(s)
	if err != nil {
		t.Fatal(err)
	}
	for folder, want := range map[string]fs.FileMode{filepath.Dir(s.BackupDir): 0o755, s.BackupDir: 0o755, ours: 0o700} {
		if info, err := os.Stat(folder); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, want %v, %v", folder, info.Mode().Perm(), want, err)
		}
	}
}

func TestAProofComparesWhatItMay(t *testing.T) {
	has := counts{"(:A)": 2, "[:R]": 1}
	quiet := testimony{before: span{7, 7}, after: span{7, 7}, counts: counts{"(:A)": 2, "[:R]": 1}}
	for _, test := range []struct {
		name   string
		source testimony
		last   span
		words  string // of an error where it begins with "not:"
	}{
		{"all the same", quiet, span{7, 7}, "last transaction 7, the source had 7 when the backup began, and as many of each label and type as there: (:A) 2, [:R] 1"},
		{"a server that does not tell", quiet, span{-1, 0}, "cannot be asked of the restored server, and as many of each"},
		{"fewer of a label", testimony{before: quiet.before, after: quiet.after, counts: counts{"(:A)": 3, "[:R]": 1}}, span{7, 7}, "not:it has (:A) 2, [:R] 1, the source has (:A) 3"},
		{"older than the source was", quiet, span{6, 6}, "not:its last transaction is 6, the source had 7"},
		{"written to meanwhile", testimony{before: span{7, 7}, after: span{9, 9}, counts: counts{"(:A)": 4}}, span{8, 8}, "it then had (:A) 4, restored are (:A) 2"},
		{"a member behind", testimony{before: span{6, 7}, after: span{6, 7}, counts: counts{"(:A)": 4}}, span{6, 6}, "the source was written to meanwhile"},
		{"not asked", testimony{blind: errors.New("no password"), trouble: errors.New("none")}, span{5, 5}, "that of the source is not known: no password; (:A) 2, [:R] 1; not compared with the source: none"},
		{"counts that cannot be had", testimony{before: span{7, 7}, trouble: errors.New("too slow")}, span{7, 7}, "last transaction 7, the source had 7 when the backup began; (:A) 2, [:R] 1; not compared with the source: too slow"},
		{"older, and counts that cannot be had", testimony{before: span{7, 7}, trouble: errors.New("too slow")}, span{6, 6}, "not:its last transaction is 6, the source had 7"},
		{"older, and not asked again", testimony{before: span{7, 7}, counts: has, trouble: errors.New("too slow")}, span{6, 6}, "not:its last transaction is 6"},
		{"a source that tells no transactions", testimony{blind: errors.New("4.0 does not"), counts: counts{"(:A)": 4}}, span{-1, 0}, "whether the source was written to meanwhile is not known: 4.0 does not: it then had (:A) 4, restored are (:A) 2"},
	} {
		words, err := verdict(test.source, test.last, test.last.least >= 0, has)
		if wrong, fails := strings.CutPrefix(test.words, "not:"); fails {
			if !errors.Is(err, backup.ErrUnproven) || !strings.Contains(err.Error(), wrong) {
				t.Errorf("%s: %q, %v", test.name, words, err)
			}
			continue
		}
		if err != nil || !strings.Contains(words, test.words) {
			t.Errorf("%s: %q, %v", test.name, words, err)
		}
	}
}

func TestCountsAreShownTheGreatestFirstAndNotWithoutEnd(t *testing.T) {
	many := counts{}
	for i := range 12 {
		many[fmt.Sprintf("(:L%02d)", i)] = int64(i + 1)
	}
	if got := many.String(); !strings.HasPrefix(got, "(:L11) 12, (:L10) 11, ") || !strings.HasSuffix(got, "(:L02) 3, and 2 more") {
		t.Error(got)
	}
}

func TestEachWayNotToBackUpHasItsExitCode(t *testing.T) {
	refusal := func(status int, code string) error {
		return &smithyhttp.ResponseError{
			Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status}}, Err: &smithy.GenericAPIError{Code: code},
		}
	}
	for code, errs := range map[int][]error{
		exitBadData:     {fmt.Errorf("checked: %w", backup.ErrInconsistent), fmt.Errorf("proved: %w", backup.ErrUnproven)},
		exitUnavailable: {fmt.Errorf("no: %w", &backup.SourceError{}), refusal(503, "SlowDown")},
		exitInputOutput: {fmt.Errorf("cannot pack: %w", syscall.ENOSPC), errors.New("neo4j-admin: it failed: java.io.IOException: No space left on device")},
		exitTryAgain:    {&backup.BusyError{}, fmt.Errorf("over: %w", backup.ErrLeaseLost)},
		exitPermission:  {refusal(403, "AccessDenied"), fmt.Errorf("cannot make it: %w", fs.ErrPermission)},
		exitConfig:      {refusal(404, "NoSuchBucket"), noBucket("back up")},
		exitFailed:      {errors.New("something else")},
	} {
		for _, err := range errs {
			if got := codeOf(backupErrors(t.Context(), err)); got != code {
				t.Errorf("%v: exit code %d, want %d", err, got, code)
			}
		}
	}
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	if got := codeOf(backupErrors(stopped, errors.New("whatever broke off"))); got != 143 {
		t.Errorf("told to stop: exit code %d, want 143", got)
	}
}

func TestARateIsThatOfTheLastSecondsOfAStep(t *testing.T) {
	var r rate
	now := time.Now()
	if got := r.at("taking", 1000, now); got != 0 {
		t.Errorf("of one look: %v", got)
	}
	var got float64
	for i := 1; i <= 20; i++ {
		got = r.at("taking", 1000+int64(i)*100, now.Add(time.Duration(i)*time.Second))
	}
	if got != 100 {
		t.Errorf("of steady work: %v, want 100", got)
	}
	if got := r.at("uploading", 50, now.Add(30*time.Second)); got != 0 {
		t.Errorf("of another step: %v", got)
	}
}

func TestAnAddressOfASourceMayLackItsPort(t *testing.T) {
	for given, want := range map[string]string{
		"10.0.0.5": "10.0.0.5:6362", "db.example:7000": "db.example:7000", "fd00::1": "[fd00::1]:6362", "[fd00::1]:7000": "[fd00::1]:7000",
		"host:port": "", ":6362": "",
	} {
		b := &backupJob{preparation: &preparation{settings: &settings.Settings{Discovery: settings.DiscoveryNone}, neo4j: neo4jHome{dialect: enterprise35(t)}}, members: map[string]source{}}
		got, err := b.givenSource(given)
		if got != want || (err != nil) != (want == "") {
			t.Errorf("%s: %q, %v", given, got, err)
		}
		if want != "" && b.members[got].bolt == "" {
			t.Errorf("%s: it cannot be asked", given)
		}
	}
}

func TestThisInstanceIsBackedUpOnlyWhereItsDataIsUpToDate(t *testing.T) {
	for phase, says := range map[health.Phase]string{
		health.Ready:   "",
		health.Joining: "cannot back up this instance: it is joining (no leader), so that its data may be old; where no other member has newer data, say --from=",
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_ = json.NewEncoder(w).Encode(health.Status{Phase: phase, Reason: "no leader", Member: health.Identity{Kind: health.Core, Bolt: "10.0.0.1:7687"}})
		}))
		t.Cleanup(server.Close)
		dialect := enterprise35(t)
		intent, err := neo4jconf.Input{Dialect: dialect, HomeDir: "/neo4j", Role: neo4jconf.Core, Discovery: neo4jconf.List, Advertise: "10.0.0.1"}.Intent()
		if err != nil {
			t.Fatal(err)
		}
		loaded := &settings.Settings{HTTPAddr: server.Listener.Addr().String(), BackupFrom: backup.FromOwn}
		b := &backupJob{preparation: &preparation{settings: loaded, neo4j: neo4jHome{dialect: dialect, intent: intent}, log: zerolog.Nop()}}
		sources, err := b.sources(t.Context())
		switch {
		case says == "" && (err != nil || len(sources) != 1 || !b.members[sources[0]].clustered):
			t.Errorf("%s: %v, %v", phase, sources, err)
		case says != "" && (err == nil || codeOf(err) != exitUnavailable || !strings.HasPrefix(err.Error(), says)):
			t.Errorf("%s: %v", phase, err)
		}
	}
}

// The members are listeners on addresses of the loopback, with one port for backups as in a cluster.
func TestDiscoveryPrefersAHealthyReadReplicaThenAFollower(t *testing.T) {
	open := func(host string, port int) int {
		listener, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.ParseIP(host), Port: port})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = listener.Close() })
		return listener.Addr().(*net.TCPAddr).Port
	}
	port := open("127.0.0.2", 0)
	for _, host := range []string{"127.0.0.3", "127.0.0.4", "127.0.0.5"} {
		open(host, port)
	}
	ill := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"memberId":"x","core":true,"healthy":false}`)
	}))
	defer ill.Close()
	seen := func(host, role, http string) health.Seen {
		return health.Seen{ID: host, Bolt: host + ":7687", HTTP: http, Roles: map[string]string{"graph.db": role}}
	}
	at := func(hosts ...string) (list []string) {
		for _, host := range hosts {
			list = append(list, fmt.Sprintf("%s:%d", host, port))
		}
		return list
	}
	for _, test := range []struct {
		name string
		seen []health.Seen
		want []string
	}{
		{"replica, follower, no leader", []health.Seen{seen("127.0.0.2", "LEADER", ""), seen("127.0.0.3", "FOLLOWER", ""), seen("127.0.0.4", "READ_REPLICA", "")},
			at("127.0.0.4", "127.0.0.3")},
		{"a replica that is away", []health.Seen{seen("127.0.0.2", "LEADER", ""), seen("127.0.0.3", "FOLLOWER", ""), seen("127.0.0.9", "READ_REPLICA", "")},
			at("127.0.0.3")},
		{"a follower that calls itself unhealthy", []health.Seen{seen("127.0.0.2", "LEADER", ""), seen("127.0.0.3", "FOLLOWER", strings.TrimPrefix(ill.URL, "http://")), seen("127.0.0.5", "FOLLOWER", "")},
			at("127.0.0.5")},
		{"the leader alone", []health.Seen{seen("127.0.0.2", "LEADER", ""), seen("127.0.0.9", "FOLLOWER", "")}, at("127.0.0.2")},
	} {
		home := neo4jHome{dialect: enterprise35(t)}
		home.intent.Ports.Backup = port
		config, _, err := neo4jconf.Render(neo4jconf.Input{Dialect: home.dialect, Role: neo4jconf.Standalone})
		if err != nil {
			t.Fatal(err)
		}
		home.intent.Config = config
		b := &backupJob{preparation: &preparation{neo4j: home}, members: map[string]source{}}
		got, err := backup.Sources(backup.FromDiscovery, "", b.known(t.Context(), test.seen))
		if err != nil || !slices.Equal(got, test.want) {
			t.Errorf("%s: %v (%v), want %v", test.name, got, err, test.want)
		}
		if bolt := b.members[test.want[0]].bolt; !strings.HasSuffix(bolt, ":7687") || !b.members[test.want[0]].clustered {
			t.Errorf("%s: it is asked at %q", test.name, bolt)
		}
	}
}

func TestABackupOfAClusterThatSeedsIsAFullOne(t *testing.T) {
	for _, test := range []struct {
		version   neo4jconf.Version
		clustered bool
		want      string
	}{
		{neo4jconf.Version{Major: 5, Minor: 26}, true, "a new cluster is seeded from a full one only"},
		{neo4jconf.Version{Major: 5, Minor: 26}, false, ""},
		{neo4jconf.Version{Major: 5, Minor: 6}, true, "this version cannot say what a backup goes on from"},
		{neo4jconf.Version{Major: 4, Minor: 4}, true, ""},
	} {
		dialect, err := neo4jconf.For(test.version, neo4jconf.Enterprise)
		if err != nil {
			t.Fatal(err)
		}
		home := neo4jHome{dialect: dialect, intent: neo4jconf.Intent{Role: neo4jconf.Standalone}}
		b := &backupJob{preparation: &preparation{neo4j: home}, members: map[string]source{"a:6362": {clustered: test.clustered}}}
		if got := b.chainless([]string{"a:6362"}); got != test.want {
			t.Errorf("%v, of a cluster %v: %q, want %q", test.version, test.clustered, got, test.want)
		}
	}
}
