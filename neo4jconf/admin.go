package neo4jconf

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// Admin is the neo4j-admin of one installation.
type Admin struct {
	Dialect Dialect
	Home    string // $NEO4J_HOME
	Conf    string // the folder of the neo4j.conf that tells it the directories; $NEO4J_CONF
	Java    string // JAVA_HOME, "" where its script finds Java by itself
	Heap    string // of its JVM, as -Xmx takes it; "" for Java's own choice
}

// Job is something that neo4j-admin does. Its paths are absolute, and folders that it writes to exist.
type Job interface{ write(l *adminLine) }

// AdminCommand is one run of neo4j-admin. It must run as the user that owns the store (manual, "Neo4j Admin").
type AdminCommand struct {
	Argv []string
	Env  []string // beside the PATH
	Dir  string   // working directory, "" for any: 5 before 5.24 puts temporary files there

	job     string
	version Version
	secret  string
}

// Command returns the run that does a job. It fails where this version or edition cannot do it, or part of it.
func (a Admin) Command(j Job) (AdminCommand, error) {
	l := adminLine{dialect: a.Dialect}
	j.write(&l)
	if l.err != nil {
		return AdminCommand{}, l.err
	}
	return AdminCommand{
		Argv:    append(a.program(), l.args...),
		Env:     a.environment(),
		Dir:     l.dir,
		job:     l.what,
		version: a.Dialect.Version,
		secret:  l.secret,
	}, nil
}

// String is the command line for people's eyes, without a password.
func (c AdminCommand) String() string {
	shown := slices.Clone(c.Argv)
	if i := slices.Index(shown, c.secret); i >= 0 && c.secret != "" {
		shown[i] = masked
	}
	return strings.Join(shown, " ")
}

// program is how the tool is started: by its script, which all tarballs and images have and which knows the classes of
// its version.
func (a Admin) program() []string { return []string{path.Join(a.Home, "bin/neo4j-admin")} }

// environment is what the tool reads, as its own help lists it. JAVA_OPTS would win over HEAP_SIZE and is left out.
func (a Admin) environment() []string {
	env := []string{"NEO4J_HOME=" + a.Home, "NEO4J_CONF=" + a.Conf}
	if a.Java != "" {
		env = append(env, "JAVA_HOME="+a.Java)
	}
	if a.Heap != "" {
		env = append(env, "HEAP_SIZE="+a.Heap)
	}
	return env
}

// adminLine grows into the arguments of one run. The first thing that cannot be done stays as its error.
type adminLine struct {
	dialect Dialect
	what    string // the job in an error
	args    []string
	dir     string
	secret  string
	err     error
}

// begin writes the words of the job.
func (l *adminLine) begin(j adminJob) {
	l.what = j.what
	words := l.dialect.fact(j.words)
	switch {
	case words == "":
		l.refuse("%s", j.words.missing("it", l.dialect.Version))
	case l.dialect.Edition == Community && !l.dialect.Version.since(j.community):
		l.refuse("it needs Enterprise")
	}
	l.args = strings.Fields(words)
}

// add writes one argument. An empty value is none.
func (l *adminLine) add(a adminArgument, value string) {
	if value == "" {
		return
	}
	if !l.can(a) {
		l.refuse("%s", a.form.missing(a.what, l.dialect.Version))
		return
	}
	l.args = append(l.args, strings.ReplaceAll(l.dialect.fact(a.form), "{}", value))
}

// addIf writes an argument that takes no value.
func (l *adminLine) addIf(a adminArgument, wanted bool) {
	if wanted {
		l.add(a, "true")
	}
}

// need is add for a value that the job cannot do without.
func (l *adminLine) need(a adminArgument, value string) {
	if value == "" {
		l.refuse("%s is missing", a.what)
	}
	l.add(a, value)
}

// can tells whether this version has an argument.
func (l *adminLine) can(a adminArgument) bool { return l.dialect.fact(a.form) != "" }

// addWhereKnown is add for a value that a version without the argument does well without.
func (l *adminLine) addWhereKnown(a adminArgument, value string) {
	if l.can(a) {
		l.add(a, value)
	}
}

func (l *adminLine) refuse(format string, args ...any) {
	if l.err == nil {
		l.err = fmt.Errorf("cannot %s with Neo4j %v %s: %s", l.what, l.dialect.Version, l.dialect.Edition,
			fmt.Sprintf(format, args...))
	}
}

// missing says why a version has no form of something.
func (f fact) missing(what string, v Version) string {
	for i, from := range f.head {
		if f.cells[i] != "" && !v.since(from) {
			return fmt.Sprintf("%s needs %d.%d or later", what, from.major, from.minor)
		}
	}
	return what + " is not in this version any more"
}
