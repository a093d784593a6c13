package neo4jconf

import (
	"path"
	"strings"
	"testing"
)

func TestAnArtifactIsFullOrNotAsItsInspectionSays(t *testing.T) {
	// From the manual's example.
	table := strings.Split(`|                                              FILE | DATABASE |                          DATABASE ID |          TIME (UTC) |  FULL | COMPRESSED | LOWEST TX | HIGHEST TX |
| file:///backups/london-2024-10-07T16-04-05.backup |   london | d4dae73c-dfef-4d28-88cd-fe6cc88ddca1 | 2024-10-07T16:04:05 | false |       true |         6 |          6 |
| file:///backups/london-2024-10-07T16-03-51.backup |   london | d4dae73c-dfef-4d28-88cd-fe6cc88ddca1 | 2024-10-07T16:03:51 |  true |       true |         1 |          5 |`, "\n")
	tests := []struct {
		file        string
		full, known bool
	}{
		{"london-2024-10-07T16-04-05.backup", false, true},
		{"london-2024-10-07T16-03-51.backup", true, true},
		{"malmo-2024-10-07T16-03-51.backup", false, false},
	}
	for _, test := range tests {
		if full, known := Inspected(table, test.file); full != test.full || known != test.known {
			t.Errorf("%s: full %v, known %v, want %v %v", test.file, full, known, test.full, test.known)
		}
	}
	if _, known := Inspected([]string{"file:///backups/london-2024-10-07T16-03-51.backup"}, "london-2024-10-07T16-03-51.backup"); known {
		t.Error("a list without the column is believed")
	}
}

func TestAFullBackupShowsInTheFolderOrInWhatTheToolSays(t *testing.T) {
	for _, test := range []struct {
		major, minor int
		tells        bool
	}{{3, 5, true}, {4, 4, true}, {5, 26, false}} {
		d := dialect(t, test.major, test.minor, Enterprise)
		if got := d.TookAll("2026-11-27 02:00:00.000+0000 INFO [c.n.b.i.BackupOutputMonitor] Start receiving store files"); got != test.tells {
			t.Errorf("%v: by its words: %v", d.Version, got)
		}
		aside := d.MovedAside("/b", "graph")
		if matched, _ := path.Match(aside, "/b/graph.err.0"); matched != test.tells {
			t.Errorf("%v: by what it moved: %v", d.Version, matched)
		}
		if matched, _ := path.Match(aside, "/b/graph"); matched {
			t.Errorf("%v: the backup itself counts as moved", d.Version)
		}
	}
}

func TestTheOwnBackupListenerIsWhereTheConfigurationHasIt(t *testing.T) {
	for _, test := range []struct {
		edition    Edition
		file, want string
	}{
		{Enterprise, "", "127.0.0.1:6362"},
		{Enterprise, "dbms.connectors.default_listen_address=10.0.0.5\n", "127.0.0.1:6362"},
		{Enterprise, "dbms.backup.address=0.0.0.0:7362\n", "127.0.0.1:7362"},
		{Enterprise, "dbms.backup.address=10.0.0.5:6362\n", "10.0.0.5:6362"},
		{Enterprise, "dbms.backup.enabled=false\n", ""},
		{Community, "", ""},
	} {
		config, _, err := Render(Input{Dialect: dialect(t, 3, 5, test.edition), File: []byte(test.file), Role: Standalone})
		if err != nil {
			t.Fatal(err)
		}
		if got := config.BackupAddress(); got != test.want {
			t.Errorf("%s %q: %s, want %s", test.edition, test.file, got, test.want)
		}
	}
}

func TestAThrowawayServerIsAloneHeardHereOnlyAndAsksForAPassword(t *testing.T) {
	for _, v := range []column{v35, v41, v44, v50, {5, 26}, v2025, v2608} {
		for _, edition := range []Edition{Enterprise, Community} {
			d := dialect(t, v.major, v.minor, edition)
			c, err := d.Throwaway(Throwaway{
				Home: "/opt/neo4j", Conf: "/scratch/conf", Root: "/scratch", Bolt: 4711, Database: "graph.db",
				Memory: Memory{Heap: "512m", PageCache: "64m"},
			})
			if err != nil {
				t.Fatal(err)
			}
			if c.Role() != Standalone || !c.AuthEnabled() || c.DefaultDatabase() != "graph.db" {
				t.Errorf("%v: role %s, authentication %v, database %s", d.Version, c.Role(), c.AuthEnabled(), c.DefaultDatabase())
			}
			if ports := c.Ports(); ports != (Ports{Bolt: 4711}) {
				t.Errorf("%v: it listens on %+v", d.Version, ports)
			}
			for _, directory := range c.Directories() {
				if !strings.HasPrefix(directory, "/scratch/") {
					t.Errorf("%v: it writes to %s", d.Version, directory)
				}
			}
			for _, s := range c.Settings() {
				if strings.Contains(s.Value, "0.0.0.0") {
					t.Errorf("%v: %s=%s", d.Version, s.Name, s.Value)
				}
			}
		}
	}
}
