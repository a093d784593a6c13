package neo4jconf

import (
	"encoding/xml"
	"path"
	"regexp"
	"slices"
	"strings"
)

// shippedQueryLog is the query log as Neo4j 5 and later ship it in conf/server-logs.xml, and in their jars for where that
// file is missing (jar: default-server-logs.xml of 5.26.30 and 2026.08.1). Whoever changed any of it wants it otherwise.
var shippedQueryLog = regexp.MustCompile(
	`(<RollingRandomAccessFile name="QueryLog" fileName="\$\{config:server\.directories\.logs\}/)query(\.log"` +
		`\s+filePattern="\$\$\{config:server\.directories\.logs\}/)query(\.log\.%02i">\s*` +
		`<[^<>]*/>\s*<Policies>\s*<SizeBasedTriggeringPolicy size=")20 MB("/>\s*</Policies>\s*` +
		`<DefaultRolloverStrategy fileIndex="min" max=")7("/>)`)

// ourQueryLog is where the replaced system had the query log and how it was rotated: ten files of 10 MB.
const ourQueryLog = "${1}slow_query${2}slow_query${3}10 MB${4}10${5}"

// ServerLogs returns the server-logs.xml that this configuration needs, and false where what is there is to stay: without
// NEO4J_QUERY_LOG, before 5, and where the user changed the query log in it or has another file. The other logs stay as
// they are. It belongs beside neo4j.conf.
func (c Config) ServerLogs() ([]byte, bool) {
	if !c.dialect.strict() || !c.queryLog || c.dialect.Edition != Enterprise || c.loggingElsewhere() {
		return nil, false
	}
	found := c.logging
	if found == nil {
		found = []byte(c.dialect.shippedLogging())
	}
	ours := shippedQueryLog.ReplaceAll(found, []byte(ourQueryLog))
	if path.Base(readLogging(ours)["query"].name) != "slow_query.log" {
		return nil, false
	}
	return ours, true
}

// loggingElsewhere tells whether the user has the log configuration in a file of his own choice.
func (c Config) loggingElsewhere() bool {
	name := c.dialect.name(serverLogs)
	return slices.ContainsFunc(c.settings, func(s Setting) bool { return s.Name == name && s.Source > Default })
}

// logging is what of a server-logs.xml tells where logs lie.
type logging struct {
	Appenders struct {
		All []struct {
			Name    string `xml:"name,attr"`
			File    string `xml:"fileName,attr"`
			Pattern string `xml:"filePattern,attr"`
		} `xml:",any"`
	}
	Loggers struct {
		All []struct {
			Name string `xml:"name,attr"`
			Refs []struct {
				Ref string `xml:"ref,attr"`
			} `xml:"AppenderRef"`
		} `xml:",any"`
	}
}

// loggers are the names of the logs' loggers (manual, "Logging"). The root logger, which has none, writes debug.log.
var loggers = map[string]string{"": "debug", "QueryLogger": "query", "SecurityLogger": "security", "HttpLogger": "http"}

// logFile is where a log is written, and how its rotated files are called, as a server-logs.xml says it.
type logFile struct{ name, pattern string }

// readLogging returns the files that a server-logs.xml names by log. There are none in what is no XML.
func readLogging(file []byte) map[string]logFile {
	var read logging
	if xml.Unmarshal(file, &read) != nil {
		return nil
	}
	files, found := map[string]logFile{}, map[string]logFile{}
	for _, appender := range read.Appenders.All {
		files[appender.Name] = logFile{appender.File, appender.Pattern}
	}
	for _, logger := range read.Loggers.All {
		for _, to := range logger.Refs {
			if log := loggers[logger.Name]; log != "" && found[log].name == "" {
				found[log] = files[to.Ref]
			}
		}
	}
	return found
}

// loggedTo returns the path of a log by the server-logs.xml in force, and the shipped one where it cannot be told: the file may
// look things up that only the server knows.
func (c Config) loggedTo(files map[string]logFile, log, logs string) string {
	file := strings.Replace(files[log].name, logsLookup, logs, 1)
	if file == "" || strings.Contains(file, "$") {
		return path.Join(logs, log+".log")
	}
	return resolve(c.home, file, "")
}

// namedLogs are the files that the server-logs.xml names that will be there, where the agent knows it.
func (c Config) namedLogs() map[string]logFile {
	file, ours := c.ServerLogs()
	if !ours && !c.loggingElsewhere() {
		file = c.logging
	}
	return readLogging(file)
}

// logsLookup is how a server-logs.xml names the directory of the logs; in a pattern with one $ more (manual, "Logging").
const logsLookup = "${config:server.directories.logs}"

