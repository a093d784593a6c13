package integration

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"neo4j-agent/agent/backup"
	"neo4j-agent/integration/localcluster"
)

// backupTask is `neo4j-agent backup` as a scheduled container runs it: another home than the server's, no volume but
// BACKUP_DIR, a bucket on a real S3 server.
type backupTask struct {
	t      *testing.T
	source *office
	client *s3.Client
	env    map[string]string
}

func newBackupTask(t *testing.T, source *office) backupTask {
	t.Helper()
	address, client := realS3(t)
	e := source.member.Endpoint
	home := filepath.Join(t.TempDir(), "home")
	if err := installed(t).NewHome(home); err != nil {
		t.Fatal(err)
	}
	return backupTask{t, source, client, map[string]string{
		"PATH": os.Getenv("PATH"), "NEO4J_HOME": home, "JAVA_HOME": installed(t).JavaHome, "NEO4J_ACCEPT_LICENSE_AGREEMENT": "yes",
		"JAVA_TOOL_OPTIONS": "-XX:TieredStopAtLevel=1", "HEAP_SIZE": "400m", "PAGE_CACHE": "16m",
		"AGENT_CLUSTER_NAME": "prod", "AGENT_BACKUP_PREFIX": "pre", "AWS_BACKUP_BUCKET": "backups", "BACKUP_DIR": t.TempDir(),
		"BACKUP_FROM":          fmt.Sprintf("%s:%d", e.Host, e.Ports.Backup),
		"NEO4J_ADMIN_PASSWORD": localcluster.Password,
		"AWS_ENDPOINT_URL":     "http://" + address, "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "locallocal",
	}}
}

// with is the task with other settings.
func (b backupTask) with(pairs ...string) backupTask {
	env := map[string]string{}
	for name, value := range b.env {
		env[name] = value
	}
	for i := 0; i < len(pairs); i += 2 {
		env[pairs[i]] = pairs[i+1]
	}
	b.env = env
	return b
}

// run runs a command of the agent and gives its exit code and what it said.
func (b backupTask) run(args ...string) (code int, stdout, stderr string) {
	b.t.Helper()
	command := exec.CommandContext(b.t.Context(), agent, args...)
	for name, value := range b.env {
		command.Env = append(command.Env, name+"="+value)
	}
	var out, log bytes.Buffer
	command.Stdout, command.Stderr = &out, &log
	began := time.Now()
	err := command.Run()
	b.t.Logf("%v: exit code %d after %.1f s", args, command.ProcessState.ExitCode(), time.Since(began).Seconds())
	if err != nil && command.ProcessState == nil {
		b.t.Fatal(err)
	}
	if strings.Contains(out.String()+log.String(), b.env["NEO4J_ADMIN_PASSWORD"]) {
		b.t.Error("the password is in the output")
	}
	return command.ProcessState.ExitCode(), out.String(), log.String()
}

// backsUp runs a backup that must end with a code, and gives its result: the last line. The line before is for CloudWatch.
func (b backupTask) backsUp(code int, args ...string) backup.Result {
	b.t.Helper()
	got, stdout, stderr := b.run(append([]string{"backup"}, args...)...)
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	var result backup.Result
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &result); err != nil {
		b.t.Fatalf("the last line is no result: %v\n%s\n%s", err, stdout, stderr)
	}
	if got != code {
		b.t.Fatalf("exit code %d, want %d\n%s\n%s", got, code, stdout, stderr)
	}
	if hasMetrics := len(lines) == 2 && strings.Contains(lines[0], `"CloudWatchMetrics"`); hasMetrics == (result.Outcome == backup.Busy) {
		b.t.Errorf("metrics beside the result: %v\n%s", hasMetrics, stdout)
	}
	return result
}

