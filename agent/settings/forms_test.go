package settings

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

// values are right and wrong values of each variable that refuses any.
var values = map[string]struct{ right, wrong []string }{
	"AGENT_DISCOVERY":            {[]string{"none"}, []string{"Cloudmap", "NONE", "list", " none"}},
	"CLOUDMAP_SERVICE_ID":        {[]string{"srv-utcrh6wavdkggqtk", "srv-1"}, []string{"srv-", "utcrh6", "srv-ABC", "srv-a b", "srv-" + strings.Repeat("a", 61)}},
	"AGENT_PEERS":                {nil, []string{",", "a,,b:", "a:0", "a:65536", "-a", "a..b", "1.2.3.4.5", "300.1.1.1", "http://a", "a:b:c", "[::1", strings.Repeat("a", 64), strings.Repeat("a.", 200)}},
	"AGENT_ADVERTISED_ADDRESS":   {[]string{"10.0.0.1", "fd00::1", "db-1.example.com", "localhost", "127.0.1.1"}, []string{"0.0.0.0", "::", "224.0.0.1", "10.0.0.1:7687", "a b", "10.0.0", "10.0.0.256"}},
	"AGENT_REGISTER_DISCOVERY":   {[]string{"false"}, []string{"True", "1", "yes", "on"}},
	"AGENT_REGISTER_SERVICE_ID":  {[]string{"srv-1"}, []string{"x"}},
	"AGENT_DISCOVERY_TIMEOUT":    {[]string{"1s", "24h", "600", "1h30m", "1.5s"}, []string{"0", "999ms", "24h1s", "10 m", "ten", "-5s", "99999999999999999999", "1e3"}},
	"AGENT_BIND_TIMEOUT":         {[]string{"90s"}, []string{"0s"}},
	"AGENT_JOIN_TIMEOUT":         {[]string{"90"}, []string{"x"}},
	"AGENT_VALIDATE_CONFIG":      {[]string{"true"}, []string{"yes"}},
	"AGENT_RESET_ADMIN_PASSWORD": {[]string{"true"}, []string{"yes"}},
	"UPGRADE_MODE":               {[]string{"true", "false"}, []string{"TRUE", "0"}},
	"AGENT_CLUSTER_NAME":         {[]string{"prod-1.eu_west", "a"}, []string{".a", "-a", "a/b", "a b", "ä", strings.Repeat("a", 65)}},
	"AGENT_MEMBER_ID":            {[]string{"0"}, []string{"_"}},
	"AGENT_HTTP_ADDR":            {[]string{"0.0.0.0:7470", ":7470", "[::1]:7470", "localhost:1"}, []string{"7470", "localhost", "a:0", "a:65536", "a:http", "::1:7470", "a b:1"}},
	"AGENT_RUN_DIR":              {[]string{"/", "/run/x"}, []string{"run", "./run", "/a\x00b"}},
	"AGENT_STOP_TIMEOUT":         {[]string{"10s", "10", "1h", "3600"}, []string{"9s", "9", "61m", "2h"}},
	"AGENT_RESTARTS":             {[]string{"3/10m", "0/1s", "100/24h", "3/600"}, []string{"3", "3/", "/10m", "-1/10m", "+3/10m", "101/10m", "3/0s", "3/25h", "a/b", "3/10m/1"}},
	"AGENT_SECRETS_EVERY":        {[]string{"1s", "60", "24h"}, []string{"0", "500ms", "25h", "often"}},
	"AGENT_LOG_LEVEL":            {[]string{"trace", "error"}, []string{"INFO", "warning"}},
	"AGENT_LOG_FORMAT":           {[]string{"json"}, []string{"JSON", "console"}},
	"NEO4J_DATA_ROOT":            {[]string{"/mnt/a b"}, []string{"mnt"}},
	"NEO4J_QUERY_LOG":            {[]string{"enabled", "disabled"}, []string{"true", "Enabled"}},
	"AGENT_INIT_DIR":             {[]string{"/init", "/x/y"}, []string{"init"}},
	"NEO4J_HOME":                 {[]string{"/x"}, []string{"x"}},
	"NEO4J_CONF":                 {[]string{"/x"}, []string{"~/x"}},
	"NEO4J_PLUGINS":              {[]string{`["apoc"]`, "[]"}, []string{"apoc", `{"a":1}`, "[1]", `["a"`}},
	"NEO4JLABS_PLUGINS":          {[]string{`["apoc"]`}, []string{"apoc"}},
	"SECURE_FILE_PERMISSIONS":    {[]string{"yes", "no"}, []string{"true", "YES"}},
	"NEO4J_ADMIN_PASSWORD":       {[]string{"a/b", "none", "Neo4j", " "}, []string{"", "neo4j"}},
	"NEO4J_AUTH":                 {[]string{"none", "neo4j/pw", "neo4j/pw/", "neo4j/pw/true", "neo4j/pw/TRUE", "neo4j/true"}, []string{"pw", "neo4j/", "/pw", "neo4j/neo4j", "neo4j/neo4j/true", "admin/pw", "neo4j/pw/false", "neo4j/a/b", "neo4j//true", "neo4j/pw/true/", "NONE"}},
	"NEO4J_AUTH_PREVIOUS":        {[]string{"neo4j/pw"}, []string{"pw"}},
	"NEO4J_GUEST_AUTH":           {[]string{"reader/pw", "reader/a/b"}, []string{"reader", "/pw", "reader/", "neo4j/pw"}},
	"NEO4J_GUEST_AUTH_PREVIOUS":  {[]string{"reader/pw"}, []string{"reader"}},
	"AGENT_USERS": {
		[]string{`[{"name":"a","password":"x"}]`, "- name: a\n  passwordFile: /run/secrets/a\n  roles: [reader]", "- {name: a, ensure: absent}", "[]"},
		[]string{"[", `{"a"`, "- name: a", "- {name: neo4j, password: x}", "- {name: a, password: x, passwordFile: y}", "- {name: a, password: x}\n- {name: a, password: y}",
			"- {name: a, pasword: x}", "- {name: a, password: x, ensure: gone}", "- {name: a, passwordSecret: x}", "- {password: x}", "- {name: a, password: x, roles: ['']}",
			"- {name: a, password: x, suspended: perhaps}", "[]\n---\n[]"}},
	"AGENT_TLS_DIR":                 {[]string{"/ssl"}, []string{"ssl"}},
	"AGENT_TLS_BOLT":                {[]string{"optional", "required"}, []string{"REQUIRED", "disabled"}},
	"AGENT_TLS_SELF_SIGNED":         {[]string{"true"}, []string{"yes"}},
	"SNAPSHOT_PATH":                 {[]string{"bucket/key.zip", "bucket/a/b.dump", "s3://bucket/a/", "/mnt/a.dump"}, []string{"bucket", "Bucket/key", "b/key", "bucket/", "latest/weekly", "@yesterday", "@", "@2026-01-31", "http://bucket/key", "a.dump"}},
	"AGENT_RESTORE":                 {[]string{"each-new"}, []string{"always"}},
	"AWS_BACKUP_BUCKET":             {[]string{"abc", "a.b-c1"}, []string{"ab", "Abc", "-abc", "abc.", "s3://abc", strings.Repeat("a", 64)}},
	"AGENT_BACKUP_PREFIX":           {[]string{"a/b", "/a/"}, []string{"a//b", "a b", "ü"}},
	"BACKUP_FROM":                   {[]string{"discovery", "10.0.0.1:6362", "db-1"}, []string{"10.0.0.1:x", "a,b"}},
	"BACKUP_DIR":                    {[]string{"/tmp/"}, []string{"tmp"}},
	"PAGE_CACHE":                    {[]string{"512m", "4G", "1048576"}, []string{"4GB", "m", "4.5g", "-1"}},
	"HEAP_SIZE":                     {[]string{"2g"}, []string{"2 g"}},
	"AGENT_SHIP_LOGS":               {[]string{"query,debug", "security http user", "none"}, []string{"query,gc", "none,query", "Query"}},
	"AGENT_LOG_TARGET":              {[]string{"cloudwatch", "stdout"}, []string{"stderr", "CloudWatch"}},
	"AGENT_LOG_RETENTION":           {[]string{"1", "30", "3653"}, []string{"2", "0", "-1", "30d"}},
	"AGENT_LOG_SHAPE":               {[]string{"raw", "json"}, []string{"text", "JSON"}},
	"AGENT_LOG_PARAMETERS":          {[]string{"keep", "drop"}, []string{"true", "Drop"}},
	"AGENT_LOG_METRICS":             {[]string{"true", "false"}, []string{"yes", "1m"}},
	"AGENT_LOG_GROUP":               {[]string{"/neo4j/a_b-c.d#e"}, []string{"a b", "a:b", strings.Repeat("a", 513)}},
	"AGENT_LOG_STREAM":              {[]string{"a b"}, []string{"a:b", "*", strings.Repeat("a", 513)}},
	"AWS_REGION":                    {[]string{"eu-west-1", "us-gov-east-1", "eusc-de-east-1", "ap-southeast-12"}, []string{"eu-west", "eu-west-1a", "EU-WEST-1", "1", "-west-1", "eu--1", "Ireland"}},
	"AWS_DEFAULT_REGION":            {[]string{"eu-west-1"}, []string{"x"}},
	"AWS_ENDPOINT_URL":              {[]string{"http://127.0.0.1:5000", "https://vpce-1.s3.amazonaws.com/"}, []string{"127.0.0.1:5000", "ftp://a", "http://", "http://u:p@h/", ":"}},
	"ECS_CONTAINER_METADATA_URI_V4": {[]string{"http://169.254.170.2/v4/abc"}, []string{"abc"}},
}

