package health

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics makes the answer of /metrics out of the status that is kept warm, at the time of asking. It keeps no numbers of
// its own: what was counted before serve was started anew is gone, as Prometheus expects of a counter.
type metrics struct {
	status func() Status // with Logs and Backups
	now    func() time.Time
}

// metricsHandler answers in Prometheus' text form. The registry is ours alone: no other package adds to it.
func metricsHandler(m metrics) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(m)
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{DisableCompression: true}) // a few kilobytes are not worth the memory
}

// gauge and counter describe a metric by its name, without the prefix, and what it tells.
func gauge(name, help string, labels ...string) metric {
	return metric{prometheus.NewDesc("neo4j_agent_"+name, help, labels, nil), prometheus.GaugeValue}
}

func counter(name, help string, labels ...string) metric {
	return metric{prometheus.NewDesc("neo4j_agent_"+name, help, labels, nil), prometheus.CounterValue}
}

type metric struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
}

func (m metric) send(to chan<- prometheus.Metric, value float64, labels ...string) {
	to <- prometheus.MustNewConstMetric(m.desc, m.kind, value, labels...)
}

// What is told of the member. Of a metric with one label of many, exactly one is 1, so that changes can be counted.
var (
	infoIs      = gauge("info", "Always 1; the labels say what runs here.", "version", "neo4j_version", "edition", "cluster", "member", "kind")
	phaseIs     = gauge("phase", "1 for the phase that the member is in, 0 for the others.", "phase")
	phaseSince  = gauge("phase_since_timestamp_seconds", "When the phase began.")
	roleIs      = gauge("role", "1 for the member's role in each database.", "database", "role")
	startedAt   = gauge("start_timestamp_seconds", "When the container was started.")
	members     = gauge("members", "Members of the cluster that this one sees, by whether it is connected to them.", "healthy")
	writeFailed = counter("state_write_failures_total", "State files that could not be written.")

	// readings are what the status says in one number each; whether something holds is 0 or 1.
	readings = []reading[Status]{
		{gauge("ready", "Whether the member serves, and is part of its cluster."), func(s Status) float64 { return yes(s.Phase == Ready) }},
		{gauge("ever_ready", "Whether it was ready in this container's life."), func(s Status) float64 { return yes(s.EverReady) }},
		{gauge("writable", "Whether a write sent here would work."), func(s Status) float64 { return yes(s.Writable) }},
		{gauge("readable", "Whether a read sent here would work."), func(s Status) float64 { return yes(s.Readable) }},
		{counter("restarts_total", "Restarts of the database in this container."), func(s Status) float64 { return float64(s.Restarts.Done) }},
		{gauge("restarts_left", "Restarts of the database before the container ends."), func(s Status) float64 { return float64(s.Restarts.Left) }},
		{gauge("formation_size", "Cores needed to form the cluster; 0 outside one."), func(s Status) float64 { return float64(s.Formation.Size) }},
		{gauge("formation_formed", "Whether the member has been in a formed cluster."), func(s Status) float64 { return yes(s.Formation.Formed) }},
		{gauge("formation_voting", "Voting members of the cluster."), func(s Status) float64 { return float64(s.Formation.Voting) }},
		{gauge("secrets_stale", "Whether Secrets Manager could not be read the last time, so that what it held before counts; /status says why."), func(s Status) float64 { return yes(s.Secrets != nil) }},
		{gauge("formation_present", "Of these, or of the members awaited, the connected ones; this one counts."), func(s Status) float64 { return float64(s.Formation.Present) }},
	}
)

// reading is a metric and where its number is.
type reading[T any] struct {
	metric
	of func(T) float64
}

