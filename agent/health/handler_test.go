package health

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// holding serves the paths of a monitor whose status is s.
func holding(s Status) http.Handler {
	m := &Monitor{}
	m.current.Store(&s)
	return m.Handler()
}

func ask(t *testing.T, h http.Handler, method, target string) (int, Answer, http.Header) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, target, nil))
	var body Answer
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
		t.Fatalf("%s %s: body %q is not JSON: %v", method, target, w.Body, err)
	}
	return w.Code, body, w.Header()
}

// as is a status with a role, which also is that in the database graph.db.
func as(phase Phase, role string) Status {
	s := Status{Phase: phase, Since: noon, Reason: "because", Role: role, Databases: map[string]string{"graph.db": role}}
	s.Writable = phase == Ready && (role == RoleLeader || role == RoleStandalone)
	s.Readable = phase == Ready
	return s
}

func TestEveryPathInEveryPhase(t *testing.T) {
	all := []string{"/healthz", "/readyz", "/leader", "/follower", "/read-replica", "/writable", "/read-only"}
	for _, test := range []struct {
		status Status
		ok     string // the paths that answer 200, beside /status
	}{
		{as(Preparing, RoleUnknown), "/healthz"},
		{as(Restoring, RoleUnknown), "/healthz"},
		{as(Starting, RoleUnknown), "/healthz"},
		{as(Joining, RoleUnknown), "/healthz"},
		{as(Draining, RoleLeader), "/healthz"},
		{as(Failed, RoleLeader), ""},
		{as(Ready, RoleLeader), "/healthz /readyz /leader /writable /read-only"},
		{as(Ready, RoleFollower), "/healthz /readyz /follower /read-only"},
		{as(Ready, RoleReadReplica), "/healthz /readyz /read-replica /read-only"},
		{as(Ready, RoleStandalone), "/healthz /readyz /writable /read-only"},
	} {
		for _, path := range append(all, "/status") {
			want := http.StatusServiceUnavailable
			if path == "/status" || strings.Contains(" "+test.ok+" ", " "+path+" ") {
				want = http.StatusOK
			}
			code, body, header := ask(t, holding(test.status), http.MethodGet, path)
			if code != want {
				t.Errorf("%s as %s in %s answers %d, want %d", path, test.status.Role, test.status.Phase, code, want)
			}
			if body.Phase != test.status.Phase || !body.Since.Equal(noon) || body.Reason == "" {
				t.Errorf("%s in %s has the body %+v", path, test.status.Phase, body)
			}
			if header.Get("Content-Type") != "application/json" || header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s has the headers %v", path, header)
			}
		}
	}
}

func TestAMinorityIsHealthyAndReadableButNotReady(t *testing.T) {
	h := holding(Assess(Status{Phase: Ready}, facts35(Core), minority(), bounds, noon))
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 503, "/leader": 503, "/follower": 503, "/writable": 503, "/read-only": 200} {
		if code, body, _ := ask(t, h, http.MethodGet, path); code != want {
			t.Errorf("%s answers %d (%s), want %d", path, code, body.Reason, want)
		}
	}
}

func TestARolePathGoesByTheDatabaseAskedFor(t *testing.T) {
	s := as(Ready, RoleFollower)
	s.Databases["system"] = RoleLeader
	for target, want := range map[string]int{
		"/leader": 503, "/leader?database=system": 200, "/follower?database=system": 503, "/writable?database=system": 200,
		"/leader?database=nosuch": 503, "/read-only?database=graph.db": 200, "/read-only?database=nosuch": 503,
	} {
		if code, body, _ := ask(t, holding(s), http.MethodGet, target); code != want {
			t.Errorf("%s answers %d (%s), want %d", target, code, body.Reason, want)
		}
	}
}

func TestOnlyReadingMethodsAreAnswered(t *testing.T) {
	h := holding(as(Ready, RoleLeader))
	for _, method := range []string{"POST", "PUT", "DELETE", "PATCH", "OPTIONS"} {
		code, _, header := ask(t, h, method, "/healthz")
		if code != http.StatusMethodNotAllowed || header.Get("Allow") != "GET, HEAD" {
			t.Errorf("%s answers %d, Allow %q", method, code, header.Get("Allow"))
		}
	}
}

func TestHeadAnswersWithoutABody(t *testing.T) {
	server := httptest.NewServer(holding(as(Failed, RoleUnknown)))
	defer server.Close()
	response, err := http.Head(server.URL + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != 503 || response.ContentLength <= 0 {
		t.Errorf("answers %d with length %d", response.StatusCode, response.ContentLength)
	}
}

func TestAnUnknownPathNamesTheOnesThereAre(t *testing.T) {
	for _, path := range []string{"/", "/metric", "/healthz/", "/HEALTHZ"} {
		code, body, _ := ask(t, holding(as(Ready, RoleLeader)), http.MethodGet, path)
		if code != http.StatusNotFound || !strings.Contains(body.Reason, "/readyz") {
			t.Errorf("%s answers %d, %q", path, code, body.Reason)
		}
	}
}

func BenchmarkHealthz(b *testing.B) {
	h, r := holding(as(Ready, RoleLeader)), httptest.NewRequest(http.MethodGet, "/healthz", nil)
	for b.Loop() {
		h.ServeHTTP(httptest.NewRecorder(), r)
	}
}
