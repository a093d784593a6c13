package integration

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"neo4j-agent/agent/peers/fakecloudmap"
)

// TestANewVolumeMeetsTheMembersWhereTheyAre: members of 5.23 to 5.26 that run different discovery services never meet.
func TestANewVolumeMeetsTheMembersWhereTheyAre(t *testing.T) {
	t.Parallel()
	const second = "dbms.cluster.discovery.v2.endpoints=127.0.0.1:6000,127.0.77.2:6000,127.0.77.3:6000\ndbms.cluster.discovery.version=V2_ONLY\n"
	for name, test := range map[string]struct {
		version string
		open    string // an address that takes connections
		volume  string // what the volume knows of the service
		holds   string
	}{
		"a new cluster gets the second service":             {version: "5.26.30", holds: second},
		"the second service's port is no sign of the first": {version: "5.26.30", open: "127.0.77.2:6000", holds: second},
		"a member with the first service is joined by it": {version: "5.26.30", open: "127.0.77.2:5000",
			holds: "dbms.cluster.discovery.endpoints=127.0.0.1:5000,127.0.77.2:5000,127.0.77.3:5000\n"},
		"a volume that knows better is not asked again": {version: "5.26.30", open: "127.0.77.2:5000", volume: `{"service":"V2_ONLY"}`, holds: second},
		"a version without a choice is not asked":       {version: "2026.08.1", open: "127.0.77.2:5000", holds: "dbms.cluster.endpoints=127.0.0.1:6000,127.0.77.2:6000,127.0.77.3:6000\n"},
	} {
		t.Run(name, func(t *testing.T) {
			members := cloudMap(0)
			for id, host := range map[string]string{"i-2": "127.0.77.2", "i-3": "127.0.77.3"} {
				members.Add(boxService, id, host, fakecloudmap.Healthy)
			}
			if test.open != "" {
				listener, err := net.Listen("tcp", test.open)
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = listener.Close() }()
			}
			b := newBox(t, obedient).core(members)
			_ = os.RemoveAll(filepath.Join(b.home, "lib"))
			b.write("home/lib/neo4j-"+test.version+".jar", "", 0o644)
			b.write("home/lib/neo4j-enterprise-"+test.version+".jar", "", 0o644)
			if test.volume != "" {
				b.write("volume/.neo4j-agent/discovery.json", test.volume, 0o644)
			}
			b.start()
			b.started(1)
			if conf := b.read("home/conf/neo4j.conf"); !strings.Contains(lines(conf, "dbms.cluster.discovery.", "dbms.cluster.endpoints"), test.holds) {
				t.Errorf("neo4j.conf lacks %s:\n%s", test.holds, conf)
			}
		})
	}
}

// lines picks those that begin with one of the prefixes, but for the type of discovery.
func lines(text string, prefixes ...string) string {
	var picked strings.Builder
	for line := range strings.Lines(text) {
		for _, prefix := range prefixes {
			if strings.HasPrefix(line, prefix) && !strings.Contains(line, "_type=") {
				picked.WriteString(line)
			}
		}
	}
	return picked.String()
}
