package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// bucketWith is an S3 that lists one verified backup of the cluster prod.
func bucketWith(t *testing.T, at time.Time) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		prefix, key := r.URL.Query().Get("prefix"), ""
		if prefix == "daily/prod/" {
			folder := prefix + at.Format("2006-01-02T15-04-05Z")
			key = fmt.Sprintf("<Contents><Key>%[1]s/manifest.json</Key><Size>1</Size></Contents><Contents><Key>%[1]s/neo4j.tar.zst</Key><Size>1</Size></Contents>", folder)
		}
		_, _ = fmt.Fprintf(w, "<ListBucketResult><IsTruncated>false</IsTruncated>%s</ListBucketResult>", key)
	}))
	t.Cleanup(server.Close)
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": server.URL, "AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret",
		"AWS_BACKUP_BUCKET": "backups", "AGENT_CLUSTER_NAME": "prod",
	} {
		t.Setenv(name, value)
	}
}

func TestARunThatCannotBeginStillSaysSoAndHowOldTheNewestBackupIs(t *testing.T) {
	for name, test := range map[string]struct {
		variable, value string
		code            int
	}{
		"a wrong setting":  {"AGENT_STOP_TIMEOUT", "never", exitConfig},
		"no Neo4j is here": {"NEO4J_HOME", t.TempDir(), exitConfig},
	} {
		t.Run(name, func(t *testing.T) {
			bucketWith(t, time.Now().UTC().Add(-time.Hour))
			t.Setenv(test.variable, test.value)
			var out bytes.Buffer
			err := backupCommand{Verify: "check"}.Run(output{&out})
			if codeOf(err) != test.code {
				t.Errorf("exit code %d, want %d: %v", codeOf(err), test.code, err)
			}
			lines := bytes.Split(bytes.TrimSpace(out.Bytes()), []byte("\n"))
			var metrics struct {
				Cluster                  string
				BackupSuccess, BackupAge float64
			}
			var last struct{ Result, Error, Cluster string }
			if len(lines) != 2 || json.Unmarshal(lines[0], &metrics) != nil || json.Unmarshal(lines[1], &last) != nil {
				t.Fatalf("it wrote %s", out.Bytes())
			}
			if metrics.Cluster != "prod" || metrics.BackupAge < 3500 || metrics.BackupAge > 3700 {
				t.Errorf("%+v", metrics)
			}
			if last.Result != "failed" || last.Error == "" || last.Cluster != "prod" {
				t.Errorf("%+v", last)
			}
		})
	}
}
