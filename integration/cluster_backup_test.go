package integration

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"neo4j-agent/agent/backup"
	"neo4j-agent/agent/health"
	"neo4j-agent/agent/snapshot"
	"neo4j-agent/integration/localcluster"
)

// bucketEnv is what a member needs for backups on a real S3 server. moto takes any credentials.
func bucketEnv(address string) map[string]string {
	return map[string]string{
		"AWS_BACKUP_BUCKET": backups, "AWS_ENDPOINT_URL_S3": "http://" + address, "AWS_SECRET_ACCESS_KEY": "locallocal",
	}
}

// fill writes so many nodes, each with a relationship to the one before, written in pieces.
func (s *story) fill(t *testing.T, from, to int) {
	t.Helper()
	const piece = 20_000
	d := driver(t, s.cores[0].RoutingURI())
	begun := time.Now()
	for at := from; at < to; at += piece {
		_, _, err := query(t.Context(), d, neo4j.AccessModeWrite, fmt.Sprintf(
			"UNWIND range(%d, %d) AS i CREATE (:Data {i: i, text: 'node ' + i})-[:NEXT {i: i}]->(:Mark {i: i})", at, min(at+piece, to)-1))
		if err != nil {
			t.Fatal(err)
		}
		if (at-from)/piece%25 == 24 {
			t.Logf("%d of %d pairs of nodes written after %s", at+piece-from, to-from, time.Since(begun).Round(time.Second))
		}
	}
}

// fingerprint is counts and sums over the data on one member.
func fingerprint(t *testing.T, m *localcluster.Member) string {
	t.Helper()
	d := driver(t, m.BoltURI())
	var all []string
	for _, text := range []string{
		"MATCH (n:Data) RETURN count(n)", "MATCH (n:Mark) RETURN count(n)", "MATCH ()-[r:NEXT]->() RETURN count(r)",
		"MATCH (n:Data)-[r:NEXT]->(m:Mark) WHERE n.i % 97 = 0 RETURN toString(sum(n.i * 3 + r.i * 5 + m.i * 7 + size(n.text))) + '/' + count(*)",
		"MATCH (n:Story) RETURN count(n)",
	} {
		var value any
		eventually(t, "an answer of "+m.Name, time.Minute, func() (bool, string) {
			var err error
			value, _, err = query(t.Context(), d, neo4j.AccessModeRead, text)
			return err == nil, fmt.Sprint(err)
		})
		all = append(all, fmt.Sprint(value))
	}
	return strings.Join(all, " ")
}

// backsUp runs a backup with a member's environment, as a scheduled task of its cluster would, and gives its result.
func (s *story) backsUp(t *testing.T, args ...string) backup.Result {
	t.Helper()
	c := command(s.cores[0], append([]string{"backup"}, args...)...)
	c.Env = append(c.Env, "BACKUP_FROM=discovery", "BACKUP_DIR="+s.backupDir, "HEAP_SIZE=400m", "PAGE_CACHE=32m")
	var log bytes.Buffer
	c.Stderr = &log
	text, err := c.Output()
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	var result backup.Result
	if jsonErr := json.Unmarshal([]byte(lines[len(lines)-1]), &result); err != nil || jsonErr != nil {
		t.Fatalf("neo4j-agent backup %v: %v\n%s\n%s", args, err, text, log.String())
	}
	t.Logf("%s backup of %d bytes in %.1f s from %v: %s", result.Type, result.Bytes, result.Seconds, result.Sources, result.Verified)
	return result
}

// writesOn writes without a pause until it is told to end.
func (s *story) writesOn(t *testing.T) (end func()) {
	t.Helper()
	d := driver(t, s.cores[0].RoutingURI()) // closed after the defer that ends the writing
	ctx, cancel := context.WithCancel(t.Context())
	var writing sync.WaitGroup
	written := 0
	writing.Go(func() {
		for ctx.Err() == nil {
			if _, _, err := query(ctx, d, neo4j.AccessModeWrite, "CREATE (:Load {at: timestamp()})"); err == nil {
				written++
			}
		}
	})
	return sync.OnceFunc(func() {
		cancel()
		writing.Wait()
		if written == 0 {
			t.Error("nothing was written meanwhile")
		}
		t.Logf("%d writes meanwhile", written)
	})
}

