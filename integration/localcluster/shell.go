package localcluster

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// shellPom fetches cypher-shell with all that it needs.
const shellPom = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>local</groupId><artifactId>shell</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>org.neo4j</groupId><artifactId>cypher-shell</artifactId><version>` + shellVersion + `</version></dependency>
  </dependencies>
</project>
`

// CypherShell installs Neo4j's cypher-shell beside the parts, where it is missing, and gives the command that runs a
// query on a member. The benchmark compares the health check with it.
func (p *Parts) CypherShell(ctx context.Context, progress func(line string)) (func(m *Member, query string) *exec.Cmd, error) {
	java := filepath.Join(p.Dir, "jre-"+newJREVersion)
	jars := filepath.Join(p.Dir, "cypher-shell-"+shellVersion)
	err := p.install(ctx, progress, []step{
		jre(java, newJREVersion),
		{"cypher-shell " + shellVersion, jars, p.copyShell},
	})
	if err != nil {
		return nil, err
	}
	return func(m *Member, query string) *exec.Cmd {
		return exec.Command(filepath.Join(java, "bin", "java"), "-cp", filepath.Join(jars, "*"), "org.neo4j.shell.Main",
			"-a", m.BoltURI(), "-u", "neo4j", "-p", Password, "--format", "plain", query)
	}, nil
}

func (p *Parts) copyShell(ctx context.Context, dir string) error {
	maven, err := need("mvn", "Maven (Debian: apt-get install maven)")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "pom.xml"), []byte(shellPom), 0o644); err != nil {
		return fmt.Errorf("cannot write the pom: %v", err)
	}
	return runTool(ctx, dir, p.mavenJava(), maven, "--quiet", "--batch-mode",
		"-DincludeScope=runtime", "-DoutputDirectory="+dir, dependencyPlugin+":copy-dependencies")
}
