package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestFoldersAreMountedAsIntoTheOfficialImage(t *testing.T) {
	t.Parallel()
	const shipped = "dbms.tx_log.rotation.retention_policy=100M size\n"
	for _, c := range []container{
		{name: "what is mounted is where Neo4j looks", mounts: []string{"plugins", "import", "licenses", "metrics"}, code: ran, holds: map[string]string{
			conf: "dbms.directories.import=/import\ndbms.directories.licenses=/licenses\ndbms.directories.logs=/logs\ndbms.directories.metrics=/metrics\ndbms.directories.plugins=/plugins\n"}},
		{name: "configuration", files: map[string]string{"mnt/conf/neo4j.conf": "# mine\ndbms.tx_state.max_off_heap_memory=1g", "mnt/conf/other.xml": "beside"},
			code: ran, holds: map[string]string{conf: "dbms.tx_state.max_off_heap_memory=1g\n", "home/conf/other.xml": "beside", "mnt/conf/neo4j.conf": "# mine"}},
		{name: "an empty folder of configuration is a whole one since 4.2", mounts: []string{"conf"}, code: ran,
			holds: map[string]string{conf: "dbms.memory.pagecache.size="}},
		{name: "before, the shipped file stands in", version: "4.1.13-community", mounts: []string{"conf"}, code: ran, holds: map[string]string{conf: shipped}},
		{name: "variables win over files", env: []string{"NEO4J_dbms_memory_pagecache_size", "77m"},
			files: map[string]string{"mnt/conf/neo4j.conf": "dbms.memory.pagecache.size=88m\n"}, code: ran, holds: map[string]string{conf: "dbms.memory.pagecache.size=77m\n"}},
		{name: "settings of APOC have a file of their own since 5", version: "5.26.30-community", env: []string{"NEO4J_apoc_export_file_enabled", "true"},
			code: ran, holds: map[string]string{"home/conf/apoc.conf": "apoc.export.file.enabled=true\n"}},
		{name: "the query log has one too", version: "5.26.30-enterprise", env: []string{"NEO4J_QUERY_LOG", "enabled"}, code: ran,
			holds: map[string]string{"home/conf/server-logs.xml": "slow_query.log", conf: "/conf/server-logs.xml\n"}},
	} {
		t.Run(c.name, c.run)
	}
}

func TestMountedCertificatesTakeThePlaceOfTheShippedFolder(t *testing.T) {
	t.Parallel()
	b := newImage(t, "")
	b.mount("ssl")
	b.write("home/certificates/README", "shipped", 0o644)
	b.start(b.inside()...)
	container{code: ran}.check(b, b.exit(30*time.Second))
	if to, err := os.Readlink(filepath.Join(b.home, "certificates")); to != "/ssl" {
		t.Errorf("certificates is a link to %q (%v), want /ssl", to, err)
	}
	if b.read("home/certificates.before-ssl/README") != "shipped" {
		t.Error("the shipped folder is gone")
	}
}

// TestOwnersOfMountsAreTheirUsersAffair: only root mends owners, and only where Neo4j could not write. Without root nobody
// can play another user, and there is one story: Neo4j runs and owns what it writes.
func TestOwnersOfMountsAreTheirUsersAffair(t *testing.T) {
	t.Parallel()
	if !root() {
		b := newImage(t, "")
		b.start(b.inside()...)
		container{code: ran}.check(b, b.exit(30*time.Second))
		return
	}
	for _, c := range []struct {
		container
		user, owner int
		mode        os.FileMode
		want        int // owner of /data and of what is in it afterwards
	}{
		{container{name: "root mends what Neo4j cannot write", code: ran}, 0, 1000, 0o755, 7474},
		{container{name: "root leaves what Neo4j can write", code: ran}, 0, 1000, 0o777, 1000},
		{container{name: "secure permissions are left", env: []string{"SECURE_FILE_PERMISSIONS", "yes"}, code: 73, says: []string{"/data", "user 7474"}}, 0, 1000, 0o755, 1000},
		{container{name: "another user runs in their own folders", code: ran}, 1000, 1000, 0o755, 1000},
		{container{name: "another user mends nothing", code: 73, says: []string{"/data", "user 1000"}}, 1000, 2000, 0o755, 2000},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newImage(t, "").with(c.env...)
			b.write("mnt/data/old", "data", c.mode&^0o111)
			for _, name := range []string{"mnt/data", "mnt/data/old"} {
				b.chmod(name, c.mode)
				if err := os.Chown(filepath.Join(b.dir, name), c.owner, c.owner); err != nil {
					t.Fatal(err)
				}
			}
			b.start(b.inside("setpriv", fmt.Sprintf("--reuid=%d", c.user), fmt.Sprintf("--regid=%d", c.user), "--clear-groups")...)
			c.check(b, b.exit(30*time.Second))
			for _, name := range []string{"mnt/data", "mnt/data/old"} {
				info, err := os.Stat(filepath.Join(b.dir, name))
				if err != nil {
					t.Fatal(err)
				}
				if got := int(info.Sys().(*syscall.Stat_t).Uid); got != c.want {
					t.Errorf("%s belongs to user %d, want %d", name, got, c.want)
				}
			}
		})
	}
}

func TestEachFolderThatCannotBeWrittenIsNamed(t *testing.T) {
	t.Parallel()
	locked := container{code: 77, says: []string{"cannot write /logs, /metrics as user "}}
	t.Run("read-only mounts", func(t *testing.T) {
		b := newImage(t, "").with("READ_ONLY", "logs metrics")
		b.mount("metrics")
		b.chmod("mnt/metrics", 0o777)
		b.start(b.inside()...)
		locked.check(b, b.exit(30*time.Second))
	})
	if !root() { // then whoever runs the test is root inside, and every mount is theirs
		return
	}
	t.Run("another user's mounts", func(t *testing.T) {
		b := newImage(t, "")
		b.mount("metrics")
		b.chmod("mnt/logs", 0o755)
		b.start(b.inside("setpriv", "--reuid=1000", "--regid=1000", "--clear-groups")...)
		locked.check(b, b.exit(30*time.Second))
	})
}

func TestCommandsInTheConfigurationAreExpandedFromAFileThatIsNeo4jsOwn(t *testing.T) {
	t.Parallel()
	b := newImage(t, "").with("EXTENDED_CONF", "", "NEO4J_dbms_memory_pagecache_size", "$(echo 77m)")
	for n := 1; n <= 2; n++ {
		b.start(b.inside()...)
		container{code: ran, holds: map[string]string{conf: "dbms.memory.pagecache.size=$(echo 77m)\n"}}.check(b, b.exit(30*time.Second))
		info, err := os.Stat(filepath.Join(b.dir, conf))
		if err != nil {
			t.Fatal(err)
		}
		if mode := info.Mode().Perm(); mode&^0o640 != 0 {
			t.Errorf("start %d: neo4j.conf has mode %o, and Neo4j takes at most 640", n, mode)
		}
		b.chmod(conf, 0o666) // the second start mends it though nothing changed
	}
	if got := b.read("home/argv"); !strings.HasPrefix(got, "console --expand-commands\n") {
		t.Errorf("the database was called with %q", got)
	}
}
