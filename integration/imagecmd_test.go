package integration

import (
	"strings"
	"testing"
	"time"
)

func TestPluginsComeFromJarsThatTheImageHas(t *testing.T) {
	t.Parallel()
	const unrestricted = "dbms.security.procedures.unrestricted="
	apoc := map[string]string{"home/labs/apoc-5.26.30-core.jar": "the jar"}
	for _, c := range []container{
		{name: "one that comes with the image", version: "5.26.30-community", env: []string{"NEO4J_PLUGINS", `["apoc"]`}, files: apoc,
			code: ran, holds: map[string]string{"home/plugins/apoc.jar": "the jar", conf: unrestricted + "apoc.*\n"}},
		{name: "by the older name, into a mounted folder", version: "5.26.30-community", env: []string{"NEO4JLABS_PLUGINS", `["apoc"]`}, files: apoc,
			mounts: []string{"plugins"}, code: ran, holds: map[string]string{"mnt/plugins/apoc.jar": "the jar", "home/plugins/apoc.jar": ""}},
		{name: "settings that the user made stay", version: "5.26.30-community", files: apoc, code: ran,
			env:   []string{"NEO4J_PLUGINS", `["apoc"]`, "NEO4J_dbms_security_procedures_unrestricted", "mine.*"},
			holds: map[string]string{conf: unrestricted + "mine.*\n"}, says: []string{"may need apoc.*"}},
		{name: "one that is mounted already", env: []string{"NEO4J_PLUGINS", `["n10s"]`}, files: map[string]string{"mnt/plugins/n10s.jar": "mine"},
			code: ran, holds: map[string]string{"mnt/plugins/n10s.jar": "mine", conf: unrestricted + "semantics.*\n"}},
		{name: "one that the image would download", env: []string{"NEO4J_PLUGINS", `["n10s"]`}, mounts: []string{"plugins"},
			code: 78, says: []string{"n10s", "/home/labs", "/home/products", "/plugins", "nothing is downloaded"}},
		{name: "one that nobody knows", env: []string{"NEO4J_PLUGINS", `["apok"]`}, code: 78, says: []string{"apok", "apoc-core"}},
		{name: "no list", env: []string{"NEO4J_PLUGINS", "apoc"}, code: 78, says: []string{"NEO4J_PLUGINS"}},
	} {
		t.Run(c.name, c.run)
	}
}

func TestAnExtensionScriptRunsRightBeforeNeo4j(t *testing.T) {
	t.Parallel()
	for _, c := range []container{
		{name: "its exports are Neo4j's, its changes stay, and it sees no secret",
			env: []string{"EXTENSION_SCRIPT", "$BOX/extra.sh", "NEO4J_AUTH", "neo4j/a-secret-1"}, files: map[string]string{
				"extra.sh": "export JAVA_OPTS='-Dx=a b'\necho dbms.tx_state.max_off_heap_memory=1g >> \"$NEO4J_CONF/neo4j.conf\"\n" +
					"env > $BOX/mnt/logs/seen; echo \"command $1 $cmd\"\n"},
			code: ran, says: []string{"command neo4j neo4j"}, holds: map[string]string{
				"home/env": "JAVA_OPTS=-Dx=a b\n", conf: "dbms.tx_state.max_off_heap_memory=1g\n", "mnt/logs/seen": "NEO4J_HOME=", "home/argv": "console\n"}},
		{name: "when it fails Neo4j does not start", env: []string{"EXTENSION_SCRIPT", "$BOX/extra.sh", "AGENT_RESTARTS", "3/10m"},
			files: map[string]string{"extra.sh": "(exit 42)\necho not reached\n"}, code: 42, says: []string{"extra.sh ended with exit code 42", "no restart can help"}},
		{name: "when it names a variable that is not there it fails", env: []string{"EXTENSION_SCRIPT", "$BOX/extra.sh"},
			files: map[string]string{"extra.sh": "echo $NO_SUCH_VARIABLE\n"}, code: 1, says: []string{"NO_SUCH_VARIABLE"}},
		{name: "one that is not there is not run, as in the image", env: []string{"EXTENSION_SCRIPT", "/nowhere/extra.sh"}, code: ran,
			says: []string{"/nowhere/extra.sh is not a file"}},
	} {
		t.Run(c.name, c.run)
	}
}

