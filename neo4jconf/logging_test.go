package neo4jconf

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTheQueryLogRotatesAsInTheReplacedSystem(t *testing.T) {
	for name, at := range map[string]column{"5.26": v526, "2026.08": v2608} {
		in := cluster5(dialect(t, at.major, at.minor, Enterprise), Core)
		c, _ := render(t, in)
		made, ok := c.ServerLogs()
		if !ok {
			t.Fatalf("%s: no server-logs.xml", name)
		}
		golden(t, name+"-server-logs.xml", made)

		in.ServerLogs = made // what a restarted container finds
		c, _ = render(t, in)
		again, ok := c.ServerLogs()
		if diff := cmp.Diff(string(made), string(again)); !ok || diff != "" {
			t.Errorf("%s: the second start differs:\n%s", name, diff)
		}
		if c.LogFiles()["query"] != "/mnt/neo4j/logs/slow_query.log" {
			t.Errorf("%s: logged to %v", name, c.LogFiles())
		}
	}
}

func TestOfAServersOwnLogsOnlyAnUntouchedQueryLogIsChanged(t *testing.T) {
	d := dialect(t, 5, 26, Enterprise)
	found := d.shippedLogging()
	tests := map[string]struct {
		change func(string) string
		ours   bool
		query  string
	}{
		"as shipped":          {func(s string) string { return s }, true, "slow_query.log"},
		"another log changed": {func(s string) string { return strings.Replace(s, `max="5"`, `max="50"`, 1) }, true, "slow_query.log"},
		"JSON": {func(s string) string {
			return strings.ReplaceAll(s, textLayout, `<JsonTemplateLayout eventTemplateUri="x"/>`)
		}, true, "slow_query.log"},
		"the user's size":     {func(s string) string { return strings.ReplaceAll(s, "20 MB", "1 GB") }, false, "query.log"},
		"the user's name":     {func(s string) string { return strings.ReplaceAll(s, "/query.log", "/queries.log") }, false, "queries.log"},
		"the user's appender": {func(s string) string { return strings.ReplaceAll(s, "QueryLog\"", "Queries\"") }, false, "query.log"},
		"somewhere only the JVM knows": {func(s string) string {
			return strings.ReplaceAll(s, "${config:server.directories.logs}/query.log", "${env:X}/q.log")
		}, false, "query.log"},
		"no XML": {func(string) string { return "<Configuration" }, false, "query.log"},
		"empty":  {func(string) string { return "" }, false, "query.log"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			in := cluster5(d, Core)
			in.ServerLogs = []byte(test.change(found))
			c, _ := render(t, in)
			made, ours := c.ServerLogs()
			if ours != test.ours || c.LogFiles()["query"] != "/mnt/neo4j/logs/"+test.query {
				t.Errorf("ours %v, %s", ours, c.LogFiles()["query"])
			}
			if ours && strings.Count(string(made), "20 MB") != strings.Count(test.change(found), "20 MB")-1 {
				t.Error("more than the query log is changed")
			}
		})
	}
}

func TestServerLogsStayUntouchedWhereNobodyAskedOrTheUserHasHisOwn(t *testing.T) {
	wanted := cluster5(dialect(t, 5, 26, Enterprise), Core)
	for name, change := range map[string]func(*Input){
		"not asked":     func(in *Input) { in.QueryLog = false },
		"another place": func(in *Input) { in.Env = map[string]string{"NEO4J_server_logs_config": "/my/logs.xml"} },
		"4.4":           func(in *Input) { in.Dialect.Version = Version{Major: 4, Minor: 4} },
		"Community":     func(in *Input) { in.Dialect.Edition, in.Role, in.Discovery = Community, Standalone, "" },
	} {
		in := wanted
		change(&in)
		c, _ := render(t, in)
		if _, ours := c.ServerLogs(); ours {
			t.Errorf("%s: written", name)
		}
	}
	elsewhere := wanted
	elsewhere.Env = map[string]string{"NEO4J_server_logs_config": "/my/logs.xml"}
	elsewhere.ServerLogs = []byte(strings.ReplaceAll(wanted.Dialect.shippedLogging(), "/query.log", "/queries.log"))
	c, _ := render(t, elsewhere)
	if got := c.LogFiles()["query"]; got != "/mnt/neo4j/logs/query.log" {
		t.Errorf("a file that Neo4j does not read says %s", got)
	}
	c, _ = render(t, alone5(dialect(t, 5, 26, Community)))
	want := map[string]string{"debug": "/logs/debug.log", "user": "/logs/neo4j.log"}
	if diff := cmp.Diff(want, c.LogFiles()); diff != "" {
		t.Error(diff)
	}
}

func TestRotatedLogsAreLookedForWhereServerLogsXMLPutsThem(t *testing.T) {
	const beside = "$${config:server.directories.logs}/query.log.%02i"
	for name, test := range map[string]struct{ pattern, want string }{
		"as shipped":               {beside, ""},
		"a date behind":            {"${config:server.directories.logs}/query.log.%d{yyyy-MM-dd}.%i", ""},
		"another folder":           {"${config:server.directories.logs}/old/query.log.%i", "/mnt/neo4j/logs/old/query.log.*"},
		"a folder of its own":      {"/archive/q-%d{yyyy-MM-dd}{UTC}-%02i.log", "/archive/q-*-*.log"},
		"a folder for each month":  {"$${config:server.directories.logs}/$${date:yyyy-MM}/query-%d{MM-dd}.log", "/mnt/neo4j/logs/*/query-*.log"},
		"folders in a date":        {"/archive/%d{yyyy/MM}/query-%i.log", "/archive/*/*/query-*.log"},
		"another name beside":      {"$${config:server.directories.logs}/old-%i.log", "/mnt/neo4j/logs/old-*.log"},
		"signs that stand for any": {"/a[r]?/query.log.%i", `/a\[r]\?/query.log.*`},
		"what only the JVM knows":  {"${env:ARCHIVE}/query.log.%i", ""},
		"none":                     {"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			in := cluster5(dialect(t, 5, 26, Enterprise), Core)
			in.ServerLogs = []byte(strings.Replace(in.Dialect.shippedLogging(), beside, test.pattern, 1))
			in.QueryLog = false
			c, _ := render(t, in)
			want := map[string]string{}
			if test.want != "" {
				want["query"] = test.want
			}
			if diff := cmp.Diff(want, c.RotatedLogs()); diff != "" {
				t.Error(diff)
			}
		})
	}
	c, _ := render(t, cluster(dialect(t, 3, 5, Enterprise), Core))
	if got := c.RotatedLogs(); len(got) != 0 {
		t.Errorf("3.5 puts them beside the log, not %v", got)
	}
}
