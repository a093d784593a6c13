package neo4jconf

import (
	"path"
	"slices"
	"strings"
)

// DataDir returns the data directory.
func (c Config) DataDir() string { return resolve(c.home, c.get(dataDir), "data") }

// Directories returns the directories that must exist and belong to Neo4j's user before it starts, parents first.
func (c Config) Directories() []string {
	data := c.DataDir()
	found := []string{data, path.Join(data, "dbms"), path.Join(data, "databases")}
	if name := c.dialect.name(transactionLogsDir); name != "" {
		found = append(found, resolve(c.home, c.get(transactionLogsDir), path.Join(data, "transactions")))
	}
	logs := resolve(c.home, c.get(logsDir), "logs")
	found = append(found, logs)
	if c.dialect.Edition == Enterprise {
		found = append(found, resolve(c.home, c.get(metricsDir), "metrics"))
		if log := c.LogFiles()["query"]; !slices.Contains(found, path.Dir(log)) {
			found = append(found, path.Dir(log))
		}
	}
	return found
}

// LogFiles returns the paths of Neo4j's own logs by name: debug, http, user, and with Enterprise query and security,
// without those that are not written. They may not exist yet. A relative path starts at the logs directory in 4.x; 3.5
// refuses it (jar). From 5 on server-logs.xml says where they are.
func (c Config) LogFiles() map[string]string {
	logs := resolve(c.home, c.get(logsDir), "logs")
	files := c.legacyLogs(logs)
	if c.dialect.strict() {
		files = c.configuredLogs(logs)
	}
	for log := range c.UnwrittenLogs() {
		delete(files, log)
	}
	return files
}

func (c Config) legacyLogs(logs string) map[string]string {
	files := map[string]string{
		"debug": resolve(logs, c.get(debugLogPath), "debug.log"),
		"http":  resolve(logs, c.get(httpLogPath), "http.log"),
		"user":  resolve(logs, c.get(userLogPath), "neo4j.log"),
	}
	if c.dialect.Edition == Enterprise {
		files["query"] = resolve(logs, c.get(queryLogPath), "query.log")
		files["security"] = resolve(logs, c.get(securityLogPath), "security.log")
	}
	return files
}

// UnwrittenLogs returns the logs that this configuration writes to no file, each with the setting that would have it
// written. The query log is none of them: it can be switched on while Neo4j runs. Before 5 the user log goes to stdout
// unless told otherwise, and no version logs requests unless told to (jars of 3.5.0, 4.4.48, 5.26.30 and 2026.08.1).
func (c Config) UnwrittenLogs() map[string]string {
	off := map[string]string{}
	if name := c.dialect.name(userLogStdout); name != "" && c.enabled(userLogStdout, "true") {
		off["user"] = name + "=false"
	}
	if !c.enabled(httpLogEnabled, "false") {
		off["http"] = c.dialect.name(httpLogEnabled) + "=true"
	}
	return off
}

// FormedBefore tells whether this member's volume proves that it was bound to a formed cluster. exists reports whether
// there is a file of that path. False means that there is no proof: a read replica keeps none, nor does a core of 4.x
// whose default database was renamed or dropped, and where 5 and later keep it is not known.
func (c Config) FormedBefore(exists func(path string) bool) bool {
	state := c.ClusterState()
	file := c.dialect.fact(boundFile)
	return file != "" && exists(path.Join(state, strings.ReplaceAll(file, "{database}", c.DefaultDatabase())))
}
