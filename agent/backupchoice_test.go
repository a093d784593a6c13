package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"neo4j-agent/agent/snapshot"
)

// rowsOf are what SHOW DATABASES says: name, requested and current status.
func rowsOf(lines ...string) (rows []map[string]any) {
	for _, line := range lines {
		cells := strings.Fields(line)
		rows = append(rows, map[string]any{"name": cells[0], "requestedStatus": cells[1], "currentStatus": cells[2]})
	}
	return rows
}

func TestADatabaseThatIsOnlineNowhereFailsTheBackupAndOneThatWasStoppedDoesNot(t *testing.T) {
	rows := rowsOf("system online online", "neo4j online offline", "neo4j online online", "old offline offline", "sales online unknown", "sales online offline")
	rows = append(rows, map[string]any{"name": "all", "type": "composite", "requestedStatus": "online", "currentStatus": "online"})
	_, err := selected(nil, hostedIn(rows), nil)
	if err == nil || err.Error() != "cannot back up sales: to be online, and online on no member; stop it, or name the others with --database" {
		t.Errorf("got %v", err)
	}
	got, err := selected(nil, hostedIn(rows[:4]), nil)
	want := selection{databases: []string{"neo4j", "system"}, stopped: []string{"old"}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(selection{}), cmpopts.EquateEmpty()); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
}

func TestABackupOfFewerDatabasesThanThereAreIsPartial(t *testing.T) {
	rows := rowsOf("system online online", "neo4j online online", "Sales online offline", "old offline offline")
	for _, test := range []struct {
		name    string
		asked   []string
		trouble error
		want    selection
	}{
		{"one of them", []string{"neo4j"}, nil, selection{partial: true, missing: []string{"Sales", "system"}, stopped: []string{"old"}}},
		{"all of them, written otherwise", []string{"System", "sales", "NEO4J"}, nil, selection{stopped: []string{"old"}}},
		{"nobody may be asked of which", []string{"neo4j"}, errNoPassword, selection{partial: true}},
		{"a version that cannot be asked", []string{"neo4j", "system"}, fmt.Errorf("%w: it says so", errNoList), selection{}},
	} {
		all := hostedIn(rows)
		if test.trouble != nil {
			all = hosted{}
		}
		got, err := selected(test.asked, all, test.trouble)
		test.want.databases = test.asked
		if diff := cmp.Diff(test.want, got, cmp.AllowUnexported(selection{}), cmpopts.EquateEmpty()); diff != "" || err != nil {
			t.Errorf("%s: %v %s", test.name, err, diff)
		}
	}
	for _, asked := range [][]string{nil, {"neo4j"}} {
		if _, err := selected(asked, hosted{}, errors.New("no answer")); err == nil {
			t.Errorf("%v passes for all, or for some of them, where nobody could tell", asked)
		}
	}
}

func TestAPartialBackupIsNotTheNewestOfTheStatus(t *testing.T) {
	at := time.Date(2026, 11, 20, 4, 0, 0, 0, time.UTC)
	seen := counted([]snapshot.Backup{
		{Time: at.Add(time.Hour), Key: "partial/", Partial: true}, {Time: at, Key: "whole/", Size: 7, Verified: true}, {Time: at, Key: "half/"},
	}, "bucket")
	if seen.Backup != "s3://bucket/whole/" || !seen.Newest.Equal(at) || seen.Verified != 1 || seen.Unverified != 1 {
		t.Errorf("%+v", seen)
	}
}