// changing are the parts of a filePattern that differ from file to file: dates, counters, and the time of the rotation
// (https://logging.apache.org/log4j/2.x/manual/appenders/rolling-file.html).
var changing = regexp.MustCompile(`%-?\d*[di](\{[^{}]*\})*|\$\$?\{date:[^{}]*\}`)

// RotatedLogs returns by log what the paths of its rotated files match (path.Match), for those that server-logs.xml puts
// elsewhere than beside the log under a name that goes on from its own. A pattern that looks things up that only the server
// knows is passed over.
func (c Config) RotatedLogs() map[string]string {
	found := map[string]string{}
	if !c.dialect.strict() {
		return found
	}
	logs, files := resolve(c.home, c.get(logsDir), "logs"), c.LogFiles()
	for log, file := range c.namedLogs() {
		pattern := strings.Replace(strings.Replace(file.pattern, "$"+logsLookup, logs, 1), logsLookup, logs, 1)
		rest := changing.ReplaceAllString(pattern, "")
		if pattern == "" || strings.ContainsAny(rest, "$%") || files[log] == "" || strings.HasPrefix(pattern, files[log]+".") {
			continue
		}
		pattern = strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(pattern)
		found[log] = resolve(c.home, changing.ReplaceAllStringFunc(pattern, func(part string) string {
			return "*" + strings.Repeat("/*", strings.Count(part, "/")) // a date may be folders
		}), "")
	}
	return found
}

// configuredLogs returns the paths of the logs by the server-logs.xml that will be there. user-logs.xml is not read: the
// agent reads Neo4j's output itself.
func (c Config) configuredLogs(logs string) map[string]string {
	named := c.namedLogs()
	files := map[string]string{"user": path.Join(logs, "neo4j.log")}
	for _, log := range loggers {
		if c.dialect.Edition == Enterprise || log == "debug" || log == "http" {
			files[log] = c.loggedTo(named, log, logs)
		}
	}
	return files
}

// serverLogs is a server-logs.xml with what the shipped one says: five files of 20 MB of HTTP, seven of each other log.
const (
	serverLogsHead = `<?xml version="1.0" encoding="UTF-8"?>
<Configuration status="ERROR" monitorInterval="30">
    <Appenders>
`
	serverLogsFile = `        <RollingRandomAccessFile name="NAME" fileName="${config:server.directories.logs}/FILE.log"
                                 filePattern="$${config:server.directories.logs}/FILE.log.%02i">
            LAYOUT
            <Policies>
                <SizeBasedTriggeringPolicy size="20 MB"/>
            </Policies>
            <DefaultRolloverStrategy fileIndex="min" max="MAX"/>
        </RollingRandomAccessFile>
`
	serverLogsTail = `    </Appenders>
    <Loggers>
        <Root level="INFO">
            <AppenderRef ref="DebugLog"/>
        </Root>
        <Logger name="QueryLogger" level="INFO" additivity="false">
            <AppenderRef ref="QueryLog"/>
        </Logger>
        <Logger name="HttpLogger" level="INFO" additivity="false">
            <AppenderRef ref="HttpLog"/>
        </Logger>
        <Logger name="SecurityLogger" level="INFO" additivity="false">
            <AppenderRef ref="SecurityLog"/>
        </Logger>
    </Loggers>
</Configuration>
`
	textLayout = `<PatternLayout pattern="%d{yyyy-MM-dd HH:mm:ss.SSSZ}{GMT+0} %-5p %m%n"/>`
)

// debugLayout is how debug.log is written (jar).
var debugLayout = fact{head{v35, v50, v2025}, cells{"",
	`<Neo4jDebugLogLayout pattern="%d{yyyy-MM-dd HH:mm:ss.SSSZ}{GMT+0} %-5p [%c{1.}] %m%n"/>`,
	`<JsonTemplateLayout eventTemplateUri="classpath:org/neo4j/logging/StructuredLayoutWithMessage.json"/>`}}

func (d Dialect) shippedLogging() string {
	var text strings.Builder
	text.WriteString(serverLogsHead)
	for _, log := range [][4]string{
		{"DebugLog", "debug", d.fact(debugLayout), "7"}, {"HttpLog", "http", textLayout, "5"},
		{"QueryLog", "query", textLayout, "7"}, {"SecurityLog", "security", textLayout, "7"},
	} {
		_, _ = strings.NewReplacer("NAME", log[0], "FILE", log[1], "LAYOUT", log[2], "MAX", log[3]).WriteString(&text, serverLogsFile)
	}
	text.WriteString(serverLogsTail)
	return text.String()
}
