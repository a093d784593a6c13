package neo4jconf

import (
	"fmt"
	"path"
	"strings"
	"testing"
)

// adminVersions are those where some command line changes.
var adminVersions = []column{v35, v40, v42, v43, v44, v50, {5, 20}, {5, 24}, {5, 25}, v2025, {2025, 4}, v2608}

// everyJob asks each job for all that some version can do, under the page of the manual that describes it.
var everyJob = []struct {
	page string
	jobs []Job
}{
	{"Set an initial password", []Job{FirstPassword{"s3cret12"}, FirstPassword{"-dash"}, FirstPassword{}}},
	{"Back up an online database", []Job{
		Backup{Dir: "/backup", Databases: []string{"graph"}, From: "10.0.1.11:6362"},
		Backup{Dir: "/backup", Databases: []string{"graph"}, From: "10.0.1.11:6362", Clustered: true, PageCache: "1g", Scratch: "/scratch"},
		Backup{Dir: "/backup", Databases: []string{"graph"}, From: "10.0.1.11:6362", Check: true, ReportDir: "/report"},
		Backup{Dir: "/backup", Databases: []string{"*"}, From: "10.0.1.11:6362"},
		Backup{Dir: "/backup", Databases: []string{"graph", "system"}, From: "10.0.1.11:6362"},
		Backup{Dir: "/backup", Databases: []string{"graph"}, From: "10.0.1.11:6362", Metadata: "all"},
		Backup{Dir: "/backup", From: "10.0.1.11:6362"},
	}},
	{"Restore a database backup", []Job{
		Restore{Database: "graph", From: "/backup/graph"},
		Restore{Database: "graph", From: "/backup/graph", Replace: true, Scratch: "/scratch"},
		Restore{Database: "graph", From: "/backup/graph", Until: "2026-11-20 04:00:00"},
	}},
	{"Back up an offline database", []Job{Dump{Database: "graph", Dir: "/dumps"}, Dump{Database: "graph"}}},
	{"Restore a database dump", []Job{
		Load{Database: "graph", Dir: "/dumps"}, Load{Database: "graph", Dir: "/dumps", Replace: true}, Load{Database: "graph"},
	}},
	{"Consistency checker", []Job{
		Check{Database: "graph", ReportDir: "/report"},
		Check{Database: "graph", ReportDir: "/report", Memory: "1g", Scratch: "/scratch", Backup: "/backup/graph"},
	}},
	{"Unbind", []Job{Unbind{"graph"}}},
	{"Copy a database store", []Job{Copy{From: "/backup/graph.db", Database: "graph", PageCache: "1g"}}},
	{"Migrate a database", []Job{Migrate{Database: "graph", Memory: "1g"}}},
	{"Inspect the metadata of a backup file", []Job{Inspect{Dir: "/backup"}}},
}

// The golden file is laid out like the manual's pages: read beside them it shows what each version is told.
func TestEveryJobHasItsCommandLineInEveryVersion(t *testing.T) {
	for _, edition := range []Edition{Enterprise, Community} {
		var text strings.Builder
		for _, page := range everyJob {
			fmt.Fprintf(&text, "== %s\n", page.page)
			for _, job := range page.jobs {
				fmt.Fprintf(&text, "\n%s\n%s", strings.TrimPrefix(fmt.Sprintf("%+v", job), "neo4jconf."), lines(edition, job))
			}
			text.WriteString("\n")
		}
		golden(t, "admin-"+string(edition)+".txt", []byte(text.String()))
	}
}

// lines shows what a job becomes, each with the versions for which it is so.
func lines(e Edition, job Job) string {
	var text strings.Builder
	last := ""
	for _, v := range adminVersions {
		d := Dialect{Version: Version{Major: v.major, Minor: v.minor}, Edition: e}
		command, err := Admin{Dialect: d, Home: "."}.Command(job)
		line := strings.Join(command.Argv, " ")
		if command.Dir != "" {
			line += "   (in " + command.Dir + ")"
		}
		if err != nil {
			line = "error: " + strings.ReplaceAll(err.Error(), d.Version.String(), "…")
		}
		if line != last {
			fmt.Fprintf(&text, "  %4d.%-2d  %s\n", v.major, v.minor, line)
		}
		last = line
	}
	return text.String()
}

func TestTheToolIsToldWhereNeo4jIsAndHowMuchMemoryItHas(t *testing.T) {
	d := dialect(t, 4, 4, Community)
	command, err := Admin{d, "/var/lib/neo4j", "/run/conf", "/opt/java", "2g"}.Command(Unbind{"graph"})
	if err != nil {
		t.Fatal(err)
	}
	if got := command.Argv[0]; got != "/var/lib/neo4j/bin/neo4j-admin" {
		t.Errorf("it runs %s", got)
	}
	want := "NEO4J_HOME=/var/lib/neo4j NEO4J_CONF=/run/conf JAVA_HOME=/opt/java HEAP_SIZE=2g"
	if got := strings.Join(command.Env, " "); got != want {
		t.Errorf("its environment is %s, want %s", got, want)
	}
}

func TestAPasswordIsInNoTextForPeople(t *testing.T) {
	for _, v := range supported {
		command, err := Admin{Dialect: Dialect{Version: Version{Major: v.major, Minor: v.minor}, Edition: Community}}.Command(FirstPassword{"hunter22"})
		if err != nil {
			t.Fatal(err)
		}
		if text := command.String(); strings.Contains(text, "hunter22") || !strings.HasSuffix(text, "set-initial-password ******") {
			t.Errorf("%v: shown as %s", v, text)
		}
	}
	_, err := Admin{Dialect: dialect(t, 4, 4, Community)}.Command(FirstPassword{"-hunter22"})
	if err == nil || strings.Contains(err.Error(), "hunter22") {
		t.Errorf("the error is %v", err)
	}
}

func TestABackupIsFoundByItsPattern(t *testing.T) {
	tests := []struct {
		major, minor int
		name         string
		found        bool
	}{
		{3, 5, "/b/neo4j", true},
		{4, 4, "/b/neo4j", true},
		{4, 4, "/b/neo4j.err.0", false},
		{5, 26, "/b/neo4j-2023-06-29T14-46-27.backup", true},
		{2026, 8, "/b/neo4j-2023-06-29T14-46-27.backup", true},
		{5, 26, "/b/neo4j-2023-2023-06-29T14-46-27.backup", false}, // of the database neo4j-2023
		{5, 26, "/b/neo4j", false},
	}
	for _, test := range tests {
		pattern := dialect(t, test.major, test.minor, Enterprise).Written("/b", "neo4j")
		if found, err := path.Match(pattern, test.name); err != nil || found != test.found {
			t.Errorf("%d.%d: %s matches %s: %v, %v", test.major, test.minor, pattern, test.name, found, err)
		}
	}
}
