package peers_test

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestMembersThatStartTogetherWaitForEachOther: a majority would do, but a list that lacks one splits the cluster.
func TestMembersThatStartTogetherWaitForEachOther(t *testing.T) {
	for name, c := range map[string]struct {
		arrives     time.Duration // the third member; 0 for never
		timeout     time.Duration
		found       int
		least, most time.Duration
	}{
		"all are there":                    {arrives: time.Nanosecond, timeout: time.Hour, found: 3, most: 10 * time.Second},
		"the last one is a little late":    {arrives: 12 * time.Second, timeout: time.Hour, found: 3, least: 12 * time.Second, most: 22 * time.Second},
		"the last one never comes":         {timeout: time.Hour, found: 2, least: 30 * time.Second, most: 40 * time.Second},
		"the time is up before it settled": {timeout: 20 * time.Second, found: 2, least: 20 * time.Second, most: 20 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := cores()
				fill(server, 2)
				wait := waitFor(server, service)
				wait.Need, wait.Enough, wait.Settle, wait.Timeout = 2, 3, 30*time.Second, c.timeout
				if c.arrives > 0 {
					time.AfterFunc(c.arrives, func() { fill(server, 3) })
				}
				begun := time.Now()
				members, err := wait.Run(background)
				if err != nil || len(members) != c.found {
					t.Errorf("%d members (%v), want %d", len(members), err, c.found)
				}
				between(t, time.Since(begun), c.least, c.most)
			})
		})
	}
}
