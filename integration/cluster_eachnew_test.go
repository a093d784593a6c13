package integration

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"neo4j-agent/agent/snapshot"
)

// comesBack is that a cluster which has lost its majority has a leader again when its members are started again, whatever
// newer backup there is: the one that still runs cannot elect one without them.
func comesBack(t *testing.T, s *story) {
	t.Helper()
	if s.sharesAddress(t) {
		return
	}
	left := withRole(t, s.cores, "LEADER")
	for _, m := range s.cores {
		if m != left {
			m.Kill()
		}
	}
	eventually(t, left.Name+" to have lost its majority", 2*time.Minute, func() (bool, string) {
		st := statusOf(left)
		return st.Phase == "joining", st.String()
	})
	for _, m := range s.cores {
		if m == left {
			continue
		}
		if err := m.Start(); err != nil {
			t.Fatal(err)
		}
		eventually(t, m.Name+" to keep its data", time.Minute, func() (bool, string) {
			return strings.Contains(m.LogText(), "it keeps its data") || strings.Contains(m.LogText(), "this member joins it"), lastLine(m.LogText())
		})
	}
	waitReady(t, s.cores)
	for _, m := range s.cores {
		hasData(t, m, s.data)
	}
}

// decidesAlike is that all members of a cluster that starts anew keep their data or all restore the newer backup, although
// only some of them have left it alone before.
func decidesAlike(t *testing.T, s *story) {
	t.Helper()
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	forgetPins(t, s.bucket)
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	waitReady(t, s.cores)
	kept := s.data
	s.data = fingerprint(t, s.cores[0])
	for _, m := range s.cores {
		hasData(t, m, s.data)
	}
	t.Logf("all kept their data: %t; all restored the newer backup: %t", s.data == kept, s.data != kept)
}

// forgetPins removes what the members agreed on, as if hours had passed.
func forgetPins(t *testing.T, address string) {
	t.Helper()
	client, prefix := s3At(address), snapshot.Layout{Cluster: "neo4j"}.Pins()
	page, err := client.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String(backups), Prefix: &prefix})
	if err != nil {
		t.Fatal(err)
	}
	for _, object := range page.Contents {
		if _, err := client.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: aws.String(backups), Key: object.Key}); err != nil {
			t.Fatal(err)
		}
	}
}