func TestABackupOfARunning35IsTakenProvedAndListed(t *testing.T) {
	o := newOffice(t, "")
	o.opens()
	b := newBackupTask(t, o)
	if code, stdout, _ := b.run("backups"); code != 0 || stdout != "there are no backups of cluster prod in s3://backups/pre\n" {
		t.Errorf("of an empty bucket: %d %q", code, stdout)
	}
	o.writes(1000)
	first := b.backsUp(0)
	if first.Type != "full" || first.Why != "the backup folder is empty" || first.Kind != "daily" || first.Verified != "consistency check" {
		t.Errorf("the first: %+v", first)
	}
	o.writes(500)
	second := b.backsUp(0)
	if second.Type != "differential" || second.Kind != "hourly" {
		t.Errorf("the second: %+v", second)
	}
	o.writes(500)
	began := time.Now()
	third := b.backsUp(0, "--verify=restore")
	whole := time.Since(began)
	for _, word := range []string{"restored into a throw-away server, started and checked there", "last transaction", "as many of each label and type as there", "(:A) 2000", "[:R] 2000"} {
		if !strings.Contains(third.Verified, word) {
			t.Errorf("the proof lacks %q: %s", word, third.Verified)
		}
	}
	b.listed([]backup.Result{third, second, first})
	b.survivesKills(whole)
	b.refuses()
	if left := matches(t, filepath.Join(b.env["BACKUP_DIR"], "neo4j-agent-backup", "*", "proof")); left != 0 {
		t.Error("the scratch folder of the proof is left")
	}
}

// listed wants `backups` to show these backups, the newest first.
func (b backupTask) listed(want []backup.Result) {
	b.t.Helper()
	code, stdout, stderr := b.run("backups", "--json")
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	if code != 0 || len(lines) != len(want) {
		b.t.Fatalf("exit code %d, %d lines\n%s\n%s", code, len(lines), stdout, stderr)
	}
	for i, line := range lines {
		var entry backup.Entry
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			b.t.Fatal(err)
		}
		if entry.Backup != want[i].Backup || entry.State != backup.IsVerified || entry.Type != want[i].Type || entry.Verified != want[i].Verified {
			b.t.Errorf("listed %+v, want %+v", entry, want[i])
		}
	}
	if _, stdout, _ := b.run("backups"); strings.Count(stdout, "verified") != len(want) {
		b.t.Errorf("the table:\n%s", stdout)
	}
}

// refuses wants each way to fail to have its own exit code, and to leave no backup behind.
func (b backupTask) refuses() {
	b.t.Helper()
	lease := "pre/leases/prod/backup.json"
	e := b.source.member.Endpoint
	for _, test := range []struct {
		name string
		code int
		task backupTask
		args []string
		says string
	}{
		{"no bucket named", 78, b.with("AWS_BACKUP_BUCKET", ""), nil, "AWS_BACKUP_BUCKET is not set"},
		{"a bucket that is not there", 78, b.with("AWS_BACKUP_BUCKET", "no-such-bucket"), nil, "NoSuchBucket"},
		{"a wrong key", 77, b.with("AWS_SECRET_ACCESS_KEY", "wrong-wrong"), nil, "SignatureDoesNotMatch"},
		{"nobody at the source", 69, b.with("BACKUP_FROM", somePort(b.t)), nil, "cannot find a source"},
		{"another listener than the backup's", 69, b, []string{"--from", fmt.Sprintf("%s:%d", e.Host, e.Ports.Bolt)}, "cannot find a source"},
		{"discovery without any", 78, b, []string{"--from", "discovery"}, "AGENT_DISCOVERY"},
		{"no address", 78, b, []string{"--from", "host:port"}, "nor an address"},
		{"a database with a name that none has", 1, b, []string{"--database", "../x"}, "not the name of a database"},
	} {
		result := test.task.backsUp(test.code, test.args...)
		if result.Outcome != backup.Failed || !strings.Contains(result.Error, test.says) {
			b.t.Errorf("%s: %+v", test.name, result)
		}
	}
	_, err := b.client.PutObject(b.t.Context(), &s3.PutObjectInput{
		Bucket: aws.String("backups"), Key: &lease, Body: strings.NewReader(`{"holder":"another","seconds":120}`),
	})
	if err != nil {
		b.t.Fatal(err)
	}
	if result := b.backsUp(75); result.Outcome != backup.Busy {
		b.t.Errorf("while another run has the lease: %+v", result)
	}
}
