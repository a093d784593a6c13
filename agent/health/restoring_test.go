package health

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestARestoreIsHealthyAsLongAsSomethingMoves(t *testing.T) {
	bounds := Bounds{Restore: 10 * time.Minute}
	facts := Facts{Supervisor: Supervisor{Phase: "preparing"}, Restore: &Restore{
		Snapshot: "latest", Step: "fetching", Bytes: 25e6, Of: 100e6, Rate: 1e6, Left: 75, Moved: noon,
	}}
	moving := Assess(Status{}, facts, Observation{}, bounds, noon.Add(9*time.Minute))
	if moving.Phase != Restoring || moving.Reason != "restoring latest: fetching, 25 % of 100.0 MB, 1m15s left" || moving.Restore == nil {
		t.Errorf("%s: %s", moving.Phase, moving.Reason)
	}
	still := Assess(moving, facts, Observation{}, bounds, noon.Add(10*time.Minute))
	if still.Phase != Failed || !strings.Contains(still.Reason, "the restore of latest stands still") {
		t.Errorf("%s: %s", still.Phase, still.Reason)
	}
	facts.Restore.Moved = noon.Add(10 * time.Minute)
	again := Assess(still, facts, Observation{}, bounds, noon.Add(11*time.Minute))
	if again.Phase != Restoring || !again.Since.Equal(noon.Add(11*time.Minute)) {
		t.Errorf("%s since %v", again.Phase, again.Since)
	}
	facts.Prepared = true
	if over := Assess(again, facts, Observation{}, bounds, noon.Add(12*time.Minute)); over.Phase == Restoring || over.Restore != nil {
		t.Errorf("%s %v", over.Phase, over.Restore)
	}
}

func TestANeighbourIsUpWhereItTakesConnectionsAndLedWhereItsStatusSaysSo(t *testing.T) {
	status := http.StatusOK
	body := `{"core":true,"healthy":true,"participatingInRaftGroup":true,"memberId":"a","leader":"a"}`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	defer server.Close()
	at := netip.MustParseAddrPort(strings.TrimPrefix(server.URL, "http://"))
	port := strconv.Itoa(int(at.Port()))
	member := Member{Role: Core, Address: "10.0.0.1", Members: []string{"10.0.0.1:5000", "127.0.0.1:5000", "127.0.254.9:5000"}, Ports: Ports{HTTP: int(at.Port())}}
	ask := func() Others { return Neighbours(t.Context(), member, Dialect{StatusPath: "/status"}) }
	if got := ask(); len(got.Up) != 1 || got.Up[0] != "127.0.0.1" || len(got.Led) != 1 {
		t.Errorf("with a leader, at port %s: %+v", port, got)
	}
	body = strings.Replace(body, `"leader":"a"`, `"leader":""`, 1)
	if got := ask(); len(got.Up) != 1 || len(got.Answered) != 1 || len(got.Led) != 0 {
		t.Errorf("without a leader: %+v", got)
	}
	status = http.StatusUnauthorized
	if got := ask(); len(got.Up) != 1 || len(got.Answered) != 0 {
		t.Errorf("that wants a password: %+v", got)
	}
	server.Close()
	if got := ask(); len(got.Up) != 0 {
		t.Errorf("that is gone: %+v", got)
	}
}
