package integration

import (
	"math"
	"strconv"
	"strings"
	"testing"
	"time"
)

// asked is a setting that a test asks for, and what the server must say that it has.
type asked struct {
	names [3]string // by generation.names, "" where it has none
	value string
	kind  kind
}

// kind of a value: how two ways to write it are compared.
type kind int

const (
	text kind = iota
	size
	duration
)

// special holds what a shell, a template or a careless parser would touch. A backslash is written twice, since
// neo4j.conf is a properties file and the official image writes variables into it as they are.
const special = `max-age=1; "two  words" 'x' $HOME ${HOME} $(id) %s * ? & | ; < > # ! : , \\ =end`

// rich are settings of every kind. The names are the manual's, the values none of the defaults.
var rich = []asked{
	{each("dbms.memory.heap.initial_size", "dbms.memory.heap.initial_size", "server.memory.heap.initial_size"), "300m", size},
	{each("dbms.memory.heap.max_size", "dbms.memory.heap.max_size", "server.memory.heap.max_size"), "420m", size},
	{each("dbms.memory.pagecache.size", "dbms.memory.pagecache.size", "server.memory.pagecache.size"), "48m", size},
	{each("", "dbms.memory.transaction.max_size", "db.memory.transaction.max"), "64m", size},
	{each("dbms.tx_log.rotation.size", "dbms.tx_log.rotation.size", "db.tx_log.rotation.size"), "32m", size},
	{each("dbms.tx_log.rotation.retention_policy", "dbms.tx_log.rotation.retention_policy", "db.tx_log.rotation.retention_policy"), "3 days", text},
	{each("dbms.checkpoint.interval.time", "dbms.checkpoint.interval.time", "db.checkpoint.interval.time"), "7m", duration},
	{each("dbms.checkpoint.interval.tx", "dbms.checkpoint.interval.tx", "db.checkpoint.interval.tx"), "5000", text},
	{each("dbms.lock.acquisition.timeout", "dbms.lock.acquisition.timeout", "db.lock.acquisition.timeout"), "11s", duration},
	{each("dbms.transaction.timeout", "dbms.transaction.timeout", "db.transaction.timeout"), "95s", duration},
	{each("dbms.shutdown_transaction_end_timeout", "dbms.shutdown_transaction_end_timeout", "db.shutdown_transaction_end_timeout"), "3s", duration},
	{each("dbms.index_sampling.update_percentage", "dbms.index_sampling.update_percentage", "db.index_sampling.update_percentage"), "7", text},
	{each("dbms.import.csv.buffer_size", "dbms.import.csv.buffer_size", "db.import.csv.buffer_size"), "3145728", text},
	{each("dbms.threads.worker_count", "dbms.threads.worker_count", "server.threads.worker_count"), "3", text},
	{each("", "dbms.connector.bolt.thread_pool_max_size", "server.bolt.thread_pool_max_size"), "123", text},
	{each("cypher.lenient_create_relationship", "cypher.lenient_create_relationship", "dbms.cypher.lenient_create_relationship"), "true", text},
	{each("cypher.min_replan_interval", "cypher.min_replan_interval", "dbms.cypher.min_replan_interval"), "20s", duration},
	{each("cypher.statistics_divergence_threshold", "cypher.statistics_divergence_threshold", "dbms.cypher.statistics_divergence_threshold"), "0.5", text},
	{each("dbms.security.procedures.whitelist", "", "dbms.security.procedures.allowlist"), "*,a.b", text},
	{each("dbms.logs.debug.level", "dbms.logs.debug.level", ""), "WARN", text},
	{each("", "dbms.routing_ttl", "dbms.routing_ttl"), "4m", duration},
	{same("db.temporal.timezone"), "+02:00", text},
	{same("dbms.db.timezone"), "SYSTEM", text},
	{same("dbms.logs.http.enabled"), "true", text},
	{same("dbms.security.auth_max_failed_attempts"), "9", text},
	{same("dbms.security.auth_lock_time"), "7s", duration},
	{same("dbms.security.procedures.unrestricted"), "my.*,other.fn*", text},
	{same("dbms.security.http_access_control_allow_origin"), "https://a.example:8443", text},
	{same("dbms.security.http_strict_transport_security"), special, text},
	{same("browser.post_connect_cmd"), `play "a  b" ; x=$y*`, text},
	{same("browser.remote_content_hostname_whitelist"), "*", text},
}

