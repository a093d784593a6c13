package localcluster

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// laidOut is a cluster of two cores that was never opened: nothing is reserved and nothing runs.
func laidOut(own bool) *Cluster {
	c := &Cluster{
		options: Options{
			Agent: "/agent", Parts: &Parts{JavaHome: "/parts/jre"}, Dir: "/cluster",
			Env: map[string]string{"AGENT_LOG_LEVEL": "debug", "AWS_REGION": "eu-west-1"},
		},
		network:   &Network{block: 7, own: own, size: 3},
		discovery: Discovery{Endpoint: "http://127.0.0.1:5555", ServiceID: "srv-1"},
	}
	c.Add(MemberOptions{})
	c.Add(MemberOptions{})
	return c
}

func TestEachKindOfMemberHasItsEnvironment(t *testing.T) {
	t.Setenv("PATH", "/usr/bin")
	t.Setenv("NEO4J_of_the_developer", "must not get in")
	for name, member := range map[string]*Member{
		"core":         laidOut(true).Add(MemberOptions{}),
		"read-replica": laidOut(true).Add(MemberOptions{Role: ReadReplica, Env: map[string]string{"AGENT_LOG_LEVEL": "warn"}}),
		"standalone":   laidOut(true).Add(MemberOptions{Role: Standalone, Name: "alone"}),
		"shared":       laidOut(false).Add(MemberOptions{}),
	} {
		t.Run(name, func(t *testing.T) {
			got := strings.Join(member.Env(), "\n") + "\n"
			golden := filepath.Join("testdata", name+".env")
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("environment (-want +got):\n%s", diff)
			}
		})
	}
}

func TestACoreAddedLaterCountsForTheFormation(t *testing.T) {
	const variable = "NEO4J_causal__clustering_minimum__core__cluster__size__at__formation"
	cluster := laidOut(true)
	first := cluster.Members[0]
	if env := first.Env(); !slices.Contains(env, variable+"=2") {
		t.Errorf("two cores: %q", env)
	}
	cluster.Add(MemberOptions{Role: ReadReplica})
	cluster.Add(MemberOptions{})
	for _, entry := range first.Env() {
		if strings.HasPrefix(entry, variable) {
			t.Errorf("three cores: %s", entry)
		}
	}
}