// logReadings are what is told of each log that is sent.
var logReadings = []reading[LogShipping]{
	{gauge("log_bytes_behind", "Bytes in the files that are not acknowledged yet.", "log"), func(l LogShipping) float64 { return float64(l.BytesBehind) }},
	{counter("log_events_total", "Events acknowledged.", "log"), func(l LogShipping) float64 { return float64(l.Events) }},
	{counter("log_bytes_total", "Bytes of the files acknowledged.", "log"), func(l LogShipping) float64 { return float64(l.Bytes) }},
	{counter("log_batches_total", "Batches acknowledged.", "log"), func(l LogShipping) float64 { return float64(l.Batches) }},
	{counter("log_retries_total", "Tries that failed and were made again.", "log"), func(l LogShipping) float64 { return float64(l.Retries) }},
	{counter("log_rejected_events_total", "Events that the service took none of.", "log"), func(l LogShipping) float64 { return float64(l.Rejected) }},
	{counter("log_cut_events_total", "Events shortened to the longest that the service takes.", "log"), func(l LogShipping) float64 { return float64(l.Cut) }},
	{counter("log_invalid_events_total", "Events with bytes that are no UTF-8, replaced.", "log"), func(l LogShipping) float64 { return float64(l.Invalid) }},
	{counter("log_masked_events_total", "Events that held a password.", "log"), func(l LogShipping) float64 { return float64(l.Masked) }},
	{counter("log_unparsed_records_total", "Records that do not read like one of the query log.", "log"), func(l LogShipping) float64 { return float64(l.Unparsed) }},
	{counter("log_retimed_events_total", "Events from the future, sent under the time of sending.", "log"), func(l LogShipping) float64 { return float64(l.Retimed) }},
	{counter("log_lost_files_total", "Files gone before they were read to their ends.", "log"), func(l LogShipping) float64 { return float64(l.LostFiles) }},
	{gauge("log_trouble", "Whether something keeps the log from being sent; /status says what.", "log"), func(l LogShipping) float64 { return yes(l.Trouble != "") }},
}

var logUnsentAge = gauge("log_unsent_age_seconds", "Age of the oldest record that was read and is not acknowledged; 0 for none.", "log")

// Describe tells nothing beforehand: which labels there are depends on the member.
func (m metrics) Describe(chan<- *prometheus.Desc) {}

// Collect reads the status once, so that an answer agrees with itself.
func (m metrics) Collect(to chan<- prometheus.Metric) {
	s := m.status()
	infoIs.send(to, 1, s.AgentVersion, s.Version, s.Edition, s.Cluster, s.Member.ID, s.Member.Kind)
	for _, phase := range []Phase{Preparing, Restoring, Starting, Joining, Ready, Draining, Failed} {
		phaseIs.send(to, yes(s.Phase == phase), string(phase))
	}
	phaseSince.send(to, seconds(s.Since))
	startedAt.send(to, seconds(s.Started))
	for database, role := range s.Databases {
		roleIs.send(to, 1, database, role)
	}
	connected := 0
	for _, member := range s.Members {
		if member.Healthy {
			connected++
		}
	}
	members.send(to, float64(connected), "true")
	members.send(to, float64(len(s.Members)-connected), "false")
	writeFailed.send(to, float64(s.FailedWrites))
	for _, r := range readings {
		r.send(to, r.of(s))
	}
	if s.Backups != nil {
		for _, r := range backupReadings {
			r.send(to, r.of(*s.Backups))
		}
	}
	if s.Users != nil {
		for _, r := range userReadings {
			r.send(to, r.of(*s.Users))
		}
	}
	for _, c := range s.Certificates {
		certificateEnds.send(to, seconds(c.NotAfter), c.Scope)
	}
	for _, l := range s.Logs {
		for _, r := range logReadings {
			r.send(to, r.of(l), l.Log)
		}
		age := time.Duration(0)
		if !l.UnsentSince.IsZero() {
			age = max(0, m.now().Sub(l.UnsentSince))
		}
		logUnsentAge.send(to, age.Seconds(), l.Log)
	}
}

func yes(holds bool) float64 {
	if holds {
		return 1
	}
	return 0
}

// seconds since 1970; 0 for no time.
func seconds(at time.Time) float64 {
	if at.IsZero() {
		return 0
	}
	return float64(at.UnixMilli()) / 1000
}
