package integration

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestConnectionsThatBreakLoseNothingAndRepeatOnlyTheBatchInDoubt spoils the connections to CloudWatch Logs for a while.
func TestConnectionsThatBreakLoseNothingAndRepeatOnlyTheBatchInDoubt(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		toxic   string
		repeats bool // calls are carried out though no answer comes
	}{
		"the answer is cut after the events were taken": {`{"name":"bad","type":"limit_data","stream":"downstream","attributes":{"bytes":10}}`, true},
		"connections are reset":                         {`{"name":"bad","type":"reset_peer","stream":"upstream","attributes":{"timeout":0}}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, service := shipping(t)
			b.write("home/bin/neo4j", strings.ReplaceAll(b.read("home/bin/neo4j"), "sleep 0.5", "sleep 4"), 0o755) // so that some is left to send
			const endpoint = "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS"
			address, toxic := proxied(t, strings.TrimPrefix(b.env[endpoint], "http://"))
			b.with(endpoint, "http://"+address).start()
			b.eventually("the first events", time.Minute, func() bool { return len(service.Puts(shipGroup, shipStream)) > 0 })
			toxic(true, c.toxic)
			b.eventually("three tries in vain", time.Minute, func() bool {
				_, body := b.get("/metrics")
				_, after, _ := strings.Cut(body, "\nneo4j_agent_log_retries_total{log=\"query\"} ")
				var n int
				_, err := fmt.Sscan(after, &n)
				return err == nil && n >= 3 && strings.Contains(body, `neo4j_agent_log_trouble{log="query"} 1`)
			})
			if code, body := b.get("/healthz"); code != 200 {
				t.Errorf("/healthz: %d %s", code, body)
			}
			b.wrote()
			toxic(false, "bad")
			b.stops()
			sent(t, service) // each is one of the queries, and no limit was broken
			puts := service.Puts(shipGroup, shipStream)
			once := slices.CompactFunc(slices.Clone(puts), slices.Equal)
			if c.repeats == (len(once) == len(puts)) {
				t.Errorf("%d of %d calls repeated the one before", len(puts)-len(once), len(puts))
			}
			next := 1
			for _, e := range slices.Concat(once...) {
				_, query, _ := strings.Cut(e.Message, "RETURN ")
				var n int
				if _, err := fmt.Sscan(query, &n); err != nil || n != next {
					t.Fatalf("after query %d comes %q", next-1, e.Message)
				}
				next++
			}
			if next != shipLines+1 {
				t.Errorf("%d queries arrived", next-1)
			}
		})
	}
}
