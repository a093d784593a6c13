package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"
)

// makes adds nodes of a label, each in a transaction of its own.
func (o *office) makes(label string, transactions int) {
	o.t.Helper()
	for n := range transactions {
		if _, _, err := query(o.t.Context(), driver(o.t, o.member.BoltURI()), neo4j.AccessModeWrite, fmt.Sprintf("CREATE (:%s {n: %d})", label, n)); err != nil {
			o.t.Fatal(err)
		}
	}
}

// TestABackupAfterDataWasPutBackHoldsNothingOfWhatWasTakenBack: the tool of 3.5 fetches what comes after its last
// transaction, whatever that was. More is written after the restore than was lost, so that no number tells of it.
func TestABackupAfterDataWasPutBackHoldsNothingOfWhatWasTakenBack(t *testing.T) {
	o := newOffice(t, "")
	o.opens()
	b := newBackupTask(t, o)
	o.makes("Before", 10)
	b.backsUp(0)
	first := filepath.Join(t.TempDir(), "first")
	if err := os.CopyFS(first, os.DirFS(filepath.Join(b.env["BACKUP_DIR"], "neo4j-agent-backup/prod/databases/graph.db/files/graph.db"))); err != nil {
		t.Fatal(err)
	}
	o.makes("Wrong", 20)
	if second := b.backsUp(0); second.Type != "differential" {
		t.Fatalf("the second: %+v", second)
	}
	o.closes()
	if said, code := o.restoresByHand(first); code != 0 {
		t.Fatalf("exit code %d\n%s", code, said)
	}
	o.opens()
	o.makes("After", 60)
	third := b.backsUp(0, "--verify=restore")
	if third.Type != "full" || !strings.Contains(third.Why, "started after the last backup") {
		t.Errorf("the third: %+v", third)
	}
}