func TestRightValuesAreTakenAndWrongOnesNamed(t *testing.T) {
	for name, c := range values {
		v, ok := row(name)
		if !ok {
			t.Errorf("%s is not in the table", name)
			continue
		}
		for _, value := range c.right {
			if err := v.set(value); err != nil {
				t.Errorf("%s=%q: %v", name, value, err)
			}
		}
		for _, value := range c.wrong {
			got := mistakes(t, Source{Environ: []string{name + "=" + value}})
			found := false
			for _, line := range got {
				found = found || strings.HasPrefix(line, name+": ")
			}
			if !found {
				t.Errorf("%s=%q: no mistake named (%q)", name, value, got)
			}
		}
	}
}

// garbage is what no form with a form takes.
const garbage = "\x01 [garbage,://"

func TestEveryVariableThatRefusesSomethingIsTried(t *testing.T) {
	for _, v := range Table() {
		_, tried := values[v.Name]
		if v.set(garbage) != nil && !tried && !v.isPattern() {
			t.Errorf("%s has a form but no tried values", v.Name)
		}
	}
}

func TestValuesMeanWhatTheyShould(t *testing.T) {
	s, _ := load(t, "AGENT_STOP_TIMEOUT=90", "AGENT_DISCOVERY_TIMEOUT=1h30m", "AGENT_RESTARTS=0/600", "AGENT_BACKUP_PREFIX=/a/b/",
		"AGENT_DISCOVERY=static", "AGENT_PEERS= a , b:5000,,[::1]:5000\n", "AGENT_SHIP_LOGS=query, debug", "AGENT_LOG_GROUP=neo4j", "SECURE_FILE_PERMISSIONS=yes",
		"NEO4J_HOME=/opt/neo4j", `NEO4J_PLUGINS=["apoc","n10s"]`)
	for name, c := range map[string]struct{ got, want any }{
		"seconds":   {s.StopTimeout, 90 * time.Second},
		"Go form":   {s.DiscoveryTimeout, 90 * time.Minute},
		"restarts":  {s.Restarts, Restarts{0, 10 * time.Minute}},
		"prefix":    {s.BackupPrefix, "a/b"},
		"peers":     {s.Peers, []string{"a", "b:5000", "[::1]:5000"}},
		"logs":      {s.ShipLogs, []string{"query", "debug"}},
		"yes":       {s.SecureFilePermissions, true},
		"conf":      {s.Conf, "/opt/neo4j/conf"},
		"discovery": {s.Discovery, DiscoveryStatic},
		"plugins":   {s.Plugins, []string{"apoc", "n10s"}},
	} {
		if !reflect.DeepEqual(c.got, c.want) {
			t.Errorf("%s: got %v, want %v", name, c.got, c.want)
		}
	}
}
