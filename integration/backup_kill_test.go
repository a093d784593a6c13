package integration

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"neo4j-agent/agent/snapshot"
)

// survivesKills kills the command at random moments of a run: while neo4j-admin takes the backup or checks it, while it is
// uploaded, and while the throw-away server of its proof runs. Whatever is left, a reader sees whole backups only, and
// the next run takes one.
func (b backupTask) survivesKills(whole time.Duration) {
	b.t.Helper()
	reader := bucketReader{b.client, snapshot.Layout{Prefix: "pre", Cluster: "prod"}, map[string]bool{}}
	b.source.writesNoise(400_000)
	address, spoil := proxied(b.t, strings.TrimPrefix(b.env["AWS_ENDPOINT_URL"], "http://"))
	spoil(true, `{"name":"slow","type":"bandwidth","stream":"upstream","attributes":{"rate":8000}}`)
	slow := b.with("AWS_ENDPOINT_URL", "http://"+address)
	const uploading = 5 * time.Second
	left := 0
	for n := range times(5, 50) {
		after := rand.N(whole + uploading)
		over := slow.killedAfter(after)
		b.t.Logf("killed after %.1f s; over before: %v", after.Seconds(), over)
		b.leftNothingRunning()
		left += len(reader.uploads(b.t))
		reader.seesWholeOnes(b.t)
		if n%2 == 0 { // also two dead ones in a row
			continue
		}
		b.backsUp(0)
		if uploads := reader.uploads(b.t); len(uploads) != 0 {
			b.t.Errorf("the run after a kill left the uploads %v", uploads)
		}
		reader.seesWholeOnes(b.t)
	}
	b.backsUp(0, "--verify=restore")
	reader.seesWholeOnes(b.t)
	b.t.Logf("%d uploads were left and aborted, %d backups seen, all whole", left, len(reader.seen))
}

// writesNoise writes nodes that do not compress well, so that an upload has several parts.
func (o *office) writesNoise(nodes int) {
	o.t.Helper()
	const each = 50_000
	for range nodes / each {
		_, _, err := query(o.t.Context(), driver(o.t, o.member.BoltURI()), neo4j.AccessModeWrite,
			fmt.Sprintf("UNWIND range(1, %d) AS i CREATE (:Noise {a: rand(), b: rand(), c: rand()})", each))
		if err != nil {
			o.t.Fatal(err)
		}
	}
}

// killedAfter runs a backup with its proof, kills the command after d, and tells whether it was over before.
func (b backupTask) killedAfter(d time.Duration) (over bool) {
	b.t.Helper()
	command := exec.Command(agent, "backup", "--verify=restore")
	for name, value := range b.env {
		command.Env = append(command.Env, name+"="+value)
	}
	if err := command.Start(); err != nil {
		b.t.Fatal(err)
	}
	timer := time.AfterFunc(d, func() { _ = command.Process.Kill() })
	defer timer.Stop()
	return command.Wait() == nil
}

// leftNothingRunning wants no process to work in the backup folder: it would be a second writer beside the next run.
func (b backupTask) leftNothingRunning() {
	b.t.Helper()
	eventually(b.t, "nobody works in the backup folder", 10*time.Second, func() (bool, string) {
		lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
		if err != nil {
			b.t.Fatal(err)
		}
		for _, path := range lines {
			if text, err := os.ReadFile(path); err == nil && bytes.Contains(text, []byte(b.env["BACKUP_DIR"])) {
				return false, string(bytes.ReplaceAll(text, []byte{0}, []byte(" ")))
			}
		}
		return true, ""
	})
}

// bucketReader is somebody who looks at the backups of cluster prod while others write them.
type bucketReader struct {
	client *s3.Client
	layout snapshot.Layout
	seen   map[string]bool
}

// uploads are the multipart uploads under way.
func (r bucketReader) uploads(t *testing.T) []string {
	t.Helper()
	out, err := r.client.ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: aws.String(backups)})
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, upload := range out.Uploads {
		keys = append(keys, aws.ToString(upload.Key))
	}
	return keys
}

// seesWholeOnes holds each verified backup that was not seen before against its manifest.
func (r bucketReader) seesWholeOnes(t *testing.T) {
	t.Helper()
	listed, err := snapshot.List(t.Context(), r.client, backups, r.layout)
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range listed {
		if !one.Verified || r.seen[one.Key] {
			continue
		}
		r.seen[one.Key] = true
		var manifest *snapshot.Manifest
		r.read(t, one.Key+snapshot.Verified, func(body io.Reader) {
			text, err := io.ReadAll(body)
			if err == nil {
				manifest, err = snapshot.Parse(text)
			}
			if err != nil {
				t.Fatal(err)
			}
		})
		for _, object := range manifest.Objects {
			r.read(t, one.Key+object.Name, func(body io.Reader) {
				if sum, err := digestOf(body); err != nil || sum != object.SHA256 || manifest.Verification == nil {
					t.Errorf("%s%s is not what the manifest says: %v", one.Key, object.Name, err)
				}
			})
		}
	}
}

func (r bucketReader) read(t *testing.T, key string, use func(io.Reader)) {
	t.Helper()
	out, err := r.client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(backups), Key: &key})
	if err != nil {
		t.Fatal(err)
	}
	use(out.Body)
	if err := out.Body.Close(); err != nil {
		t.Fatal(err)
	}
}
