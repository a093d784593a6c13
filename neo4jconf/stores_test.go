package neo4jconf

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAStoreLiesWhereItsVersionPutsIt(t *testing.T) {
	for name, test := range map[string]struct {
		at        column
		env       map[string]string
		databases []string
		want      []string
	}{
		"3.5":                        {v35, nil, []string{"graph.db"}, []string{"/mnt/neo4j/data/databases/graph.db"}},
		"3.5, all":                   {v35, nil, nil, []string{"/mnt/neo4j/data/databases"}},
		"3.5 with logs of their own": {v35, map[string]string{"NEO4J_dbms_directories_tx__log": "/logs"}, []string{"graph.db"}, []string{"/mnt/neo4j/data/databases/graph.db", "/logs"}},
		"4.4": {v44, nil, []string{"a", "b"}, []string{"/mnt/neo4j/data/databases/a", "/mnt/neo4j/data/transactions/a",
			"/mnt/neo4j/data/databases/b", "/mnt/neo4j/data/transactions/b"}},
		"5, all, with logs elsewhere": {v526, map[string]string{"NEO4J_server_directories_transaction_logs_root": "/logs"}, nil, []string{"/mnt/neo4j/data/databases", "/logs"}},
	} {
		in := Input{Dialect: dialect(t, test.at.major, test.at.minor, Enterprise), DataRoot: "/mnt/neo4j", HomeDir: "/neo4j", Env: test.env}
		c, _ := render(t, in)
		if diff := cmp.Diff(test.want, c.Stores(test.databases)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestTheAdminToolIsToldWhereThingsAreAndNoMore(t *testing.T) {
	in := cluster5(dialect(t, 5, 26, Enterprise), Core)
	in.DataRoot = "/mnt/neo4j"
	c, _ := render(t, in)
	text := string(c.ForAdmin())
	if !strings.Contains(text, "server.directories.data=/mnt/neo4j/data\n") {
		t.Errorf("it is not told the data directory:\n%s", text)
	}
	for _, other := range []string{"advertised", "endpoints", "memory", "listen"} {
		if strings.Contains(text, other) {
			t.Errorf("it is told of %s too:\n%s", other, text)
		}
	}
}

func TestWhatIsBuiltElsewhereHasTheSamePartsThere(t *testing.T) {
	for name, test := range map[string]struct {
		at   column
		env  map[string]string
		want []string
	}{
		"3.5":                        {v35, nil, []string{"/s/databases/a"}},
		"3.5 with logs of their own": {v35, map[string]string{"NEO4J_dbms_directories_tx__log": "/logs"}, []string{"/s/databases/a", "/s/logs"}},
		"4.4":                        {v44, nil, []string{"/s/databases/a", "/s/transactions/a"}},
		"5 with logs elsewhere":      {v526, map[string]string{"NEO4J_server_directories_transaction_logs_root": "/logs"}, []string{"/s/databases/a", "/s/transactions/a"}},
	} {
		in := Input{Dialect: dialect(t, test.at.major, test.at.minor, Enterprise), DataRoot: "/mnt/neo4j", HomeDir: "/neo4j", Env: test.env}
		c, _ := render(t, in)
		there := c.Elsewhere("/s")
		if diff := cmp.Diff(test.want, there.Stores([]string{"a"})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if len(there.Stores([]string{"a"})) != len(c.Stores([]string{"a"})) {
			t.Errorf("%s: other parts than %v", name, c.Stores([]string{"a"}))
		}
		if text := string(there.ForAdmin()); strings.Contains(text, "data=/mnt") || strings.Contains(text, "=/logs") || !strings.Contains(text, "directories.data=/s\n") {
			t.Errorf("%s: the tool is told\n%s", name, text)
		}
	}
	in := Input{Dialect: dialect(t, 5, 26, Enterprise), DataRoot: "/mnt/neo4j", HomeDir: "/neo4j", Env: map[string]string{"NEO4J_server_directories_script_root": "/scripts"}}
	c, _ := render(t, in)
	if there := c.Elsewhere("/s"); strings.Contains(string(there.ForAdmin()), "/scripts") || there.MetadataScript("a") != "/s/scripts/a/restore_metadata.cypher" {
		t.Errorf("a script would be left at %s, and the tool is told\n%s", there.MetadataScript("a"), there.ForAdmin())
	}
}

func TestAFormIsPlacedByTheToolOfItsVersionOrRefusedByName(t *testing.T) {
	for name, test := range map[string]struct {
		at      column
		edition Edition
		placed  Placed
		want    string // of the command line, or of the error
	}{
		"a folder in 3.5":              {v35, Enterprise, Placed{Form: StoreFolder, Database: "graph.db", Path: "/s/graph.db"}, "restore --from=/s/graph.db --force --database=graph.db"},
		"a folder in 4.4":              {v44, Enterprise, Placed{Form: StoreFolder, Database: "a", Path: "/s/a"}, "restore --from=/s/a --force --database=a"},
		"a folder in 4.4 Community":    {v44, Community, Placed{Form: StoreFolder, Database: "neo4j", Path: "/s/a"}, "it needs Enterprise"},
		"a folder in 5":                {v526, Enterprise, Placed{Form: StoreFolder, Database: "a", Path: "/s/a"}, "its own backups are in another form"},
		"a dump in 4.4":                {v44, Community, Placed{Form: DumpFile, Database: "neo4j", Path: "/s/neo4j.dump"}, "load --from=/s/neo4j.dump --force --database=neo4j"},
		"a dump in 5":                  {v526, Community, Placed{Form: DumpFile, Database: "neo4j", Path: "/s/neo4j.dump"}, "database load --from-path=/s --overwrite-destination=true neo4j"},
		"a dump to a point in time":    {v526, Enterprise, Placed{Form: DumpFile, Database: "a", Path: "/s/a.dump", Until: "7"}, "it holds one state only"},
		"an artifact in 4.4":           {v44, Enterprise, Placed{Form: Artifact, Database: "a", Path: "/s/a.backup"}, "its own backups are in another form"},
		"an artifact in 5":             {v526, Enterprise, Placed{Form: Artifact, Database: "a", Path: "/s/a.backup", Scratch: "/t"}, "database restore --from-path=/s/a.backup --overwrite-destination=true --temp-path=/t a"},
		"an artifact to a point":       {v526, Enterprise, Placed{Form: Artifact, Database: "a", Path: "/s/a.backup", Until: "2026-11-20 04:00:00"}, "--restore-until=2026-11-20 04:00:00"},
		"an artifact in Community 5":   {v526, Community, Placed{Form: Artifact, Database: "neo4j", Path: "/s/neo4j-x.backup"}, "database load --from-path=/s"},
		"a folder to a point in time":  {v44, Enterprise, Placed{Form: StoreFolder, Database: "a", Path: "/s/a", Until: "7"}, "restoring to a point in time needs 5.0 or later"},
		"an artifact, calendar, chain": {v2608, Enterprise, Placed{Form: Artifact, Database: "a", Path: "/s/a-2.backup"}, "database restore --from-path=/s/a-2.backup"},
	} {
		admin := Admin{Dialect: dialect(t, test.at.major, test.at.minor, test.edition), Home: "/neo4j"}
		job, err := admin.Dialect.Place(test.placed)
		var got string
		if err == nil {
			var command AdminCommand
			command, err = admin.Command(job)
			got = command.String()
		}
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, test.want) {
			t.Errorf("%s: %q, want %q in it", name, got, test.want)
		}
	}
}

func TestABackupOfANewerVersionIsRefused(t *testing.T) {
	d := dialect(t, 4, 4, Enterprise)
	for taken, refused := range map[string]bool{"3.5.0-beta03": false, "4.4.48": false, "4.4.99": false, "5.0.0": true, "2026.08.1": true, "what": false} {
		if err := d.Older(taken); (err != nil) != refused {
			t.Errorf("%s: %v", taken, err)
		}
	}
}