func TestTheImagesCommandsAreUnderstood(t *testing.T) {
	t.Parallel()
	const dumped = "mnt/conf/neo4j.conf"
	user := "uid=7474"
	if !root() { // who is root inside is nobody else
		user = "uid=0"
	}
	for _, c := range []container{
		{name: "neo4j console", args: []string{"neo4j", "console"}, code: ran, holds: map[string]string{"home/argv": "console\n"}},
		{name: "start", args: []string{"start"}, code: ran},
		{name: "dump-config", args: []string{"dump-config"}, mounts: []string{"conf"}, env: []string{"NEO4J_dbms_memory_pagecache_size", "77m"},
			says: []string{"Config Dumped"}, holds: map[string]string{dumped: "dbms.memory.pagecache.size=77m\n"}},
		{name: "dump-config over a configuration", args: []string{"dump-config"}, files: map[string]string{dumped: "dbms.tx_state.max_off_heap_memory=1g\n"},
			says: []string{"Config Dumped"}, holds: map[string]string{dumped: "dbms.default_listen_address=0.0.0.0\n"}},
		{name: "dump-config into nowhere", args: []string{"dump-config"}, code: 78, says: []string{"/conf"}},
		{name: "a command instead of the server, with its exit code", args: []string{"sh", "-c", "echo $NEO4J_dbms_memory_pagecache_size; exit 5"},
			env: []string{"NEO4J_dbms_memory_pagecache_size", "77m"}, code: 5, says: []string{"77m"}},
		{name: "it is neo4j's, not root's", args: []string{"id"}, says: []string{user}},
		{name: "one that is not there", args: []string{"cypher-shel"}, code: 127, says: []string{"cypher-shel"}},
	} {
		t.Run(c.name, c.run)
	}
}

func TestTheServersOwnToolChecksTheConfigurationWhenAsked(t *testing.T) {
	t.Parallel()
	tool := func(code string) map[string]string {
		return map[string]string{"home/bin/neo4j-admin": "#!/bin/sh\necho \"$@\" > $NEO4J_HOME/asked\n" + code}
	}
	for _, c := range []struct {
		container
		tool string
	}{
		{container{name: "right", version: "5.26.30-community", code: ran, holds: map[string]string{"home/asked": "server validate-config\n"}}, "exit 0"},
		{container{name: "wrong", version: "5.26.30-community", code: 78, says: []string{"Error evaluating value for setting"}},
			"echo \"Error evaluating value for setting 'x'.\"; exit 78"},
		{container{name: "before 5", code: ran, says: []string{"AGENT_VALIDATE_CONFIG has no effect"}}, "exit 78"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newImage(t, c.version).with("AGENT_VALIDATE_CONFIG", "true")
			for name, text := range tool(c.tool) {
				b.write(name, text, 0o755)
			}
			b.start(b.inside()...)
			c.check(b, b.exit(30*time.Second))
		})
	}
}

func TestRenderShowsEachFileOfTheConfiguration(t *testing.T) {
	t.Parallel()
	b := newImage(t, "5.26.30-enterprise").with("NEO4J_QUERY_LOG", "enabled", "NEO4J_apoc_export_file_enabled", "true")
	for _, args := range [][]string{{"render"}, {"render", "--diff"}, {"prepare", "--dry-run"}} {
		b.args = args
		b.start(b.inside()...)
		if code := b.exit(20 * time.Second); code != 0 {
			t.Errorf("%v: exit code %d; output:\n%s", args, code, b.output)
		}
		for _, name := range []string{"neo4j.conf", "apoc.conf", "server-logs.xml"} {
			if !strings.Contains(b.output.String(), "/home/conf/"+name+"\n") {
				t.Errorf("%v does not mention %s:\n%s", args, name, b.output)
			}
		}
	}
	if b.read("home/conf/apoc.conf") != "" {
		t.Error("something was written")
	}
}
