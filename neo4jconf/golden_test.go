package neo4jconf

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files")

func dialect(t *testing.T, major, minor int, e Edition) Dialect {
	t.Helper()
	d, err := For(Version{Major: major, Minor: minor}, e)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// shipped is the part of the neo4j.conf in the official tarballs that is no comment.
const shipped = `# The name of the database to mount
#dbms.active_database=graph.db

dbms.directories.import=import
dbms.jvm.additional=-XX:+UseG1GC
dbms.jvm.additional=-XX:-OmitStackTraceInFastThrow
dbms.windows_service_name=neo4j`

func cluster(d Dialect, r Role) Input {
	return Input{
		Dialect: d, File: []byte(shipped), Role: r, Discovery: List, HomeDir: "/var/lib/neo4j", DataRoot: "/mnt/neo4j",
		Advertise: "10.0.1.11", Listen: "10.0.1.11", Hostname: "ip-10-0-1-11", QueryLog: true,
		Members: []string{"10.0.1.11", "10.0.2.12", "10.0.3.13"},
		Mounts:  map[string]bool{"/data": true, "/logs": true},
		Env: map[string]string{
			"NEO4J_dbms_memory_heap_max__size":     "2g",
			"NEO4J_dbms_jvm_additional":            "-Dcom.sun.management.jmxremote=true",
			"NEO4J_dbms_memory_pagecache_size":     "1g",
			"NEO4J_ACCEPT_LICENSE_AGREEMENT":       "yes",
			"NEO4J_ADMIN_PASSWORD":                 "s3cret",
			"NEO4J_dbms_security_ldap_host":        "ldap://ldap.example.com",
			"NEO4J_dbms_security_procedures_empty": "",
		},
	}
}

func alone(d Dialect) Input {
	return Input{
		Dialect: d, File: []byte(shipped), Role: Standalone, HomeDir: "/var/lib/neo4j", Hostname: "3f2a",
		Mounts: map[string]bool{"/data": true, "/logs": true, "/metrics": true, "/licenses": true, "/ssl": true},
		Env:    map[string]string{"NEO4J_dbms_memory_pagecache_size": "1g"},
	}
}

// shipped5 is the part of the neo4j.conf in the tarballs of 5 and later that is no comment, shortened.
const shipped5 = `server.directories.import=import
db.tx_log.rotation.retention_policy=2 days 2G
server.jvm.additional=-XX:+UseG1GC
server.jvm.additional=-Dlog4j2.disable.jmx=true
server.windows_service_name=neo4j`

// cluster5 is cluster in the words of 5 and later.
func cluster5(d Dialect, r Role) Input {
	in := cluster(d, r)
	in.File, in.ConfDir = []byte(shipped5), "/run/neo4j-agent/conf"
	in.Memory = Memory{Heap: "3g", PageCache: "4g"}
	in.Env = map[string]string{
		"NEO4J_server_memory_pagecache_size":   "1g",
		"NEO4J_server_jvm_additional":          "-Dcom.sun.management.jmxremote=true",
		"NEO4J_server_bolt_listen__address":    ":7690",
		"NEO4J_ACCEPT_LICENSE_AGREEMENT":       "yes",
		"NEO4J_ADMIN_PASSWORD":                 "s3cret",
		"NEO4J_dbms_security_ldap_host":        "ldap://ldap.example.com",
		"NEO4J_dbms_security_procedures_empty": "",
		"NEO4J_apoc_ttl_schedule":              "60",
	}
	return in
}

func alone5(d Dialect) Input {
	in := alone(d)
	in.File = []byte(shipped5)
	in.Env = map[string]string{
		"NEO4J_dbms_memory_pagecache_size": "1g", "NEO4J_dbms_tx__log_rotation_retention__policy": "100M size",
		"NEO4J_server_http_listen__address": "0.0.0.0:7475", "NEO4J_apoc_import_file_enabled": "true",
	}
	return in
}

func TestEveryTopologyAndGenerationFrom5OnHasItsFiles(t *testing.T) {
	cases := map[string]Input{}
	for name, v := range map[string][2]int{"5.1": {5, 1}, "5.9": {5, 9}, "5.22": {5, 22}, "5.26": {5, 26}, "2025.01": {2025, 1}, "2026.08": {2026, 8}} {
		enterprise, community := dialect(t, v[0], v[1], Enterprise), dialect(t, v[0], v[1], Community)
		cases[name+"-enterprise-core"] = cluster5(enterprise, Core)
		cases[name+"-enterprise-read-replica"] = cluster5(enterprise, ReadReplica)
		cases[name+"-enterprise-standalone"] = alone5(enterprise)
		cases[name+"-community-standalone"] = alone5(community)
	}
	for name, v := range map[string][2]int{"5.1": {5, 1}, "5.26": {5, 26}, "2026.08": {2026, 8}} {
		for end, kind := range map[string]Discovery{"dns": DNS, "srv": SRV} {
			in := cluster5(dialect(t, v[0], v[1], Enterprise), Core)
			in.Discovery, in.Members = kind, []string{"core.neo4j.internal"}
			cases[name+"-enterprise-core-"+end] = in
		}
	}
	for name, in := range cases {
		t.Run(name, func(t *testing.T) {
			config, warnings := render(t, in)
			golden(t, name+".conf", config.Bytes())
			if len(warnings) != 0 {
				t.Errorf("warnings without cause: %v", warnings)
			}
		})
	}
}

func TestEveryTopologyAndGenerationHasItsFile(t *testing.T) {
	cases := map[string]Input{}
	for name, v := range map[string][2]int{"3.5": {3, 5}, "4.0": {4, 0}, "4.2": {4, 2}, "4.4": {4, 4}} {
		enterprise, community := dialect(t, v[0], v[1], Enterprise), dialect(t, v[0], v[1], Community)
		cases[name+"-enterprise-core"] = cluster(enterprise, Core)
		cases[name+"-enterprise-read-replica"] = cluster(enterprise, ReadReplica)
		cases[name+"-enterprise-standalone"] = alone(enterprise)
		cases[name+"-community-standalone"] = alone(community)
	}
	for name, in := range cases {
		t.Run(name, func(t *testing.T) {
			config, _, err := Render(in)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, name+".conf", config.Bytes())
		})
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", path, diff)
	}
}