func isBackedUp(t *testing.T, s *story) {
	replica := fmt.Sprintf("%s:%d", s.replica.Endpoint.Host, s.replica.Endpoint.Ports.Backup)
	s.fill(t, 0, times(20_000, 1_000_000))
	end := s.writesOn(t)
	defer end()
	full := s.backsUp(t)
	if full.Type != "full" || full.Kind != snapshot.Daily || len(full.Sources) != 1 || full.Sources[0] != replica {
		t.Errorf("the first backup: %+v; want a full one, from the read replica at %s", full, replica)
	}
	s.fill(t, 1_000_000, 1_000_000+times(5_000, 100_000))
	if next := s.backsUp(t); next.Type != "differential" || next.Kind != snapshot.Hourly || next.Sources[0] != replica {
		t.Errorf("the next backup: %+v", next)
	}
	end()
	s.fill(t, 2_000_000, 2_000_100)
	s.data = fingerprint(t, s.cores[0])
	eventually(t, "the replica to have all of it", time.Minute, func() (bool, string) {
		got := fingerprint(t, s.replica)
		return got == s.data, got
	})
	proved := s.backsUp(t, "--verify=restore")
	tellsOfBackups(t, s, proved, 3)
	for _, word := range []string{"consistency check", "restored into a throw-away server", "as many of each label and type as there"} {
		if !strings.Contains(proved.Verified, word) {
			t.Errorf("verified by %q, which lacks %q", proved.Verified, word)
		}
	}
}

// tellsOfBackups wants the newest backup in the status of a member whose serve has just been started.
func tellsOfBackups(t *testing.T, s *story, newest backup.Result, count int) {
	t.Helper()
	s.killServe(t, s.cores[1])
	eventually(t, "the status to tell of the newest backup", time.Minute, func() (bool, string) {
		code, body, err := s.cores[1].Get(t.Context(), "/status")
		var status struct{ Backups *health.Backups }
		if err == nil && code == 200 {
			err = json.Unmarshal(body, &status)
		}
		b := status.Backups
		return err == nil && b != nil && b.Backup == newest.Backup && b.Verified == count && b.Trouble == "", string(body)
	})
}

// beginsAnew is another cluster that begins from the newest backup of the first, one core long after the others, with
// another backup promoted meanwhile.
func beginsAnew(t *testing.T, s *story) {
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	env := bucketEnv(s.bucket)
	env["SNAPSHOT_PATH"], env["AGENT_CLUSTER_NAME"] = "latest", "neo4j"
	env["AGENT_INIT_DIR"] = initScripts(t) // whose data, twice, would not be that of the first cluster
	other := &story{Cluster: newCluster(t, localcluster.Options{Cores: 3, Env: env}), bucket: s.bucket, data: s.data}
	other.cores = other.Members
	for _, m := range other.cores[:2] {
		if err := m.Start(); err != nil {
			t.Fatal(err)
		}
	}
	for _, m := range other.cores[:2] {
		eventually(t, m.Name+" to have restored", 5*time.Minute, func() (bool, string) {
			return strings.Contains(m.LogText(), "restored; users and passwords are those of the settings"), lastLine(m.LogText())
		})
	}
	promoteOlder(t, s.bucket)
	<-time.After(time.Duration(times(10, 180)) * time.Second) // the subject: a core that takes minutes longer
	if err := other.cores[2].Start(); err != nil {
		t.Fatal(err)
	}
	waitReady(t, other.cores)
	for _, m := range other.cores {
		if got := fingerprint(t, m); got != s.data {
			t.Errorf("%s has %s, the first cluster had %s", m.Name, got, s.data)
		}
		if markers, _ := filepath.Glob(filepath.Join(m.Volume, "restored_backups", "neo4j-hourly-*.done")); len(markers) != 1 {
			t.Errorf("%s has the markers %v", m.Name, markers)
		}
	}
	goesOn(t, other)
	env["AGENT_RESTORE"] = "each-new" // and there is a newer one
	comesBack(t, other)
	decidesAlike(t, other)
	delete(env, "AGENT_RESTORE")
	joins(t, other)
	if err := other.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

// promoteOlder makes the oldest backup the newest, under a new name.
func promoteOlder(t *testing.T, address string) {
	t.Helper()
	client := s3At(address)
	layout := snapshot.Layout{Cluster: "neo4j"}
	known, err := snapshot.List(t.Context(), client, backups, layout)
	if err != nil || len(known) < 2 {
		t.Fatalf("%v %v", known, err)
	}
	oldest, at := known[len(known)-1], time.Now().UTC().Add(time.Minute).Truncate(time.Second)
	out, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(backups), Key: aws.String(oldest.Key + snapshot.Verified)})
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	_, err = text.ReadFrom(out.Body)
	if err = firstError(err, out.Body.Close()); err != nil {
		t.Fatal(err)
	}
	manifest, err := snapshot.Parse(text.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	manifest.Time, manifest.Kind = at, snapshot.Hourly
	folder := layout.Folder(snapshot.Hourly, at)
	for _, object := range manifest.Objects {
		_, err := client.CopyObject(t.Context(), &s3.CopyObjectInput{Bucket: aws.String(backups), Key: aws.String(folder + object.Name),
			CopySource: aws.String(backups + "/" + oldest.Key + object.Name)})
		if err != nil {
			t.Fatal(err)
		}
	}
	fresh, err := manifest.Encode()
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String(backups), Key: aws.String(folder + snapshot.Verified), Body: bytes.NewReader(fresh)})
	if err != nil {
		t.Fatal(err)
	}
}

