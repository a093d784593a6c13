package integration

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// adminBox is a box whose neo4j-admin is a script too, fake-neo4j-admin: no Enterprise of 4.x or later can be had here,
// and what is looked at is with which words the agent calls it, in which order, and what it does with what comes out.
// The script does what the manual says of each job, as far as files go.
func adminBox(t *testing.T, server, spec string) *box {
	b := newBox(t, obedient).with("SNAPSHOT_PATH", spec, "AWS_BACKUP_BUCKET", backups, "AWS_ENDPOINT_URL_S3", "http://"+server,
		"AWS_REGION", "us-east-1", "AWS_ACCESS_KEY_ID", "local", "AWS_SECRET_ACCESS_KEY", "locallocal")
	b.write("home/bin/neo4j-admin", `#!/bin/sh
# fake-neo4j-admin
echo "$@" >> "$NEO4J_HOME/admin"
data=$(sed -n 's/^dbms.directories.data=//p' "$NEO4J_CONF/neo4j.conf")
for argument; do case $argument in
	--from=*|--from-path=*) from=${argument#*=};; --to=*) to=${argument#*=};;
	--database=*|--to-database=*) database=${argument#*=};;
esac; done
[ "$1" = copy ] && echo "CALL db.createIndex('i', ['A'], ['b'], 'native-btree-1.0', {})"
case $1 in
	restore|copy) [ -e "$from/neostore" ] && mkdir -p "$data/databases/$database" && cp -r "$from/." "$data/databases/$database/";;
	dump) printf 'DZV1' > "$to/$database.dump" && cat "$data/databases/$database/neostore" >> "$to/$database.dump";;
	*) exit 0;;
esac
`, 0o755)
	return b
}

// jobs are the command lines that the admin tool got, with the box's folder left out.
func (b *box) jobs() []string {
	text := strings.TrimSpace(strings.ReplaceAll(b.read("home/admin"), b.dir, ""))
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

func TestAStoreOf4IsRestoredByItsOwnToolAndTheMemberIsUnbound(t *testing.T) {
	t.Parallel()
	server, client := realS3(t)
	files := map[string][]byte{"neostore": []byte("the store")}
	var archive bytes.Buffer
	zipped(t, &archive, files)
	upload(t, client, "old.zip", archive.Bytes())
	b := adminBox(t, server, backups+"/old.zip")
	b.write("volume/data/cluster-state/x", "of an earlier cluster", 0o644)
	b.write("volume/.neo4j-agent/formed.json", "{}", 0o644)
	b.start()
	b.started(1)
	const staged = "/volume/data/.neo4j-agent-restore/archive/neo4j-backup"
	if got := b.jobs(); len(got) != 2 || got[0] != "restore --from="+staged+" --force --database=neo4j" || got[1] != "unbind" {
		t.Errorf("neo4j-admin was called with %q", got)
	}
	if got := b.read("volume/data/databases/neo4j/neostore"); got != "the store" {
		t.Errorf("the store is %q", got)
	}
	if b.read("volume/.neo4j-agent/formed.json") != "" {
		t.Error("the member still believes that it is part of its old cluster")
	}
}

func TestAToolThatFailsReplacesNothing(t *testing.T) {
	t.Parallel()
	server, client := realS3(t)
	var archive bytes.Buffer
	zipped(t, &archive, map[string][]byte{"neostore": []byte("the store")})
	upload(t, client, "old.zip", archive.Bytes())
	b := adminBox(t, server, backups+"/old.zip").with("AGENT_RESTORE", "each-new")
	b.write("volume/data/databases/neo4j/neostore", "the old store", 0o644)
	b.write("volume/restored_backups/older.zip.done", "", 0o644)
	working := b.read("home/bin/neo4j-admin")
	b.write("home/bin/neo4j-admin", "#!/bin/sh\necho its own words\nexit 1\n", 0o755)
	b.start()
	if code := b.exit(30 * time.Second); code != 65 || !strings.Contains(b.output.String(), "its own words") || b.starts() != 0 {
		t.Errorf("exit code %d, %d starts of the database:\n%s", code, b.starts(), b.output)
	}
	if b.read("volume/data/databases/neo4j/neostore") != "the old store" || b.read("volume/restored_backups/old.zip.restoring") != "" {
		t.Error("the old store was touched")
	}
	b.write("home/bin/neo4j-admin", working, 0o755)
	b.start()
	b.started(1)
	if b.read("volume/restored_backups/old.zip.done") == "" || b.read("volume/data/databases/neo4j/neostore") != "the store" {
		t.Error("the next start did not restore")
	}
}

func TestAnUpgradeCopiesTheOldStoreAndUploadsItsDumpAndSchemaBeforeNeo4jStartsAlone(t *testing.T) {
	t.Parallel()
	server, client := realS3(t)
	var archive bytes.Buffer
	zipped(t, &archive, map[string][]byte{"neostore": []byte("a store of 3.5")})
	upload(t, client, "old.zip", archive.Bytes())
	b := adminBox(t, server, backups+"/old.zip").core(cloudMap(0)).with("UPGRADE_MODE", "true", "NEO4J_dbms_mode", "CORE", "PAGE_CACHE", "1g",
		"AWS_ENDPOINT_URL_S3", "http://"+server, "AWS_ACCESS_KEY_ID", "local", "AWS_SECRET_ACCESS_KEY", "locallocal", "AWS_REGION", "us-east-1")
	b.start()
	b.started(1)
	const staging = "/volume/data/.neo4j-agent-restore"
	got := b.jobs()
	want := []string{
		"copy --from-path=" + staging + "/archive/neo4j-backup --from-pagecache=1g --to-database=neo4j",
		"dump --to=" + staging + "/dump --database=neo4j",
	}
	if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("neo4j-admin was called with %q, want %q", got, want)
	}
	if conf := b.read("home/conf/neo4j.conf"); !strings.Contains(conf, "dbms.mode=SINGLE\n") {
		t.Errorf("neo4j.conf is not that of a server alone:\n%s", conf)
	}
	listed, err := client.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String(backups), Prefix: aws.String("dumps/neo4j/")})
	if err != nil || len(listed.Contents) != 2 || !strings.HasSuffix(aws.ToString(listed.Contents[0].Key), "/neo4j.dump") ||
		!strings.HasSuffix(aws.ToString(listed.Contents[1].Key), "/neo4j.schema.cypher") {
		t.Fatalf("dumps in the bucket: %v %v", listed.Contents, err)
	}
	if left, _ := filepath.Glob(filepath.Join(b.dir, staging)); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
	if _, err := os.Stat(filepath.Join(b.dir, "volume/restored_backups/old.zip.done")); err != nil {
		t.Error(err)
	}
}
