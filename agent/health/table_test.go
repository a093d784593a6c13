package health

import (
	"bytes"
	"flag"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestTheStatusTable(t *testing.T) {
	whole := Assess(Status{Phase: Ready, Since: noon}, facts35(Core), formed("b"), bounds, noon)
	restarted := facts35(Core)
	restarted.Supervisor.Restarts, restarted.Supervisor.RestartsLeft = 1, 2
	before := Assess(Status{}, restarted, formed("b"), bounds, noon)
	for name, s := range map[string]Status{
		"follower":   whole,
		"minority":   Assess(before, restarted, minority(), bounds, noon),
		"forming":    Assess(Status{}, facts35(Core), Observation{Asked: true, Connected: []string{"10.0.0.3:5000"}}, bounds, noon),
		"standalone": Assess(Status{}, facts35(Standalone), Observation{Asked: true, Bolt: Bolt{Open: true, Answers: true}}, bounds, noon),
		"preparing":  Assess(Status{}, Facts{AgentVersion: "1.0", Step: "finding members"}, Observation{}, bounds, noon),
		"coloured":   whole,
		"backups":    withBackups(whole, Backups{Verified: 7, Newest: noon.Add(-3 * time.Hour)}),
		"no-backup":  withBackups(whole, Backups{Unverified: 1}),
		"no-secrets": withSecrets(whole, Secrets{Since: noon, Reason: "A: cannot read secret arn: no answer in time"}),
		"no-bucket":  withBackups(whole, Backups{Trouble: "AccessDenied"}),
	} {
		var got bytes.Buffer
		if err := WriteTable(&got, s, noon.Add(65*time.Second), name == "coloured"); err != nil {
			t.Fatal(err)
		}
		golden := "testdata/table-" + name + ".txt"
		if *update {
			if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(string(captured(t, "table-"+name+".txt")), got.String()); diff != "" {
			t.Errorf("%s: %s", golden, diff)
		}
	}
}

func withBackups(s Status, b Backups) Status {
	s.Backups = &b
	return s
}

func withSecrets(s Status, secrets Secrets) Status {
	s.Secrets = &secrets
	return s
}

func TestMembersThatWereLostKeepTheirAddress(t *testing.T) {
	whole := Assess(Status{}, facts35(Core), formed("b"), bounds, noon)
	alone := Assess(whole, facts35(Core), minority(), bounds, noon)
	want := []MemberStatus{
		{ID: "a", Address: "10.0.0.1:7687", HTTP: "10.0.0.1:7474", Role: RoleUnknown, Healthy: true, Own: true},
		{ID: "b", Address: "10.0.0.2:7687", HTTP: "10.0.0.2:7474", Role: RoleUnknown},
		{ID: "c", Address: "10.0.0.3:7687", HTTP: "10.0.0.3:7474", Role: RoleUnknown},
	}
	if diff := cmp.Diff(want, alone.Members); diff != "" {
		t.Error(diff)
	}
	formation := Formation{Size: 3, Formed: true, Voting: 3, Present: 1}
	if diff := cmp.Diff(formation, alone.Formation); diff != "" {
		t.Error(diff)
	}
}

func TestDurationsAreShort(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", 900 * time.Millisecond: "0s", 59 * time.Second: "59s", time.Minute: "1m", 90 * time.Second: "1m30s",
		time.Hour: "1h", 3*time.Hour + 7*time.Second: "3h0m7s", 49*time.Hour + 5*time.Minute: "49h5m",
	} {
		if got := brief(d); got != want {
			t.Errorf("%v is written %s, want %s", d, got, want)
		}
	}
}