// goesOn is that a restart does not restore again, whatever is newer in the bucket.
func goesOn(t *testing.T, s *story) {
	s.fill(t, 3_000_000, 3_000_100)
	s.data = fingerprint(t, withRole(t, s.cores, "LEADER"))
	m := withRole(t, s.cores, "FOLLOWER")
	if err := m.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := wait(t, m, 2*time.Minute); code != 0 {
		t.Errorf("%s left with exit code %d", m.Name, code)
	}
	if err := m.Start(); err != nil {
		t.Fatal(err)
	}
	waitReady(t, s.cores)
	if text := m.LogText(); !strings.Contains(text, "this volume was restored before") {
		t.Errorf("%s does not say that it was restored before", m.Name)
	}
	hasData(t, m, s.data)
}

// sharesAddress tells whether the members cannot ask each other's ports, since they share one address.
func (s *story) sharesAddress(t *testing.T) bool {
	t.Helper()
	shared := s.cores[0].Endpoint.Host == s.cores[1].Endpoint.Host
	if shared {
		t.Log("members that share one address cannot ask each other's ports: this is not played here")
	}
	return shared
}

// joins is that a member with an empty volume joins the running cluster, which has newer data than any backup, and that
// its next start finds nothing to restore either.
func joins(t *testing.T, s *story) {
	if s.sharesAddress(t) {
		return
	}
	m := withRole(t, s.cores, "FOLLOWER")
	m.Kill()
	if err := m.Wipe(); err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"this member joins it and copies its store", "this volume joined a running cluster"} {
		if err := m.Start(); err != nil {
			t.Fatal(err)
		}
		waitReady(t, s.cores)
		if !strings.Contains(m.LogText(), word) {
			t.Errorf("%s does not say %q", m.Name, word)
		}
		hasData(t, m, s.data)
		if err := m.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		wait(t, m, 2*time.Minute)
	}
	if entries, err := os.ReadDir(filepath.Join(m.Volume, "restored_backups")); err != nil || len(entries) != 1 || entries[0].Name() != "joined-cluster.done" {
		t.Errorf("the markers are %v (%v)", entries, err)
	}
}

func hasData(t *testing.T, m *localcluster.Member, want string) {
	t.Helper()
	eventually(t, m.Name+" to have the cluster's data", time.Minute, func() (bool, string) {
		got := fingerprint(t, m)
		return got == want, fmt.Sprintf("it has %s, want %s", got, want)
	})
}
