package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"neo4j-agent/agent/settings"
	"neo4j-agent/neo4jconf"
	"neo4j-agent/supervisor"
)

// lineFile keeps, in our folder on the volume, the command that the launcher worked out.
const lineFile = "launch.json"

// dryRunLimit bounds the launcher. On two busy cores it took 3 to 4 s (4.4.48, 5.26.30, 2026.08.1).
const dryRunLimit = 2 * time.Minute

// fewFiles is how many open files the start scripts and launchers of all versions want at least. They look at the soft
// limit; the JVM raises that to the hard one (-XX:+MaxFDLimit).
const fewFiles = 40000

// javaLine is the server's own command. Arguments for Java may hold passwords, so its file is for its owner alone.
type javaLine struct {
	Key   string   `json:"key"`
	Argv  []string `json:"argv"`
	Notes []string `json:"notes,omitempty"` // what the launcher warned of
}

// findLine takes the launcher out of the way: from 4.3 on `neo4j console` is a JVM that stays beside the server's, and its
// dry run, which is one too, tells what it would start. The line is kept for as long as nothing that it depends on
// changes. A line that is not understood is left to the launcher. With the launcher go its pid file, as in the official
// image, and the list of directories that it prints; signals reach the server, which is then our own child.
func (p *preparation) findLine(ctx context.Context) error {
	dialect, home, expand := p.neo4j.dialect, p.settings.Home, p.settings.ExtendedConf
	p.launch.Argv = dialect.Console(home, expand)
	if p.dry || dialect.DryRun(home, expand) == nil {
		return nil
	}
	p.warnOfFewFiles()
	environ := append(settings.Scrub(settings.Environ()), p.launch.Env...)
	key := p.lineKey(environ)
	var line javaLine
	kept := volume(p.folders.state)
	// With expand, what commands in neo4j.conf say may change from start to start.
	if expand || kept.read(lineFile, &line) != nil || line.Key != key || len(line.Argv) == 0 {
		argv, notes, err := p.dryRun(ctx, environ)
		switch {
		case ctx.Err() != nil, errors.As(err, new(*exitError)):
			return err
		case err != nil:
			p.log.Warn().Msgf("Neo4j is started by its launcher, a second JVM: %v", err)
			return nil
		}
		line = javaLine{Key: key, Argv: argv, Notes: notes}
		p.keepLine(line)
	}
	for _, note := range line.Notes {
		p.log.Warn().Str("from", "neo4j console").Msg(note)
	}
	p.launch.Argv = line.Argv
	return nil
}

// dryRun asks the launcher. An error that has an exit code is one of the configuration, for which it refuses to start.
func (p *preparation) dryRun(ctx context.Context, environ []string) (argv, notes []string, err error) {
	dialect, home, expand := p.neo4j.dialect, p.settings.Home, p.settings.ExtendedConf
	var output bytes.Buffer
	result, err := supervisor.Tool{
		Argv: dialect.DryRun(home, expand), Env: environ, Output: &output, Limit: dryRunLimit,
	}.Run(ctx)
	if err != nil {
		return nil, nil, err
	}
	lines := strings.FieldsFunc(output.String(), func(r rune) bool { return r == '\n' })
	if result.ExitCode() == 0 {
		return dialect.JavaLine(lines, home, filepath.Dir(p.neo4j.conf), expand)
	}
	if reason, ok := neo4jconf.Hopeless(lines); ok {
		return nil, nil, withCode(exitConfig, fmt.Errorf("cannot start Neo4j: %s", reason))
	}
	last := strings.Join(lines[max(0, len(lines)-3):], "; ")
	return nil, nil, fmt.Errorf("its dry run ended with exit code %d: %s", result.ExitCode(), last)
}

// keepLine costs a JVM at the next start where it fails, and nothing else.
func (p *preparation) keepLine(line javaLine) {
	text, err := json.MarshalIndent(line, "", "  ")
	if err == nil {
		err = writeDurably(volume(p.folders.state).path(lineFile), append(text, '\n'), 0o600)
	}
	if err != nil {
		p.log.Warn().Msgf("the command of Neo4j is not kept: %v", err)
	}
}

// lineVariables is the environment that the start scripts, the launcher and Java read.
var lineVariables = append([]string{
	"JAVACMD", "JAVA_CMD", "JAVA_HOME", "NEO4J_CONF", "NEO4J_CONFIG_FILE_CHARSET", "NEO4J_HOME", "PATH",
}, neo4jconf.JavaVariables...)

// lineKey stands for all that the line depends on: this program, the configuration, the jars, the scripts, Java and the
// environment. The container's memory is not among it: the launcher does not look at it (jar).
func (p *preparation) lineKey(environ []string) string {
	digest := sha256.New()
	_, _ = fmt.Fprintf(digest, "%s\n%v %s\n", version, p.neo4j.dialect.Version, p.neo4j.dialect.Edition)
	for _, name := range []string{"neo4j.conf", "apoc.conf"} {
		text, _ := os.ReadFile(filepath.Join(filepath.Dir(p.neo4j.conf), name))
		_, _ = fmt.Fprintf(digest, "%s %d\n%s\n", name, len(text), text)
	}
	for _, folder := range append(p.neo4j.intent.Config.JarFolders(), filepath.Join(p.settings.Home, "bin")) {
		noteFolder(digest, folder)
	}
	seen := map[string]string{}
	for _, entry := range environ { // the last one counts, as for the tool
		name, value, _ := strings.Cut(entry, "=")
		seen[name] = value
	}
	for _, name := range lineVariables {
		_, _ = fmt.Fprintf(digest, "%s=%q\n", name, seen[name])
	}
	folders := filepath.SplitList(seen["PATH"])
	if seen["JAVA_HOME"] != "" {
		folders = []string{filepath.Join(seen["JAVA_HOME"], "bin")}
	}
	for _, folder := range folders {
		noteFile(digest, filepath.Join(folder, "java"))
	}
	return hex.EncodeToString(digest.Sum(nil))
}

// noteFolder adds what is in a folder, by name, size and time of change.
func noteFolder(to io.Writer, folder string) {
	entries, _ := os.ReadDir(folder) // sorted
	_, _ = fmt.Fprintf(to, "%s %d\n", folder, len(entries))
	for _, entry := range entries {
		noteFile(to, filepath.Join(folder, entry.Name()))
	}
}

func noteFile(to io.Writer, path string) {
	if info, err := os.Stat(path); err == nil {
		_, _ = fmt.Fprintf(to, "%q %d %d\n", path, info.Size(), info.ModTime().UnixNano())
	}
}

// warnOfFewFiles says what the launcher would say.
func (p *preparation) warnOfFewFiles() {
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) == nil && limit.Max < fewFiles {
		p.log.Warn().Uint64("limit", limit.Max).
			Msgf("Neo4j may open too few files: %d or more are recommended (ulimits nofile)", fewFiles)
	}
}
