package neo4jconf

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSettingsOfAPOCHaveAFileOfTheirOwnSince5(t *testing.T) {
	const found = "# mine\napoc.ttl.enabled=false\napoc.import.file.enabled=true\n"
	in := cluster5(dialect(t, 5, 26, Enterprise), Core)
	in.File = []byte("apoc.export.file.enabled=false\nserver.directories.import=import\n")
	in.APOC = []byte(found)
	in.Env = map[string]string{"NEO4J_apoc_import_file_enabled": "false", "NEO4J_apoc_jdbc_shop_url": `jdbc:x?a=b\\c`}
	c, warnings := render(t, in)
	apoc, ok := c.APOC()
	if !ok || len(warnings) != 0 {
		t.Fatalf("%v, warnings %v", ok, warnings)
	}
	want := []string{"apoc.export.file.enabled=false file", "apoc.import.file.enabled=false environment", `apoc.jdbc.shop.url=jdbc:x?a=b\c environment`,
		"apoc.ttl.enabled=false file", "apoc.ttl.schedule=300 default"}
	var got []string
	for _, s := range apoc.Settings() {
		got = append(got, s.Name+"="+s.Value+" "+s.Source.String())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, s := range c.Settings() {
		if strings.HasPrefix(s.Name, "apoc.") {
			t.Errorf("%s in neo4j.conf stops the server", s.Name)
		}
	}
	golden(t, "5.26-apoc.conf", apoc.Bytes())

	in.APOC = apoc.Bytes()
	again, _ := render(t, in)
	if second, _ := again.APOC(); string(second.Bytes()) != string(apoc.Bytes()) {
		t.Errorf("the second start differs:\n%s", second.Bytes())
	}
	in.APOC = []byte(`a=\u12`)
	if _, _, err := Render(in); err == nil || !strings.Contains(err.Error(), "apoc.conf") {
		t.Errorf("a file that cannot be read: %v", err)
	}
}

func TestNobodyWhoSaysNothingOfAPOCGetsAFileForIt(t *testing.T) {
	c, _ := render(t, Input{Dialect: dialect(t, 2026, 8, Community)})
	if _, ok := c.APOC(); ok {
		t.Error("apoc.conf for nothing")
	}
	c, _ = render(t, cluster(dialect(t, 4, 4, Enterprise), Core))
	if _, ok := c.APOC(); ok {
		t.Error("4.4 has its settings in neo4j.conf")
	}
}

func TestSettingsOfAPOCThatNobodyAsksForAnyMoreAreGone(t *testing.T) {
	in := Input{Dialect: dialect(t, 2026, 8, Community), Env: map[string]string{"NEO4J_apoc_export_file_enabled": "true"}}
	c, _ := render(t, in)
	first, _ := c.APOC()
	in.Env, in.APOC = nil, first.Bytes()
	c, _ = render(t, in)
	if second, ok := c.APOC(); !ok || len(second.Settings()) != 0 || strings.Contains(string(second.Bytes()), "apoc.export") {
		t.Errorf("the file of the last start stays: %v\n%s", ok, second.Bytes())
	}
}
