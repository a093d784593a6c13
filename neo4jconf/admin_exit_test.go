package neo4jconf

import (
	"strings"
	"testing"
)

// Each row is a table of the manual, or was seen on a real server by TestAdminJobs… in integration.
func TestAnExitCodeMeansWhatTheManualOfItsVersionSays(t *testing.T) {
	tests := []struct {
		major, minor int
		job          Job
		verdicts     map[int]Verdict
	}{
		{3, 5, backed, map[int]Verdict{0: Done, 1: Failed, 2: Unchecked, 3: Inconsistent}},
		{4, 4, backed, map[int]Verdict{0: Done, 1: Failed, 2: Unchecked, 3: Inconsistent}},
		{5, 26, backed, map[int]Verdict{0: Done, 1: Doubtful, 2: Failed, 3: Failed, 64: Misused, 70: Failed}},
		{2026, 8, backed, map[int]Verdict{0: Done, 1: Doubtful, 64: Misused}},
		{3, 5, Check{Database: "x", ReportDir: "/r"}, map[int]Verdict{0: Done, 1: Doubtful}},
		{4, 4, Check{Database: "x", ReportDir: "/r"}, map[int]Verdict{0: Done, 1: Doubtful, 2: Misused}},
		{5, 26, Check{Database: "x", ReportDir: "/r"}, map[int]Verdict{0: Done, 1: Doubtful, 64: Misused, 70: Doubtful}},
		{2026, 8, Check{Database: "x", ReportDir: "/r"}, map[int]Verdict{0: Done, 1: Doubtful, 64: Misused, 70: Doubtful}},
		{3, 5, Dump{Database: "x", Dir: "/d"}, map[int]Verdict{0: Done, 1: Failed, 2: Failed}},
		{4, 4, Dump{Database: "x", Dir: "/d"}, map[int]Verdict{0: Done, 1: Failed, 2: Misused}},
		{5, 26, Load{Database: "x", Dir: "/d"}, map[int]Verdict{0: Done, 1: Failed, 3: Failed, 64: Misused, 70: Failed, 143: Failed}},
	}
	for _, test := range tests {
		d := dialect(t, test.major, test.minor, Enterprise)
		command, err := Admin{Dialect: d}.Command(test.job)
		if err != nil {
			t.Fatal(err)
		}
		for code, want := range test.verdicts {
			got := command.Outcome(code)
			if got.Verdict != want || got.Text == "" {
				t.Errorf("%v: %v gives %d: %v (%s), want %v", d.Version, test.job, code, got.Verdict, got.Text, want)
			}
		}
	}
}

var backed = Backup{Dir: "/b", Databases: []string{"x"}, From: "h:1"}

func TestASeedIsACreateDatabaseWhereTheVersionHasOne(t *testing.T) {
	server, uri := Seed{Database: "x", Server: "id"}, Seed{Database: "x", URI: "s3://b/x.backup", Primaries: 3}
	tests := []struct {
		version column
		seed    Seed
		want    string // the statement, or a part of the error
	}{
		{v35, server, "seed a database with Neo4j 3.5.0 enterprise: it needs 4.3 or later"},
		{v42, server, "it needs 4.3 or later"},
		{v44, server, "CREATE DATABASE $database OPTIONS {existingData: 'use', existingDataSeedInstance: $seed}"},
		{v44, uri, "a number of copies needs 5.0 or later"},
		{v44, Seed{Database: "x", URI: "s3://b/x.backup"}, "seeding from a URI needs 5.0 or later"},
		{v50, server, "CREATE DATABASE $database OPTIONS {existingData: 'use', existingDataSeedInstance: $seed}"},
		{v50, uri, "CREATE DATABASE $database TOPOLOGY 3 PRIMARIES 0 SECONDARIES OPTIONS {existingData: 'use', seedURI: $seed}"},
		{v526, server, "CREATE DATABASE $database OPTIONS {existingData: 'use', existingDataSeedServer: $seed}"},
		{v2608, uri, "CREATE DATABASE $database TOPOLOGY 3 PRIMARIES 0 SECONDARIES OPTIONS {existingData: 'use', seedURI: $seed}"},
		{v2608, Seed{Database: "x"}, "either a URI or a server"},
		{v2608, Seed{Database: "x", URI: "u", Server: "s"}, "either a URI or a server"},
	}
	for _, test := range tests {
		statement, err := dialect(t, test.version.major, test.version.minor, Enterprise).Seed(test.seed)
		if err != nil && strings.Contains(err.Error(), test.want) {
			continue
		}
		if err != nil || statement.Text != test.want || statement.Parameters["seed"] != test.seed.URI+test.seed.Server {
			t.Errorf("%v: %+v, %v; want %s", test.version, statement, err, test.want)
		}
	}
}
