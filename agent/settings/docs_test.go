package settings

import (
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the files that are made from the table")

// The README and the lines between which it has the table.
const (
	readme = "../../README.md"
	begin  = "<!-- environment:begin -->\n"
	end    = "<!-- environment:end -->"
)

func TestTheReadmeTableIsWhatTheTableSays(t *testing.T) {
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), begin)
	got, after, also := strings.Cut(rest, end)
	if !ok || !also || strings.Contains(after, begin) {
		t.Fatalf("%s must have the lines %q and %q, once each and in this order", readme, strings.TrimSpace(begin), end)
	}
	want := "\n" + Markdown() + "\n"
	if got == want {
		return
	}
	if !*update {
		t.Fatalf("the environment table of %s is not what the code says; go test ./agent/settings -run Readme -update mends it", readme)
	}
	if err := os.WriteFile(readme, []byte(before+begin+want+end+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestEveryVariableIsDocumented(t *testing.T) {
	seen := map[string]bool{}
	for _, v := range Table() {
		if seen[v.Name] {
			t.Errorf("%s has two rows", v.Name)
		}
		seen[v.Name] = true
		if v.Help == "" || v.Accepts() == "" || v.Group == "" || !strings.HasSuffix(v.Help, ".") && !strings.HasSuffix(v.Help, "…") {
			t.Errorf("%s: help %q, accepts %q, group %q", v.Name, v.Help, v.Accepts(), v.Group)
		}
		if v.Default != "" && (v.Note != "" || v.set(v.Default) != nil) {
			t.Errorf("%s: default %q, note %q", v.Name, v.Default, v.Note)
		}
		if strings.ContainsAny(v.Help+v.Accepts()+v.Note, "|\n") {
			t.Errorf("%s would break a table of Markdown", v.Name)
		}
		for kind, text := range map[string]string{"Markdown": Markdown(), "Help": Help()} {
			if !strings.Contains(text, v.Name) {
				t.Errorf("%s is not in %s", v.Name, kind)
			}
		}
	}
}

func TestHelpFitsATerminal(t *testing.T) {
	for _, line := range strings.Split(Help(), "\n") {
		if len([]rune(line)) > helpWidth {
			t.Errorf("%d characters: %s", len([]rune(line)), line)
		}
	}
}

func TestTheContractsVariablesAreAllThere(t *testing.T) {
	const contract = `CLOUDMAP_SERVICE_ID AWS_REGION NEO4J_DATA_ROOT SNAPSHOT_PATH AWS_BACKUP_BUCKET NEO4J_ADMIN_PASSWORD
		NEO4J_GUEST_AUTH NEO4J_QUERY_LOG UPGRADE_MODE BACKUP_FROM BACKUP_DIR PAGE_CACHE HEAP_SIZE NEO4J_AUTH
		NEO4J_ACCEPT_LICENSE_AGREEMENT NEO4J_PLUGINS AGENT_DISCOVERY AGENT_PEERS AGENT_ADVERTISED_ADDRESS
		AGENT_REGISTER_DISCOVERY AGENT_REGISTER_SERVICE_ID AGENT_DISCOVERY_TIMEOUT AGENT_HTTP_ADDR AGENT_CLUSTER_NAME
		AGENT_BACKUP_PREFIX AGENT_MEMBER_ID AGENT_RESTORE AGENT_RUN_DIR AGENT_STOP_TIMEOUT AGENT_RESTARTS AGENT_LOG_LEVEL
		AGENT_LOG_FORMAT AGENT_SHIP_LOGS AGENT_LOG_GROUP AGENT_LOG_STREAM AGENT_USERS AWS_ENDPOINT_URL AWS_ENDPOINT_URL_S3
		NEO4J_dbms_mode NEO4J_AUTH_FILE NEO4J_dbms_x_FILE NEO4J_ADMIN_PASSWORD_SECRET NEO4J_ADMIN_PASSWORD_PREVIOUS
		NEO4J_ADMIN_PASSWORD_PREVIOUS_FILE AGENT_BIND_TIMEOUT AGENT_JOIN_TIMEOUT`
	for _, name := range strings.Fields(contract) {
		if !Known(name) {
			t.Errorf("%s is not known", name)
		}
	}
	for _, name := range []string{"", "AGENT_", "AGENT_X", "AGENT_HTTP_ADDR_FILE", "NEO4J_", "NEO4J_FOO", "PATH", "AWS_ENDPOINT_URL_", "AWS_SESSION_TOKEN_SECRET", "_FILE", "NEO4J_PLUGINS_SECRET"} {
		if Known(name) {
			t.Errorf("%s is known", name)
		}
	}
}
