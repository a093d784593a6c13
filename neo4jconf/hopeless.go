package neo4jconf

import (
	"regexp"
	"strings"
	"sync"
)

// symptom is a text in Neo4j's output that no restart can cure.
type symptom struct {
	text   *regexp.Regexp
	reason string
	source string // where the text was seen; what says "read" is from code or manual and was never produced
}

// hopeless texts of all generations. Only the cause itself counts, not the lines around it: "Failed to start Neo4j" also
// stands above a port that is taken, which may be free in a minute. A bad store of 4.x and later stops its
// database and not the server, unless it is that of the system database.
var hopeless = sync.OnceValue(func() []symptom {
	return []symptom{
		{regexp.MustCompile(`Bad value '.*' for setting '|InvalidSettingException:|Invalid number format: '`), badSetting, "run of 3.5.0-beta03"},
		{regexp.MustCompile(`IllegalArgumentException: ('.*' (is not a valid|not one of )|Failed to validate '|(minimum|maximum) allowed value is|Missing numeric value)`), badSetting, "run of 4.0.12, 4.2.19 and 4.4.48"},
		{regexp.MustCompile(`Database name '.*' contains illegal characters`), badSetting, "run of 4.0.12 and 4.4.48"},
		{regexp.MustCompile(`Unrecogni[z]ed setting\. No declared setting with name`), badSetting, "run of 4.2.19 and 4.4.48 with strict validation, 5.26.30 and 2026.08.1"},
		{regexp.MustCompile(`Error evaluating value for setting '|\S declared multiple times\.|APOC settings must be in their own configuration file`), badSetting, "run of 5.26.30 and 2026.08.1"},
		{regexp.MustCompile(`Malformed \\uxxxx encoding`), badSetting, "run of 3.5.0-beta03 and 4.4.48"},
		{regexp.MustCompile(`Missing mandatory (non-empty )?value for '|Your configured database name has changed`), badSetting, "read in the jars of 3.5.0-beta03"},
		{regexp.MustCompile(`Invalid memory configuration - exceeds physical memory`), "more memory is configured than the machine has", "run of 4.4.48, 5.26.30 and 2026.08.1"},
		{regexp.MustCompile(`Invalid (maximum|initial) heap size|Initial heap size set to a larger value than the maximum heap size|Too small (maximum|initial) heap|Unrecogni[z]ed (VM )?option`), "Java refuses its arguments", "run of Java 17"},
		{regexp.MustCompile(`UnsupportedClassVersionError|has been compiled by a more recent version of the Java Runtime`), badJava, "run of Java 11 with newer classes"},
		{regexp.MustCompile(`module java\.base does not open|Could not get Throwable message field|cannot be started using java version`), badJava, "run of 3.5.0-beta03 and 4.4.48 with Java 17; the last is read in bin/neo4j of 3.5"},
		{regexp.MustCompile(`Unable to find Java executable|JAVA_HOME is incorrectly defined as`), "there is no Java", "read in bin/neo4j of 3.5"},
		{regexp.MustCompile(`Could not find or load main class`), "Neo4j's files are incomplete", "run of 4.0.12 without its server"},
		{regexp.MustCompile(`Unknown store version '`), badStore, "run of 3.5.0-beta03 on a 4.x store"},
		{regexp.MustCompile(`the database files require upgrading and upgrades are disabled`), badStore, "read in the jars of 3.5.0-beta03"},
		{regexp.MustCompile(`Not possible to upgrade a store with version|Downgrading stores are not supported|does not contain a store version`), badStore, "read in the jars of 3.5.0-beta03"},
		{regexp.MustCompile(`UnsupportedLogVersionException: Log file contains entries with prefix \d+, and the highest supported`), badStore, "run of 5.26.30 on a store of 2026.08.1"},
		{regexp.MustCompile(`must accept the license agreement`), badLicense, "read in the image's entrypoint"},
	}
})

const (
	badSetting = "a setting is wrong"
	badJava    = "this Java does not fit this version of Neo4j"
	badLicense = "the license is not accepted"
	badStore   = "the store is of a version that this Neo4j does not open"
)

// longestReason bounds what of a line goes into a reason, in bytes: 3.5 repeats a cause several times in one line.
const longestReason = 300

var (
	starting = regexp.MustCompile(`\bStarting\.\.\.`)
	started  = regexp.MustCompile(`\bStarted\.`)
)

// Hopeless looks through the last lines of Neo4j's output and logs for a text that no restart can cure, and returns what
// it means with the line that says so. Neo4j ends with exit code 1 for these as for all else. What a server says after it
// has started does not count, such as the same complaint about a setting that a user tried to change.
func Hopeless(lines []string) (reason string, ok bool) {
	up := false
	for _, line := range lines {
		switch {
		case starting.MatchString(line):
			up, reason = false, ""
		case started.MatchString(line):
			up, reason = true, ""
		case !up && reason == "":
			reason = complaint(line)
		}
	}
	return reason, reason != ""
}

// HopelessExit tells what Neo4j's own exit code means when no restart can cure it. 1 and 2 stand for all else, such as a
// port that is taken (jar: NeoBootstrapper of 4.4.48, 5.26.30 and 2026.08.1; 3 by runs of the last two).
func HopelessExit(code int) (reason string, ok bool) {
	reason, ok = map[int]string{3: badSetting, 4: badLicense}[code]
	return reason, ok
}

// Speechless tells whether a server that failed had nothing to say in the lines that its debug.log got since its start:
// it never came to run, since its configuration was refused, and the reason is on its output only. What 3.5 says of the
// Java that runs it comes before it reads its configuration (run of 3.5.0-beta03).
func Speechless(lines []string) bool {
	for _, line := range lines {
		if !ofJvmChecker.MatchString(line) {
			return false
		}
	}
	return true
}

// The line is JSON since 2025 (manual, "Logging").
var ofJvmChecker = regexp.MustCompile(`JvmChecker[]"]`)

func complaint(line string) string {
	for _, s := range hopeless() {
		if at := s.text.FindStringIndex(line); at != nil {
			return s.reason + ": " + excerpt(line, at[0])
		}
	}
	return ""
}

// excerpt cuts a long line so that the text at the given place stays.
func excerpt(line string, at int) string {
	if len(line) > longestReason {
		line = line[at:min(at+longestReason, len(line))]
	}
	return strings.ToValidUTF8(strings.TrimSpace(line), "")
}
