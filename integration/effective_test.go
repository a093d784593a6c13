package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"neo4j-agent/integration/localcluster"
)

// TestEveryGenerationRunsAsItWasAsked starts each server with settings of every kind, given as variables, as a file and
// in neo4j.conf, and asks the server itself what it has. Then it starts it again on the same volume.
func TestEveryGenerationRunsAsItWasAsked(t *testing.T) {
	for _, g := range generations {
		t.Run(g.String(), func(t *testing.T) {
			m, want := g.asked(t)
			getReady(t, m)
			compare(t, g, want, g.settings(t, m))
			g.hasArguments(t, m)
			refusesPassword(t, m, "not-"+localcluster.Password)
			rows(t, driver(t, m.BoltURI()), "CREATE (:Kept {since: 1})")
			leave(t, m)

			getReady(t, m)
			compare(t, g, want, g.settings(t, m))
			if kept := rows(t, driver(t, m.BoltURI()), "MATCH (k:Kept) RETURN k.since"); len(kept) != 1 || kept[0].Values[0] != int64(1) {
				t.Errorf("after the second start it holds %v, want what was written before", kept)
			}
			leave(t, m)
		})
	}
}

// asked makes a member that asks for the rich settings and for folders of its own.
func (g generation) asked(t *testing.T) (*localcluster.Member, []asked) {
	t.Helper()
	dir := t.TempDir()
	below := func(name string) string { return filepath.Join(dir, name) }
	write(t, below("threshold"), "60\n")
	want := append(slices.Clone(rich),
		asked{importDir, below("two words"), text},
		asked{pluginsDir, below("jars"), text},
		asked{txLogsDir, below("tx"), text},
		asked{strictValidation, "true", text},
	)
	env := map[string]string{
		"NEO4J_DATA_ROOT":                     below("root"),
		variable(grouping[g.names]):           "999",
		variable(grouping[g.names]) + "_FILE": below("threshold"),
		variable(jvmAdditional[g.names]):      "-Done=a=b -Dtwo=*",
	}
	for _, a := range want {
		if name := a.names[g.names]; name != "" {
			env[variable(name)] = a.value
		}
	}
	m := g.member(t, env)
	g.addToFile(t, m, pageCache[g.names]+"=999m", sampleSize[g.names]+"=2097152", sampleSize[g.names]+"=1048577")
	return m, append(want,
		asked{dataDir, below("root/data"), text},
		asked{logsDir, below("root/logs"), text},
		asked{grouping, "60", text},
		asked{sampleSize, "1048577", text}, // the last of two counts, also where Neo4j itself refuses two
		asked{boltListen, strings.TrimPrefix(m.BoltURI(), "bolt://"), text},
		asked{httpListen, strings.Trim(strings.TrimPrefix(m.BrowserURL(), "http:"), "/"), text},
	)
}

// addToFile adds lines to the neo4j.conf that the member finds, as users do: after a comment, the last one without an
// end.
func (g generation) addToFile(t *testing.T, m *localcluster.Member, lines ...string) {
	t.Helper()
	if err := g.parts(t).NewHome(m.Home); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(m.Home, "conf", "neo4j.conf")
	shipped, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	write(t, path, string(shipped)+"\n# this.is=no setting\n"+strings.Join(lines, "\n"))
}

// settings are what the server says that it has.
func (g generation) settings(t *testing.T, m *localcluster.Member) map[string]string {
	t.Helper()
	statement := "CALL dbms.listConfig() YIELD name, value"
	if g.names == names5 {
		statement = "SHOW SETTINGS YIELD name, value"
	}
	found := map[string]string{}
	for _, row := range rows(t, driver(t, m.BoltURI()), statement) {
		value, _ := row.Values[1].(string) // null where there is none
		found[fmt.Sprint(row.Values[0])] = value
	}
	return found
}

// hasArguments wants the memory and the JVM arguments where they take effect: in the arguments of the running Java. The
// variable adds to the file's from 4.4 on and replaces them before, as in the official image.
func (g generation) hasArguments(t *testing.T, m *localcluster.Member) {
	t.Helper()
	pid, err := m.Database()
	if err != nil {
		t.Fatal(err)
	}
	cmdline, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil {
		t.Fatal(err)
	}
	argv := strings.Split(string(cmdline), "\x00")
	for _, want := range []asked{{value: "-Done=a=b"}, {value: "-Dtwo=*"}, {value: "-Xms300m", kind: size}, {value: "-Xmx420m", kind: size}} {
		if !slices.ContainsFunc(argv, func(argument string) bool { return want.kind.equal(want.value, argument) }) {
			t.Errorf("java runs without %s: %q", want.value, argv)
		}
	}
	const shipped = "-XX:+UseG1GC"
	if got := slices.Contains(argv, shipped); got != g.addsArguments {
		t.Errorf("java runs with neo4j.conf's %s: %v, want %v", shipped, got, g.addsArguments)
	}
}
