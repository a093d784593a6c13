package health

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
)

// scrape is the answer of /metrics.
func scrape(t *testing.T, m *Monitor) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusOK || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/plain; version=0.0.4") {
		t.Fatalf("/metrics answers %d, %s: %s", w.Code, w.Header().Get("Content-Type"), w.Body)
	}
	return w.Body.String()
}

func TestMetricsTellTheMemberAndEachLog(t *testing.T) {
	s := as(Ready, RoleLeader)
	s.EverReady, s.AgentVersion, s.Version, s.Edition, s.Cluster = true, "v1", "3.5.0", "enterprise", "prod"
	s.Member = Identity{ID: "core-1", Kind: Core}
	s.Restarts, s.Started = Restarts{Done: 2, Left: 1}, noon
	s.Formation = Formation{Size: 3, Formed: true, Voting: 3, Present: 2}
	s.Members = []MemberStatus{{Address: "a", Healthy: true}, {Address: "b"}, {Address: "c", Healthy: true}}
	m := &Monitor{config: Config{Certificates: func() Certificates {
		return Certificates{Shown: []Certificate{{Scope: "bolt", NotAfter: noon}, {Scope: "https", Problem: "unreadable"}}}
	}, Secrets: func() *Secrets { return &Secrets{Reason: "away"} }, Users: func() Users { return Users{State: UsersRefused, Listed: 2, Pending: 1, Changes: 4} }, Backups: func() *Backups {
		return &Backups{Newest: noon, Bytes: 12, Verified: 3, Unverified: 1, Listed: noon.Add(time.Hour), Trouble: "denied"}
	}, Logs: func() []LogShipping {
		return []LogShipping{{Log: "query", BytesBehind: 7, UnsentSince: time.Now().Add(-time.Hour), Events: 5, Bytes: 900, Batches: 2,
			Retries: 4, Rejected: 3, Cut: 1, Invalid: 6, Masked: 8, Unparsed: 9, Retimed: 10, LostFiles: 11, Trouble: "throttled"}, {Log: "debug"}}
	}}}
	m.current.Store(&s)
	text := scrape(t, m)
	lines := strings.Split(text, "\n")
	for _, want := range []string{
		`neo4j_agent_info{cluster="prod",edition="enterprise",kind="core",member="core-1",neo4j_version="3.5.0",version="v1"} 1`,
		`neo4j_agent_phase{phase="ready"} 1`, `neo4j_agent_phase{phase="restoring"} 0`, `neo4j_agent_role{database="graph.db",role="LEADER"} 1`,
		`neo4j_agent_ready 1`, `neo4j_agent_ever_ready 1`, `neo4j_agent_writable 1`, `neo4j_agent_readable 1`,
		`neo4j_agent_restarts_total 2`, `neo4j_agent_restarts_left 1`, `neo4j_agent_state_write_failures_total 0`,
		`neo4j_agent_formation_size 3`, `neo4j_agent_formation_formed 1`, `neo4j_agent_formation_voting 3`, `neo4j_agent_formation_present 2`,
		`neo4j_agent_members{healthy="true"} 2`, `neo4j_agent_members{healthy="false"} 1`,
		`neo4j_agent_backup_newest_timestamp_seconds ` + strconv.FormatFloat(float64(noon.Unix()), 'g', -1, 64), `neo4j_agent_backup_newest_bytes 12`,
		`neo4j_agent_secrets_stale 1`, `neo4j_agent_users_listed 2`, `neo4j_agent_user_changes_pending 1`, `neo4j_agent_user_changes_total 4`, `neo4j_agent_admin_password_refused 1`,
		`neo4j_agent_backups_verified 3`, `neo4j_agent_backups_unverified 1`, `neo4j_agent_backups_trouble 1`,
		`neo4j_agent_certificate_expiry_timestamp_seconds{scope="bolt"} ` + strconv.FormatFloat(float64(noon.Unix()), 'g', -1, 64),
		`neo4j_agent_certificate_expiry_timestamp_seconds{scope="https"} 0`,
		`neo4j_agent_log_bytes_behind{log="query"} 7`, `neo4j_agent_log_events_total{log="query"} 5`, `neo4j_agent_log_bytes_total{log="query"} 900`,
		`neo4j_agent_log_batches_total{log="query"} 2`, `neo4j_agent_log_retries_total{log="query"} 4`,
		`neo4j_agent_log_rejected_events_total{log="query"} 3`, `neo4j_agent_log_cut_events_total{log="query"} 1`,
		`neo4j_agent_log_invalid_events_total{log="query"} 6`, `neo4j_agent_log_masked_events_total{log="query"} 8`,
		`neo4j_agent_log_unparsed_records_total{log="query"} 9`, `neo4j_agent_log_retimed_events_total{log="query"} 10`,
		`neo4j_agent_log_lost_files_total{log="query"} 11`, `neo4j_agent_log_trouble{log="query"} 1`,
		`neo4j_agent_log_trouble{log="debug"} 0`, `neo4j_agent_log_unsent_age_seconds{log="debug"} 0`,
	} {
		if !slices.Contains(lines, want) {
			t.Errorf("it lacks %s", want)
		}
	}
	if !strings.Contains(text, `neo4j_agent_log_unsent_age_seconds{log="query"} 360`) {
		t.Error("the oldest record is not an hour old")
	}
	problems, err := promlint.New(strings.NewReader(text)).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("against the rules of Prometheus: %v %v", problems, err)
	}
	if t.Failed() {
		t.Log(text)
	}
}

func TestMetricsAnswerInEveryPhaseAndWithoutLogsAndBackups(t *testing.T) {
	for _, s := range []Status{{}, as(Preparing, RoleUnknown), as(Failed, RoleFollower)} {
		m := &Monitor{}
		m.current.Store(&s)
		if text := scrape(t, m); strings.Contains(text, "neo4j_agent_log_") || strings.Contains(text, "neo4j_agent_backup") || strings.Contains(text, "neo4j_agent_ready 1") {
			t.Errorf("in %q it answers:\n%s", s.Phase, text)
		}
	}
}
