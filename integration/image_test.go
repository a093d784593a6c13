package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// container is one way to run the official image, by its documentation or its entrypoint, and what must come of it. Code 6
// is what the fake database ends with, so it was started.
type container struct {
	name    string
	version string            // of Neo4j, with -community or -enterprise; "" for 4.4.48-enterprise
	env     []string          // the licence of Enterprise is accepted beside it
	files   map[string]string // there before, below the box's folder; /data is mnt/data
	mounts  []string          // beside /data and /logs
	args    []string          // nil: neo4j
	code    int
	says    []string
	holds   map[string]string // what files hold afterwards; "" for no such file
}

const (
	ran       = 6
	conf      = "home/conf/neo4j.conf"
	authFile  = "mnt/data/dbms/auth.ini"
	mayChange = ":password_change_required"
)

// newImage is a box with the folders of the official image: /data and /logs, which $NEO4J_HOME has links to, and a home
// that every user may write.
func newImage(t *testing.T, version string) *box {
	t.Helper()
	b := newBox(t, fmt.Sprintf("exit %d\n", ran)).with("AGENT_RESTARTS", "0/10m")
	for _, name := range []string{"NEO4J_DATA_ROOT", "NEO4J_ADMIN_PASSWORD", "AGENT_RUN_DIR"} {
		delete(b.env, name)
	}
	if number, edition, _ := strings.Cut(version, "-"); version != "" {
		_ = os.RemoveAll(filepath.Join(b.home, "lib"))
		b.write("home/lib/neo4j-"+number+".jar", "", 0o644)
		if edition == "enterprise" {
			b.write("home/lib/neo4j-enterprise-"+number+".jar", "", 0o644)
		}
	}
	readable(t, b.dir)
	b.mount("data", "logs")
	for _, name := range []string{"data", "logs"} {
		if err := os.Symlink("/"+name, filepath.Join(b.home, name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, open := range []string{"home", "home/conf", "mnt/data", "mnt/logs"} {
		b.chmod(open, 0o777)
	}
	return b
}

// mount makes folders below mnt, which inside make mounts of.
func (b *box) mount(names ...string) {
	b.t.Helper()
	for _, name := range names {
		if err := os.MkdirAll(filepath.Join(b.dir, "mnt", name), 0o755); err != nil {
			b.t.Fatal(err)
		}
	}
}

func (b *box) chmod(name string, mode os.FileMode) {
	b.t.Helper()
	if err := os.Chmod(filepath.Join(b.dir, name), mode); err != nil {
		b.t.Fatal(err)
	}
}

// inside is a container without an engine: namespaces of its own for mounts and processes, so that the agent is PID 1, and
// a root that has this machine's programs and the folders of mnt. Root knows the image's user neo4j there; without root
// whoever runs the test is the only user there is.
func (b *box) inside(command ...string) []string {
	b.t.Helper()
	passwd, group, unshare := "root:x:0:0::/root:/bin/sh\n", "root:x:0:\n", []string{"unshare", "--mount", "--pid", "--fork", "--kill-child"}
	if root() {
		passwd, group = passwd+"neo4j:x:7474:7474::/:/bin/sh\n", group+"neo4j:x:7474:\n"
	} else {
		unshare = append(unshare, "--map-root-user")
	}
	b.write("passwd", passwd, 0o644)
	b.write("group", group, 0o644)
	if err := os.MkdirAll(filepath.Join(b.dir, "root"), 0o755); err != nil {
		b.t.Fatal(err)
	}
	script := `set -e
r=$BOX/root; mount -t tmpfs tmpfs $r
for d in bin sbin lib lib64 usr etc dev tmp; do
  [ -e /$d ] || continue
  if [ -L /$d ]; then ln -s $(readlink /$d) $r/$d; else mkdir $r/$d; mount --rbind /$d $r/$d; fi
done
mkdir $r/proc $r/run $r/sys; mount -t proc proc $r/proc
mount --bind $BOX/passwd $r/etc/passwd; mount --bind $BOX/group $r/etc/group
for m in $BOX/mnt/*; do
  d=$r/${m##*/}; mkdir $d; mount --bind $m $d
  case " $READ_ONLY " in *" ${m##*/} "*) mount -o remount,bind,ro $d;; esac
done
exec chroot $r "$@"`
	b.with("BOX", b.dir)
	return append(append(unshare, "sh", "-c", script, "sh"), command...)
}

func (c container) run(t *testing.T) {
	b := newImage(t, c.version).with(c.env...)
	b.mount(c.mounts...)
	for name, text := range c.files {
		b.write(name, text, 0o644)
	}
	if b.args = c.args; b.args == nil {
		b.args = []string{"neo4j"}
	}
	for name, value := range b.env {
		b.env[name] = strings.ReplaceAll(value, "$BOX", b.dir)
	}
	b.start(b.inside()...)
	c.check(b, b.exit(30*time.Second))
}

// check holds what came of a container against what must.
func (c container) check(b *box, code int) {
	t := b.t
	t.Helper()
	if code != c.code {
		t.Errorf("exit code %d, want %d; output:\n%s", code, c.code, b.output)
	}
	for _, text := range c.says {
		if !strings.Contains(b.output.String(), text) {
			t.Errorf("the output lacks %q:\n%s", text, b.output)
		}
	}
	for name, text := range c.holds {
		if got := b.read(name); !strings.Contains(got, text) || text == "" && got != "" {
			t.Errorf("%s holds\n%s\nwant %q", name, got, text)
		}
	}
	if started := b.starts() > 0; started != (code == ran) {
		t.Errorf("the database was started: %v; exit code %d", started, code)
	}
	for _, secret := range []string{"a-secret-1", "a-secret-2"} {
		if strings.Contains(b.output.String()+b.read("home/env")+b.read(conf), secret) {
			t.Errorf("the password is in the output, the environment or neo4j.conf:\n%s", b.output)
		}
	}
}

func TestAuthenticationIsGivenAsToTheOfficialImage(t *testing.T) {
	t.Parallel()
	const hash = "neo4j:SHA-256,"
	for _, c := range []container{
		{name: "by default Neo4j's own password is to be changed", code: ran,
			holds: map[string]string{authFile: "", conf: "dbms.default_listen_address=0.0.0.0\n"}},
		{name: "given", env: []string{"NEO4J_AUTH", "neo4j/a-secret-1"}, code: ran, holds: map[string]string{authFile: ",1024:\n"}},
		{name: "given, to be changed", env: []string{"NEO4J_AUTH", "neo4j/a-secret-1/TRUE"}, code: ran,
			holds: map[string]string{authFile: mayChange}},
		{name: "given to 3.5, to be changed", version: "3.5.35-community", env: []string{"NEO4J_AUTH", "neo4j/a-secret-1/true"}, code: ran,
			holds: map[string]string{authFile: mayChange}},
		{name: "none", env: []string{"NEO4J_AUTH", "none"}, code: ran,
			holds: map[string]string{authFile: "", conf: "dbms.security.auth_enabled=false\n"}},
		{name: "a data folder with users keeps its passwords", env: []string{"NEO4J_AUTH", "neo4j/a-secret-1"},
			files: map[string]string{"mnt/data/databases/system/neostore": "x"}, code: ran, holds: map[string]string{authFile: ""}},
		{name: "from a file, which wins", env: []string{"NEO4J_AUTH", "none", "NEO4J_AUTH_FILE", "$BOX/auth"},
			files: map[string]string{"auth": "neo4j/a-secret-1\n"}, code: ran, holds: map[string]string{authFile: hash}},
		{name: "from a path, which wins", env: []string{"NEO4J_AUTH", "none", "NEO4J_AUTH_PATH", "$BOX/auth"},
			files: map[string]string{"auth": "neo4j/a-secret-1/true\n"}, code: ran, holds: map[string]string{authFile: mayChange}},
		{name: "the system replaced has the last word", env: []string{"NEO4J_AUTH", "none", "NEO4J_ADMIN_PASSWORD", "a-secret-2"}, code: ran,
			says: []string{"NEO4J_AUTH: says otherwise than NEO4J_ADMIN_PASSWORD, which wins"}, holds: map[string]string{authFile: hash}},
		{name: "a file that is not there", env: []string{"NEO4J_AUTH_FILE", "/nowhere/auth"}, code: 78, says: []string{"/nowhere/auth"}},
		{name: "a path that is not there", env: []string{"NEO4J_AUTH_PATH", "/nowhere/auth"}, code: 78, says: []string{"/nowhere/auth"}},
		{name: "no slash", env: []string{"NEO4J_AUTH", "neo4j:a-secret-1"}, code: 78, says: []string{"NEO4J_AUTH"}},
		{name: "no password", env: []string{"NEO4J_AUTH", "neo4j/"}, code: 78, says: []string{"NEO4J_AUTH"}},
		{name: "another user", env: []string{"NEO4J_AUTH", "admin/a-secret-1"}, code: 78, says: []string{"another user"}},
		{name: "the default password", env: []string{"NEO4J_AUTH", "neo4j/neo4j"}, code: 78, says: []string{"default password"}},
		{name: "shorter than 5 takes", version: "5.26.30-community", env: []string{"NEO4J_AUTH", "neo4j/short-1"}, code: 78,
			says: []string{"8 characters", "dbms.security.auth_minimum_password_length"}},
		{name: "shorter than 5 takes unless told", version: "5.26.30-community",
			env: []string{"NEO4J_AUTH", "neo4j/short-1", "NEO4J_dbms_security_auth__minimum__password__length", "4"}, code: ran, holds: map[string]string{authFile: hash}},
	} {
		t.Run(c.name, c.run)
	}
}

func TestTheLicenceIsAcceptedAsForTheOfficialImage(t *testing.T) {
	t.Parallel()
	const accept = "NEO4J_ACCEPT_LICENSE_AGREEMENT"
	for _, c := range []container{
		{name: "Community needs none", version: "4.4.48-community", env: []string{accept, ""}, code: ran},
		{name: "no answer", env: []string{accept, ""}, code: 78, says: []string{accept + "=yes"}},
		{name: "4.4 has no evaluation", env: []string{accept, "eval"}, code: 78, says: []string{accept + "=yes"}},
		{name: "5 has", version: "5.26.30-enterprise", env: []string{accept, "eval"}, code: ran, holds: map[string]string{"home/env": accept + "=eval\n"}},
		{name: "from a file it reaches the server too", version: "2026.08.1-enterprise", env: []string{accept, "", accept + "_FILE", "$BOX/answer"},
			files: map[string]string{"answer": "yes\n"}, code: ran, holds: map[string]string{"home/env": accept + "=yes\n"}},
		{name: "the edition of an image whose jars do not tell", version: "5.26.30-community", env: []string{accept, "", "NEO4J_EDITION", "enterprise"},
			code: 78, says: []string{accept + "=yes"}},
	} {
		t.Run(c.name, c.run)
	}
}
