package health

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// Answer is the body of every path but /status and /metrics. EverReady lets `healthcheck` wait for the first readiness.
type Answer struct {
	Phase     Phase     `json:"phase"`
	Since     time.Time `json:"since"`
	Reason    string    `json:"reason,omitempty"`
	Role      string    `json:"role"`
	EverReady bool      `json:"everReady"`
}

// check decides a path: whether it holds, and where it does not, why not, unless the status' own reason says it.
type check func(s Status, database string) (holds bool, why string)

// paths are the checks by path. Those that name a role or ?database= go by the default database without it.
var paths = map[string]check{
	"/healthz":      func(s Status, _ string) (bool, string) { return s.Phase != Failed, "" },
	"/readyz":       func(s Status, _ string) (bool, string) { return s.Phase == Ready, "" },
	"/leader":       hasRole(RoleLeader),
	"/follower":     hasRole(RoleFollower),
	"/read-replica": hasRole(RoleReadReplica),
	"/writable":     writable,
	"/read-only":    readable,
}

// Handler answers the HTTP paths from the current status. It never waits for anything.
func (m *Monitor) Handler() http.Handler {
	metrics := metricsHandler(metrics{m.withWork, time.Now})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := m.Current()
		answer := Answer{s.Phase, s.Since, s.Reason, s.Role, s.EverReady}
		holds, known := paths[r.URL.Path]
		switch {
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			w.Header().Set("Allow", "GET, HEAD")
			answer.Reason = "GET and HEAD only"
			write(w, http.StatusMethodNotAllowed, answer)
		case r.URL.Path == "/status":
			write(w, http.StatusOK, m.withWork())
		case r.URL.Path == "/metrics":
			metrics.ServeHTTP(w, r)
		case !known:
			answer.Reason = "no such path; there are /healthz /readyz /leader /follower /read-replica /writable /read-only /status /metrics"
			write(w, http.StatusNotFound, answer)
		default:
			ok, why := holds(s, r.URL.Query().Get("database"))
			if ok {
				write(w, http.StatusOK, answer)
				return
			}
			answer.Reason = first(why, s.Reason)
			write(w, http.StatusServiceUnavailable, answer)
		}
	})
}

// withWork is the current status with what else serve is at: logs, backups, certificates, secrets, users, init scripts.
func (m *Monitor) withWork() Status {
	s := m.Current()
	if m.config.Logs != nil {
		s.Logs = m.config.Logs()
	}
	if m.config.Backups != nil {
		s.Backups = m.config.Backups()
	}
	if m.config.Unfinished != nil {
		s.Unfinished = m.config.Unfinished()
	}
	if m.config.Secrets != nil {
		s.Secrets = m.config.Secrets()
	}
	if m.config.Users != nil {
		users := m.config.Users()
		s.Users = &users
	}
	if m.config.Init != nil {
		init := m.config.Init()
		s.Init = &init
	}
	if m.config.Certificates != nil {
		told := m.config.Certificates()
		s.Certificates, s.RestartNeeded = told.Shown, told.RestartNeeded
	}
	return s
}

// hasRole holds while the member serves and has the role in the database.
func hasRole(role string) check {
	return func(s Status, database string) (bool, string) {
		if s.Phase != Ready {
			return false, ""
		}
		has := s.role(database)
		return has == role, fmt.Sprintf("the role here is %s", has)
	}
}

func writable(s Status, database string) (bool, string) {
	if s.Phase != Ready {
		return false, ""
	}
	role := s.role(database)
	return role == RoleLeader || role == RoleStandalone, fmt.Sprintf("the role here is %s", role)
}

// readable holds for a leader too: a read sent here works. Neo4j's own endpoint of that name answers 404 there.
func readable(s Status, database string) (bool, string) {
	if !s.Readable {
		return false, ""
	}
	if database != "" && s.Databases[database] == "" {
		return false, "this member has no part in that database"
	}
	return true, ""
}

// role of this member in the database, "" being the default one.
func (s Status) role(database string) string {
	if database == "" {
		return s.Role
	}
	return cmp.Or(s.Databases[database], RoleUnknown)
}

// write sends the body as JSON. net/http leaves it out for HEAD.
func write(w http.ResponseWriter, code int, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		code, text = http.StatusInternalServerError, []byte(`{"reason":"cannot encode the answer"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	_, _ = w.Write(append(text, '\n'))
}
