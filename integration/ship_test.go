package integration

import (
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"neo4j-agent/agent/logship/fakelogs"
)

const (
	shipGroup  = "/neo4j/box"
	shipStream = "the-member/query"
	shipLines  = 400
)

// logging is a database that writes shipLines queries and rotates its log after each hundred, as Neo4j does.
const logging = `trap 'exit 0' TERM
logs=$NEO4J_DATA_ROOT/logs; mkdir -p $logs; n=0
while [ $n -lt 400 ]; do
	n=$((n+1))
	echo "2026-11-24 10:00:00.000+0000 INFO  $n ms: bolt-session	bolt	neo4j	neo4j-java/dev		client/127.0.0.1:1	server/127.0.0.1:7687>	neo4j - neo4j - RETURN $n - {} - {}" >> $logs/query.log
	if [ $((n%100)) = 0 ]; then
		for i in 3 2 1; do [ -e $logs/query.log.$i ] && mv $logs/query.log.$i $logs/query.log.$((i+1)); done
		mv $logs/query.log $logs/query.log.1
		sleep 0.5
	fi
done
touch $NEO4J_HOME/wrote
while :; do sleep 0.1; done
`

// shipping is a box whose database logs, and that sends its query log to a strict fake of CloudWatch Logs.
func shipping(t *testing.T) (*box, *fakelogs.Server) {
	t.Helper()
	return shippingOf(t, strings.ReplaceAll(logging, "2026-11-24 10:00:00", time.Now().UTC().Format(time.DateTime)))
}

// shippingOf is such a box with another database.
func shippingOf(t *testing.T, behaviour string) (*box, *fakelogs.Server) {
	t.Helper()
	service := fakelogs.New()
	server := httptest.NewServer(service)
	t.Cleanup(server.Close)
	b := newBox(t, behaviour)
	return b.with("AGENT_SHIP_LOGS", "query", "AGENT_LOG_GROUP", shipGroup, "AGENT_MEMBER_ID", "the-member",
		"AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", server.URL, "AWS_REGION", "eu-central-1",
		"AWS_ACCESS_KEY_ID", "a", "AWS_SECRET_ACCESS_KEY", boxSecretKey), service
}

// wrote waits until the database has written all of its log.
func (b *box) wrote() {
	b.t.Helper()
	b.started(1)
	b.eventually("the database to write its log", time.Minute, func() bool {
		_, err := os.Stat(filepath.Join(b.home, "wrote"))
		return err == nil
	})
}

// stops tells the box to stop and wants it to end well.
func (b *box) stops() {
	b.t.Helper()
	b.signal(syscall.SIGTERM)
	if code := b.exit(30 * time.Second); code != 0 {
		b.t.Errorf("exit code %d\n%s", code, b.output)
	}
}

// sent is how often each query arrived.
func sent(t *testing.T, service *fakelogs.Server) map[int]int {
	t.Helper()
	counts := map[int]int{}
	for _, e := range service.Events(shipGroup, shipStream) {
		_, query, _ := strings.Cut(e.Message, "RETURN ")
		var n int
		if _, err := fmt.Sscan(query, &n); err != nil {
			t.Errorf("not one of the queries: %q", e.Message)
		}
		counts[n]++
	}
	if broken := service.Broken(); len(broken) > 0 {
		t.Errorf("limits broken: %q", broken)
	}
	return counts
}

func TestEveryRecordOfTheQueryLogArrivesOnceAfterACleanStop(t *testing.T) {
	t.Parallel()
	b, service := shipping(t)
	b.start()
	b.wrote()
	b.stops()
	counts := sent(t, service)
	for n := 1; n <= shipLines; n++ {
		if counts[n] != 1 {
			t.Errorf("query %d arrived %d times", n, counts[n])
		}
	}
}

func TestTheDatabaseDoesNotCareThatCloudWatchIsAway(t *testing.T) {
	t.Parallel()
	b, _ := shipping(t)
	b.with("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", "http://"+freeAddress(t)).start()
	b.wrote()
	b.eventually("the trouble in /status", 30*time.Second, func() bool {
		_, body := b.get("/status")
		return strings.Contains(body, `"trouble":`)
	})
	if code, body := b.get("/healthz"); code != 200 {
		t.Errorf("/healthz: %d %s", code, body)
	}
	b.stops()
	if b.starts() != 1 {
		t.Errorf("the database was started %d times", b.starts())
	}
}

func TestLogsGoToStdoutWhereTheyAreToldTo(t *testing.T) {
	t.Parallel()
	b, service := shipping(t)
	b.with("AGENT_LOG_TARGET", "stdout").start()
	b.wrote()
	b.stops()
	for n := 1; n <= shipLines; n++ {
		if found := strings.Count(b.output.String(), fmt.Sprintf("RETURN %d -", n)); found != 1 {
			t.Errorf("query %d is there %d times", n, found)
		}
	}
	if n := service.Calls("PutLogEvents"); n != 0 {
		t.Errorf("CloudWatch was called %d times", n)
	}
}

func TestAQueryLogThatHasNowhereToGoIsToldOnce(t *testing.T) {
	t.Parallel()
	b, _ := shipping(t)
	b.with("AGENT_SHIP_LOGS", "", "AGENT_LOG_GROUP", "", "NEO4J_QUERY_LOG", "enabled").start()
	b.wrote()
	b.stops()
	if n := strings.Count(b.output.String(), "AGENT_LOG_GROUP is missing"); n != 1 {
		t.Errorf("told %d times", n)
	}
}
