package neo4jconf

import (
	"bufio"
	"os"
	"slices"
	"strings"
	"testing"
)

// manual is the table of settings in testdata/settings.txt: for each name the edition and the versions that have it.
type manual map[string]struct {
	edition  Edition
	versions []string
}

func readManual(t *testing.T) manual {
	t.Helper()
	file, err := os.Open("testdata/settings.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	found := manual{}
	for scanner := bufio.NewScanner(file); scanner.Scan(); {
		fields := strings.Fields(scanner.Text())
		if fields[0] == "#" {
			continue
		}
		row := found[fields[0]]
		row.edition = map[string]Edition{"C": Community, "E": Enterprise}[fields[1]]
		row.versions = strings.Split(fields[2], ",")
		found[fields[0]] = row
	}
	if len(found) < 300 {
		t.Fatalf("only %d settings", len(found))
	}
	return found
}

// generations are versions from 5 on with the manual that describes them.
var generations = []struct {
	column
	manual string
}{
	{v50, "5.1"}, {column{5, 6}, "5.1"}, {v57, "5.7"}, {column{5, 9}, "5.7"}, {v510, "5.10"}, {column{5, 22}, "5.10"},
	{v523, "5.23"}, {v526, "5.26"}, {v2025, "2025.01"}, {v2608, "2026.07"}, {column{2027, 2}, "2026.07"},
}

// Neo4j 5 and later stop at a setting that they do not know.
func TestEverySettingOfOursIsInTheManualOfItsVersionAndEdition(t *testing.T) {
	settings := readManual(t)
	for _, g := range generations {
		for _, e := range []Edition{Community, Enterprise} {
			for _, in := range everyTopology(dialect(t, g.major, g.minor, e)) {
				c, _ := render(t, in)
				for _, s := range c.Settings() {
					if s.Source == FromFile || s.Source == FromEnvironment {
						continue
					}
					row, known := settings[s.Name]
					if !known || !slices.Contains(row.versions, g.manual) {
						t.Errorf("%v %s: the manual of %s has no %s", g.column, e, g.manual, s.Name)
					}
					if e == Community && row.edition == Enterprise {
						t.Errorf("%v: Community gets %s", g.column, s.Name)
					}
				}
			}
		}
	}
}

// everyTopology is all that the program renders for one dialect, with as many of the inputs as add settings.
func everyTopology(d Dialect) []Input {
	single := alone(d)
	single.Env, single.File = nil, nil
	single.Memory, single.QueryLog, single.ConfDir, single.AuthDisabled = Memory{"1g", "1g"}, true, "/run/conf", true
	single.Mounts = map[string]bool{"/data": true, "/logs": true, "/metrics": true, "/licenses": true, "/ssl": true, "/plugins": true, "/import": true}
	single.ServerLogs = []byte("<Configuration/>")
	single.TLS = certified(d).TLS
	rooted := single
	rooted.DataRoot = "/mnt"
	found := []Input{single, rooted}
	if d.Edition == Community {
		return found
	}
	for _, r := range []Role{Core, ReadReplica} {
		for kind, members := range map[Discovery][]string{List: {"10.0.0.1", "10.0.0.2"}, DNS: {"core.neo4j"}, SRV: {"core.neo4j"}} {
			for _, service := range []DiscoveryService{"", V1Only} {
				in := rooted
				in.TLS = single.TLS
				in.Role, in.Discovery, in.Members, in.Service, in.Advertise = r, kind, members, service, "10.0.0.1"
				found = append(found, in)
			}
		}
	}
	return found
}

// The names that the user may give are those of the manual too: a role or a port is else overlooked.
func TestEveryNameIsInTheManualOfItsVersion(t *testing.T) {
	manual := readManual(t)
	for _, g := range generations {
		for s := range settings {
			name := dialect(t, g.major, g.minor, Enterprise).name(s)
			v := Version{Major: g.major, Minor: g.minor}
			later := s == freeServers && !v.since(v510) || s == passwordLength && !v.since(v57)
			if name == "" || strings.HasPrefix(name, "apoc.") || later {
				continue
			}
			if !slices.Contains(manual[name].versions, g.manual) {
				t.Errorf("%v: the manual of %s has no %s", g.column, g.manual, name)
			}
		}
	}
}
