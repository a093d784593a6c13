package settings

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// load loads an environment that must be right.
func load(t *testing.T, environ ...string) (*Settings, Report) {
	t.Helper()
	s, report, err := Load(Source{Environ: environ, ReadFile: noFiles})
	if err != nil {
		t.Fatalf("%q: %v", environ, err)
	}
	return s, report
}

// mistakes loads an environment and gives the lines of its error.
func mistakes(t *testing.T, source Source) []string {
	t.Helper()
	if source.ReadFile == nil {
		source.ReadFile = noFiles
	}
	_, _, err := Load(source)
	var problems *Problems
	if err != nil && !errors.As(err, &problems) {
		t.Fatalf("the error is not *Problems but %T", err)
	}
	var lines []string
	if problems != nil {
		for _, p := range problems.List {
			lines = append(lines, p.String())
		}
	}
	return lines
}

func noFiles(path string) ([]byte, error) {
	return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
}

func TestAnEmptyEnvironmentHasTheDefaultsOfTheContract(t *testing.T) {
	got, report := load(t)
	want := &Settings{
		Discovery: DiscoveryNone, DiscoveryTimeout: 10 * time.Minute, BindTimeout: 90 * time.Second,
		JoinTimeout: 10 * time.Minute, ClusterName: "neo4j", HTTPAddr: "127.0.0.1:7470", RunDir: "/run/neo4j-agent",
		StopTimeout: 2 * time.Minute, Restarts: Restarts{3, 10 * time.Minute}, SecretsEvery: time.Minute, LogLevel: "info", LogFormat: "auto",
		Home: "/var/lib/neo4j", Conf: "/var/lib/neo4j/conf", InitDir: "/init", Restore: "once", BackupFrom: "this_instance", BackupDir: "/tmp/",
		LogTarget: "cloudwatch", LogShape: "raw", KeepParameters: true, TLSDir: "/ssl",
		Neo4j: map[string]Value{}, References: map[string]SecretRef{}, AWS: AWS{Endpoints: map[string]string{}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(Report{}, report); diff != "" {
		t.Error(diff)
	}
}

func TestAnEmptyValueIsNone(t *testing.T) {
	var environ []string
	for _, v := range Table() {
		if !v.evenEmpty && !v.isPattern() {
			environ = append(environ, v.Name+"=")
		}
	}
	empty, _ := load(t, environ...)
	unset, _ := load(t)
	if diff := cmp.Diff(unset, empty); diff != "" {
		t.Error(diff)
	}
}

func TestAWholeEnvironmentOfTheSystemReplacedIsTaken(t *testing.T) {
	got, _ := load(t, "CLOUDMAP_SERVICE_ID=srv-utcrh6wavdkggqtk", "AWS_REGION=eu-west-1", "NEO4J_DATA_ROOT=/mnt/neo4j",
		"SNAPSHOT_PATH=my-bucket/a/b.zip", "AWS_BACKUP_BUCKET=my-bucket", "NEO4J_ADMIN_PASSWORD=pw", "NEO4J_GUEST_AUTH=reader/a/b",
		"NEO4J_QUERY_LOG=enabled", "UPGRADE_MODE=true", "BACKUP_FROM=discovery", "BACKUP_DIR=/backup", "PAGE_CACHE=4G",
		"HEAP_SIZE=2g", "NEO4J_dbms_mode=READ_REPLICA", "NEO4J_dbms_memory_heap_max__size=8G", "NEO4J_dbms_unused=")
	want, _ := load(t)
	want.Discovery, want.CloudMapServiceID, want.AWS.Region = DiscoveryCloudMap, "srv-utcrh6wavdkggqtk", "eu-west-1"
	want.DataRoot, want.SnapshotPath, want.BackupBucket = "/mnt/neo4j", "my-bucket/a/b.zip", "my-bucket"
	want.AdminPassword, want.Guest = NewSecret("pw"), Login{"reader", NewSecret("a/b")}
	want.QueryLog, want.ShipLogs, want.UpgradeMode = true, []string{"query"}, true
	want.BackupFrom, want.BackupDir, want.PageCache, want.HeapSize = "discovery", "/backup", "4G", "2g"
	want.Neo4j = map[string]Value{
		"NEO4J_dbms_mode":                  {NewSecret("READ_REPLICA"), false},
		"NEO4J_dbms_memory_heap_max__size": {NewSecret("8G"), false},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestAllMistakesAreReportedTogetherSortedOnceEach(t *testing.T) {
	got := mistakes(t, Source{Environ: []string{
		"NEO4J_QUERY_LOG=on", "AGENT_STOP_TIMEOUT=5s", "AGENT_DISCOVERY=consul", "UPGRADE_MODE=yes", "NEO4J_AUTH=wrong",
		"AGENT_USERS_FILE=/run/secrets/users", "AGENT_PEERS=a:b",
	}})
	want := []string{
		"AGENT_DISCOVERY: \"consul\" is none of them; accepted: `cloudmap`, `dns`, `srv`, `static` or `none`",
		"AGENT_PEERS: \"a:b\" has an entry that is neither a host nor host:port; accepted: hosts, each with or without `:port`, separated by commas",
		"AGENT_STOP_TIMEOUT: \"5s\" is too short; accepted: a duration such as `90s` or `10m`, or a number of seconds, from 10s to 1h",
		"AGENT_USERS_FILE: cannot read \"/run/secrets/users\": file does not exist; accepted: the path of a readable file",
		"NEO4J_AUTH: its value (not shown) is not of that form; accepted: `none`, `neo4j/<password>` or `neo4j/<password>/true`, no slash in the password",
		"NEO4J_QUERY_LOG: \"on\" is neither of them; accepted: `enabled` or `disabled`",
		"UPGRADE_MODE: \"yes\" is neither of them; accepted: `true` or `false`",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestAMessageHasALineForEachMistake(t *testing.T) {
	_, _, err := Load(Source{Environ: []string{"UPGRADE_MODE=a\nb: forged", "AGENT_RUN_DIR=" + strings.Repeat("x", 5000)}})
	if lines := strings.Split(err.Error(), "\n"); len(lines) != 3 || len(err.Error()) > 500 {
		t.Errorf("%d lines, %d bytes:\n%v", len(lines), len(err.Error()), err)
	}
	_, _, err = Load(Source{Environ: []string{"UPGRADE_MODE=1"}})
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("one mistake takes several lines:\n%v", err)
	}
}

func TestAWrongValueLeavesTheDefaultForThoseWhoReadOn(t *testing.T) {
	s, _, err := Load(Source{Environ: []string{"AGENT_HTTP_ADDR=nowhere", "AGENT_RUN_DIR=/r", "NEO4J_AUTH_FILE=/f"}, ReadFile: noFiles})
	if err == nil || s == nil || s.HTTPAddr != "127.0.0.1:7470" || s.RunDir != "/r" {
		t.Errorf("got %+v, %v", s, err)
	}
}

func TestMistakesThatNoVariableMakesAlone(t *testing.T) {
	const id = "CLOUDMAP_SERVICE_ID=srv-abc"
	for _, c := range []struct {
		environ string
		want    string // start of the only line; empty: right
	}{
		{"AGENT_DISCOVERY=cloudmap", "CLOUDMAP_SERVICE_ID: missing"},
		{"AGENT_DISCOVERY=cloudmap " + id, ""},
		{"AGENT_DISCOVERY=cloudmap CLOUDMAP_SERVICE_ID=abc", "CLOUDMAP_SERVICE_ID: \"abc\" is not a service id"},
		{"AGENT_DISCOVERY=static", "AGENT_PEERS: missing"},
		{"AGENT_DISCOVERY=dns", "AGENT_PEERS: missing"},
		{"AGENT_DISCOVERY=srv", "AGENT_PEERS: missing"},
		{"AGENT_DISCOVERY=static AGENT_PEERS=a,b:5000,10.0.0.1,[::1]:5000,::1", ""},
		{"AGENT_DISCOVERY=dns AGENT_PEERS=core.neo4j.service", ""},
		{"AGENT_DISCOVERY=dns AGENT_PEERS=core.neo4j.service:5000", ""},
		{"AGENT_DISCOVERY=dns AGENT_PEERS=a,b", "AGENT_PEERS: is not one DNS name"},
		{"AGENT_DISCOVERY=dns AGENT_PEERS=10.0.0.1", "AGENT_PEERS: is not one DNS name"},
		{"AGENT_DISCOVERY=dns AGENT_PEERS=::1", "AGENT_PEERS: is not one DNS name"},
		{"AGENT_DISCOVERY=srv AGENT_PEERS=_discovery._tcp.core.neo4j.service", ""},
		{"AGENT_DISCOVERY=srv AGENT_PEERS=core.neo4j.service:5000", "AGENT_PEERS: is not one DNS name"},
		{"AGENT_PEERS=a,b,c", "AGENT_PEERS: given without AGENT_DISCOVERY"},
		{"AGENT_PEERS=a,b,c " + id, "AGENT_PEERS: given without AGENT_DISCOVERY"},
		{"AGENT_PEERS=a,b,c AGENT_DISCOVERY=none", ""},
		{"AGENT_REGISTER_DISCOVERY=true", "AGENT_REGISTER_DISCOVERY: needs"},
		{"AGENT_REGISTER_DISCOVERY=true " + id, ""},
		{"SNAPSHOT_PATH=latest", "SNAPSHOT_PATH: \"latest\" needs AWS_BACKUP_BUCKET"},
		{"SNAPSHOT_PATH=@2026-01-31T04:00:00Z", "SNAPSHOT_PATH: \"@2026-01-31T04:00:00Z\" needs AWS_BACKUP_BUCKET"},
		{"SNAPSHOT_PATH=@2026-01-31T04:00Z", "SNAPSHOT_PATH: \"@2026-01-31T04:00Z\" needs AWS_BACKUP_BUCKET"},
		{"SNAPSHOT_PATH=latest/daily", "SNAPSHOT_PATH: \"latest/daily\" needs AWS_BACKUP_BUCKET"},
		{"SNAPSHOT_PATH=latest AWS_BACKUP_BUCKET=my-bucket", ""},
		{"AGENT_TLS_BOLT_KEY=a", "AGENT_TLS_BOLT_KEY: must be given together with AGENT_TLS_BOLT_CERTIFICATE"},
		{"AGENT_TLS_HTTPS_CERTIFICATE=a", "AGENT_TLS_HTTPS_KEY: must be given together with AGENT_TLS_HTTPS_CERTIFICATE"},
		{"AGENT_TLS_HTTPS_KEY=a AGENT_TLS_HTTPS_CERTIFICATE=b", ""},
		{"AGENT_TLS_CLUSTER_KEY=a AGENT_TLS_CLUSTER_CERTIFICATE=b", "AGENT_TLS_CLUSTER_TRUSTED: must be given together with AGENT_TLS_CLUSTER_CERTIFICATE"},
		{"AGENT_LOG_GROUP=g AGENT_SHIP_LOGS=query,debug AGENT_LOG_STREAM=" + strings.Repeat("a", 504), "AGENT_LOG_STREAM: is too long for several logs"},
		{"AGENT_LOG_GROUP=g AGENT_SHIP_LOGS=query,query AGENT_LOG_STREAM=" + strings.Repeat("a", 504), ""},
		{"AGENT_TLS_BACKUP_TRUSTED=a", "AGENT_TLS_BACKUP_TRUSTED: must be given together with AGENT_TLS_BACKUP_CERTIFICATE"},
		{"AGENT_TLS_BACKUP_KEY=a AGENT_TLS_BACKUP_CERTIFICATE=b AGENT_TLS_BACKUP_TRUSTED=c", ""},
		{"AGENT_RESET_ADMIN_PASSWORD=true", "AGENT_RESET_ADMIN_PASSWORD: needs"},
		{"AGENT_RESET_ADMIN_PASSWORD=true NEO4J_AUTH=neo4j/another", ""},
		{"AWS_ACCESS_KEY_ID=a", "AWS_ACCESS_KEY_ID: must be given together"},
		{"AWS_SECRET_ACCESS_KEY=a", "AWS_ACCESS_KEY_ID: must be given together"},
		{"AWS_ACCESS_KEY_ID=a AWS_SECRET_ACCESS_KEY=b", ""},
	} {
		got := mistakes(t, Source{Environ: strings.Fields(c.environ)})
		switch {
		case c.want == "" && len(got) != 0, c.want != "" && (len(got) != 1 || !strings.HasPrefix(got[0], c.want)):
			t.Errorf("%s\n got %q\nwant %q", c.environ, got, c.want)
		}
	}
}

func TestPeersAreUnusedWithoutADiscoveryThatNamesThem(t *testing.T) {
	_, report := load(t, "AGENT_DISCOVERY=none", "AGENT_PEERS=a")
	if want := []string{"AGENT_PEERS: not used, since AGENT_DISCOVERY is none"}; !slices.Equal(report.Warnings, want) {
		t.Errorf("got %q", report.Warnings)
	}
}

func TestAnUnknownAgentNameIsAWarningOrAMistake(t *testing.T) {
	environ := []string{"AGENT_STOP_TIME=30s", "AGENT_COLOUR_OF_SKY=blue", "OTHER_THING=1"}
	want := []string{
		"AGENT_COLOUR_OF_SKY: not a variable of this version",
		"AGENT_STOP_TIME: not a variable of this version; did you mean AGENT_STOP_TIMEOUT?",
	}
	_, report := load(t, environ...)
	if diff := cmp.Diff(want, report.Warnings); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(want, mistakes(t, Source{Environ: environ, Strict: true})); diff != "" {
		t.Error(diff)
	}
}

func TestWhatIsNotActedUponYetIsSaid(t *testing.T) {
	_, report := load(t, "AGENT_RESTORE=once", "AGENT_REGISTER_SERVICE_ID=srv-a", "AGENT_LOG_GROUP=", "UPGRADE_MODE=false")
	if want := []string{"AGENT_REGISTER_SERVICE_ID"}; !slices.Equal(report.Pending, want) {
		t.Errorf("got %q, want %q", report.Pending, want)
	}
}

func TestTheFirstOfSeveralValuesCounts(t *testing.T) {
	s, _ := load(t, "AGENT_CLUSTER_NAME=first", "malformed", "AGENT_CLUSTER_NAME=second")
	if s.ClusterName != "first" {
		t.Errorf("got %q", s.ClusterName)
	}
}

func TestOlderNamesYieldToNewerOnes(t *testing.T) {
	old, _ := load(t, "AWS_DEFAULT_REGION=eu-west-1", "AWS_ACCESS_KEY=a", "AWS_SECRET_KEY=b", `NEO4JLABS_PLUGINS=["apoc"]`)
	if old.AWS.Region != "eu-west-1" || old.AWS.AccessKeyID.Reveal() != "a" || old.AWS.SecretAccessKey.Reveal() != "b" || len(old.Plugins) != 1 {
		t.Errorf("older names are not used: %+v", old)
	}
	both, _ := load(t, "AWS_DEFAULT_REGION=eu-west-1", "AWS_REGION=us-east-1", "AWS_ACCESS_KEY=a", "AWS_SECRET_KEY=b",
		"AWS_ACCESS_KEY_ID=c", "AWS_SECRET_ACCESS_KEY=d", `NEO4JLABS_PLUGINS=["apoc"]`, `NEO4J_PLUGINS=[]`)
	if both.AWS.Region != "us-east-1" || both.AWS.AccessKeyID.Reveal() != "c" || both.AWS.SecretAccessKey.Reveal() != "d" || len(both.Plugins) != 0 {
		t.Errorf("newer names do not win: %+v", both)
	}
}

func TestTheEndpointOfAServiceIsKnownByTheService(t *testing.T) {
	s, _ := load(t, "AWS_ENDPOINT_URL=http://127.0.0.1:5000", "AWS_ENDPOINT_URL_SERVICEDISCOVERY=http://127.0.0.1:5001")
	want := AWS{EndpointURL: "http://127.0.0.1:5000", Endpoints: map[string]string{"SERVICEDISCOVERY": "http://127.0.0.1:5001"}}
	if diff := cmp.Diff(want, s.AWS); diff != "" {
		t.Error(diff)
	}
	if got := mistakes(t, Source{Environ: []string{"AWS_ENDPOINT_URL_S3=localhost"}}); len(got) != 1 {
		t.Errorf("got %q", got)
	}
}

func TestTheDebugVariableOfTheImageRaisesTheLogLevel(t *testing.T) {
	for environ, want := range map[string]string{"NEO4J_DEBUG=x": "debug", "NEO4J_DEBUG=x AGENT_LOG_LEVEL=warn": "warn"} {
		if s, _ := load(t, strings.Fields(environ)...); s.LogLevel != want {
			t.Errorf("%s: %s", environ, s.LogLevel)
		}
	}
}

func TestAPresentVariableCountsAsTheImageAndNoColorSay(t *testing.T) {
	s, _ := load(t, "EXTENDED_CONF=", "NO_COLOR=")
	if !s.ExtendedConf || s.NoColor {
		t.Errorf("extended %v, no colour %v", s.ExtendedConf, s.NoColor)
	}
}

func TestShippingNothingIsOtherThanSayingNothing(t *testing.T) {
	s, _ := load(t, "NEO4J_QUERY_LOG=enabled", "AGENT_SHIP_LOGS=none")
	if len(s.ShipLogs) != 0 {
		t.Errorf("got %q", s.ShipLogs)
	}
}

func TestLogsWithoutAGroupAreAMistakeOnlyWhereTheyWereAskedFor(t *testing.T) {
	got := mistakes(t, Source{Environ: []string{"AGENT_SHIP_LOGS=debug"}})
	want := []string{"AGENT_LOG_GROUP: missing, and AGENT_SHIP_LOGS is given; accepted: a log group, or AGENT_LOG_TARGET `stdout`"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	_, report := load(t, "NEO4J_QUERY_LOG=enabled")
	if len(report.Warnings) != 1 || !strings.Contains(report.Warnings[0], "AGENT_LOG_GROUP") {
		t.Errorf("got %q", report.Warnings)
	}
	for _, right := range []string{"AGENT_LOG_TARGET=stdout", "AGENT_LOG_GROUP=neo4j"} {
		if _, report := load(t, "AGENT_SHIP_LOGS=debug", right); len(report.Warnings) != 0 {
			t.Errorf("%s: got %q", right, report.Warnings)
		}
	}
}