// Settings with a part of their own in the tests.
var (
	strictValidation = each("dbms.config.strict_validation", "dbms.config.strict_validation", "server.config.strict_validation.enabled")
	jvmAdditional    = each("dbms.jvm.additional", "dbms.jvm.additional", "server.jvm.additional")
	sampleSize       = each("dbms.index_sampling.sample_size_limit", "dbms.index_sampling.sample_size_limit", "db.index_sampling.sample_size_limit")
	grouping         = each("dbms.relationship_grouping_threshold", "dbms.relationship_grouping_threshold", "db.relationship_grouping_threshold")
	pageCache        = each("dbms.memory.pagecache.size", "dbms.memory.pagecache.size", "server.memory.pagecache.size")
	dataDir          = each("dbms.directories.data", "dbms.directories.data", "server.directories.data")
	logsDir          = each("dbms.directories.logs", "dbms.directories.logs", "server.directories.logs")
	importDir        = each("dbms.directories.import", "dbms.directories.import", "server.directories.import")
	pluginsDir       = each("dbms.directories.plugins", "dbms.directories.plugins", "server.directories.plugins")
	boltListen       = each("dbms.connector.bolt.listen_address", "dbms.connector.bolt.listen_address", "server.bolt.listen_address")
	httpListen       = each("dbms.connector.http.listen_address", "dbms.connector.http.listen_address", "server.http.listen_address")
	txLogsDir        = each("", "dbms.directories.transaction.logs.root", "server.directories.transaction.logs.root")
)

func each(v35, v4, v5 string) [3]string { return [3]string{v35, v4, v5} }
func same(name string) [3]string        { return each(name, name, name) }

// variable is how the official image takes a setting.
func variable(setting string) string {
	return "NEO4J_" + strings.NewReplacer("_", "__", ".", "_").Replace(setting)
}

// equal tells whether the server shows what was asked: it writes sizes and durations in its own way.
func (k kind) equal(asked, shown string) bool {
	switch k {
	case size:
		flag := asked[:len(asked)-len(strings.TrimLeft(asked, "-Xmsx"))] // of java
		return strings.HasPrefix(shown, flag) && bytesOf(asked[len(flag):]) == bytesOf(shown[len(flag):])
	case duration:
		a, errA := time.ParseDuration(asked)
		b, errB := time.ParseDuration(shown)
		return errA == nil && errB == nil && a == b
	default:
		return strings.ReplaceAll(asked, `\\`, `\`) == shown
	}
}

// bytesOf reads 64m, 67108864, 64MiB and 64.00MiB; what it cannot read is equal to nothing.
func bytesOf(text string) float64 {
	text = strings.TrimSuffix(strings.TrimSuffix(strings.ToLower(text), "b"), "i")
	factor := map[byte]float64{'k': 1 << 10, 'm': 1 << 20, 'g': 1 << 30}
	unit := 1.0
	if text != "" && factor[text[len(text)-1]] > 0 {
		unit, text = factor[text[len(text)-1]], text[:len(text)-1]
	}
	number, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return math.NaN()
	}
	return number * unit
}

// compare wants every asked setting in what the server says.
func compare(t *testing.T, g generation, want []asked, got map[string]string) {
	t.Helper()
	for _, a := range want {
		name := a.names[g.names]
		if name == "" {
			continue
		}
		shown, there := got[name]
		if !there {
			t.Errorf("the server has no setting %s", name)
		} else if !a.kind.equal(a.value, shown) {
			t.Errorf("%s is %q, asked was %q", name, shown, a.value)
		}
	}
}

func TestValuesAreComparedByWhatTheyMean(t *testing.T) {
	for _, c := range []struct {
		kind         kind
		asked, shown string
		want         bool
	}{
		{size, "420m", "420.00MiB", true}, {size, "32m", "33554432", true}, {size, "32m", "32MiB", true}, {size, "1g", "1024m", true},
		{size, "32m", "33m", false}, {size, "1x", "1x", false}, {size, "-Xms300m", "-Xms307200k", true}, {size, "-Xms300m", "-Xmx300m", false}, {size, "-Xms300m", "300m", false},
		{size, "32m", "", false},
		{duration, "95s", "1m35s", true}, {duration, "7m", "420000ms", true}, {duration, "7m", "7", false}, {duration, "7s", "7m", false},
		{text, "a b", "a b", true}, {text, "a b", "a  b", false}, {text, `a \\ b`, `a \ b`, true}, {text, "7m", "420s", false},
	} {
		if got := c.kind.equal(c.asked, c.shown); got != c.want {
			t.Errorf("kind %d: %q and %q are the same: %v, want %v", c.kind, c.asked, c.shown, got, c.want)
		}
	}
}
