package neo4jconf

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// launcher is whether bin/neo4j is a JVM that starts the server as its child. Before it is a shell script that becomes
// the server (image, "ENTRYPOINT"; jar: org.neo4j.server.startup.Neo4jCommand).
var launcher = fact{head{v35, v43}, cells{"", "yes"}}

func (d Dialect) hasLauncher() bool { return d.fact(launcher) != "" }

// consoleMode is what the launcher adds so that the server logs to its output (jar).
var consoleMode = fact{head{v35, v50}, cells{"", "--console-mode"}}

// Console returns the command that runs the server in the foreground. With expand the commands in neo4j.conf are run,
// which 4.2 and later know (manual, "Command expansion").
func (d Dialect) Console(home string, expand bool) []string {
	argv := []string{path.Join(home, "bin/neo4j"), "console"}
	if expand && d.expands() {
		argv = append(argv, expandCommands)
	}
	return argv
}

const expandCommands = "--expand-commands"

var expansion = fact{head{v35, v42}, cells{"", "yes"}}

func (d Dialect) expands() bool { return d.fact(expansion) != "" }

// DryRun returns the command that prints the line of the server's JVM and starts none but the launcher's, as the official
// image runs it; nil where there is no launcher.
func (d Dialect) DryRun(home string, expand bool) []string {
	if !d.hasLauncher() {
		return nil
	}
	return append(d.Console(home, expand), "--dry-run")
}

// JavaLine takes the server's command from what a dry run printed, one line each, and the other lines, which are warnings.
// It fails when it does not know every word: the command is then to be left to the launcher.
func (d Dialect) JavaLine(output []string, home, conf string, expand bool) (argv, notes []string, err error) {
	last := []string{"--home-dir=" + path.Clean(home), "--config-dir=" + path.Clean(conf)}
	if expand && d.expands() {
		last = append(last, expandCommands)
	}
	if mode := d.fact(consoleMode); mode != "" {
		last = append(last, mode)
	}
	for _, line := range output {
		if !strings.Contains(line, " --home-dir=") {
			notes = append(notes, line)
			continue
		}
		if argv != nil {
			return nil, nil, errors.New("cannot read the java line: there are two")
		}
		if argv, err = javaWords(line, last); err != nil {
			return nil, nil, fmt.Errorf("cannot read the java line: %v", err)
		}
	}
	if argv == nil {
		return nil, nil, errors.New("cannot read the java line: none was printed")
	}
	return argv, notes, nil
}

// javaWords is the line `/…/java -cp PATHS -options… Main --home-dir=…`, which must end with the words of last.
func javaWords(line string, last []string) ([]string, error) {
	words, err := unquote(line)
	if err != nil {
		return nil, err
	}
	main := len(words) - len(last) - 1
	switch {
	case main < 3 || !path.IsAbs(words[0]) || path.Base(words[0]) != "java" || words[1] != "-cp":
		return nil, errors.New("it does not begin with java and its classpath")
	case !slices.Equal(words[main+1:], last):
		return nil, fmt.Errorf("it does not end with %s", strings.Join(last, " "))
	case !mainClass.MatchString(words[main]):
		return nil, errors.New("it names no main class")
	}
	for i, word := range words[3:main] {
		if !strings.HasPrefix(word, "-") && !slices.Contains(takesWord, words[i+2]) {
			return nil, errors.New("a word among Java's options is no option")
		}
	}
	return words, nil
}

var mainClass = regexp.MustCompile(`^(com|org)\.neo4j\.[\w.]+$`)

// takesWord lists the options of Java that may have their value in a word of its own ("The java Command").
var takesWord = []string{
	"--add-exports", "--add-modules", "--add-opens", "--add-reads", "--enable-native-access", "--limit-modules",
	"--module-path", "-p", "--upgrade-module-path",
}

// unquote splits a line into words as the launcher joins them, by one blank each: a word with a double quote is in single
// quotes, one with a single quote or a blank in double quotes, and nothing is escaped or expanded (jar:
// Bootloader.quoteArgument of 4.3.0 to 2026.08.1). A word with both kinds of quotes is refused there.
func unquote(line string) ([]string, error) {
	var words []string
	for rest, more := line, true; more; {
		var word string
		quote := ""
		if rest != "" && (rest[0] == '\'' || rest[0] == '"') {
			quote, rest = rest[:1], rest[1:]
		}
		word, rest, more = strings.Cut(rest, quote+" ")
		if quote != "" && !more {
			if !strings.HasSuffix(word, quote) {
				return nil, errors.New("a quote has no end")
			}
			word = word[:len(word)-1]
		}
		if word == "" || quoteOf(word) != quote {
			return nil, errors.New("a word is not quoted as the launcher does")
		}
		words = append(words, word)
	}
	return words, nil
}

// quoteOf is what the launcher puts around a word; both kinds of quotes in one are no word of its.
func quoteOf(word string) string {
	double, single := strings.Contains(word, `"`), strings.Contains(word, "'")
	switch {
	case double && single:
		return "none"
	case double:
		return "'"
	case single || strings.Contains(word, " "):
		return `"`
	}
	return ""
}

// JarFolders returns the folders whose jars the server loads: what its command depends on beside the configuration.
func (c Config) JarFolders() []string {
	return []string{resolve(c.home, "", "lib"), resolve(c.home, c.get(pluginsDir), "plugins")}
}
