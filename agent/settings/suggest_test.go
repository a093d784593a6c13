package settings

import "testing"

func TestASlipOfTheFingersIsUnderstood(t *testing.T) {
	for name, want := range map[string]string{
		"AGENT_STOP_TIME": "AGENT_STOP_TIMEOUT", "AGENT_STOPTIMEOUT": "AGENT_STOP_TIMEOUT", "AGENT_HTTP_ADDRESS": "AGENT_HTTP_ADDR",
		"AGENT_PEER": "AGENT_PEERS", "AGENT_DISCOVREY": "AGENT_DISCOVERY", "AGENT_LOGLEVEL": "AGENT_LOG_LEVEL",
		"AGENT_DATA_ROOT": "NEO4J_DATA_ROOT", "AGENT_CLOUDMAP_SERVICE_ID": "CLOUDMAP_SERVICE_ID", "agent_peers": "AGENT_PEERS",
		"NEO4J_ADMIN_PASWORD_FILE": "NEO4J_ADMIN_PASSWORD_FILE", "AGENT_USER_SECRET": "AGENT_USERS_SECRET",
		"NEO4J_PASSWORD": "", "AGENT_COLOUR_OF_SKY": "", "AGENT_": "", "AGENT_X": "",
		"neo4j_dbms_mode": "NEO4J_dbms_mode", "NEO4J_dbms.mode": "NEO4J_dbms_mode",
	} {
		if got := Suggest(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

func TestNearWordsDifferByASlip(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"strt", "start", true}, {"satrt", "start", true}, {"Start", "start", true}, {"helthchek", "healthcheck", true}, {"vresion", "version", true},
		{"peer", "peers", true}, {"bash", "peers", false}, {"cypher-shell", "serve", false}, {"", "", true}, {"ls", "serve", false},
	} {
		if Near(c.a, c.b) != c.want || Near(c.b, c.a) != c.want {
			t.Errorf("%q and %q: %v", c.a, c.b, !c.want)
		}
	}
}

func TestDistanceCountsEdits(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"abc", "abc", 0}, {"abc", "acb", 1}, {"kitten", "sitting", 3}, {"ca", "abc", 3}} {
		if got := distance(c.a, c.b); got != c.want {
			t.Errorf("%q to %q: %d, want %d", c.a, c.b, got, c.want)
		}
	}
}
