package main

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"neo4j-agent/agent/restore"
	"neo4j-agent/agent/settings"
	"neo4j-agent/neo4jconf"
)

func TestARestoreThatWaitsToKnowWhetherAClusterRunsDoesNotStandStill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := restoringWith(t, "4.4.48", neo4jconf.Enterprise)
		w.settings.Discovery, w.settings.Peers = settings.DiscoveryStatic, []string{"not a host"}
		w.settings.DiscoveryTimeout = 2 * restoreStill
		begun := time.Now()
		still := func() time.Duration { return time.Since(w.moved.at(restore.Fetching, 0, 0)) }
		still() // the first look at figures that do not change
		reason, err := w.clusterRuns(t.Context())
		if codeOf(err) != exitTryAgain || reason != "" || !strings.Contains(err.Error(), "cannot tell whether to restore latest: ") {
			t.Errorf("%q, %v", reason, err)
		}
		if waited := time.Since(begun); waited != w.settings.DiscoveryTimeout {
			t.Errorf("it waited for %s", waited)
		}
		if got := still(); got > leaderAgain {
			t.Errorf("nothing moved for %s, which ends the container after %s", got, restoreStill)
		}
	})
}
