package neo4jconf

import "slices"

// preset is a value that we set when nobody else did. Its cells may hold placeholders, see fill; a cell whose
// placeholder has no value is left out.
type preset struct {
	setting setting
	edition Edition // "" for both
	when    scope
	values  cells
}

// scope says in which members a preset holds.
type scope int

const (
	always    scope = iota
	plain           // not a cluster of ours: exactly what the official image does
	clustered       // a cluster of ours, core or replica
	cores           // a core of ours
	replicas        // a read replica of ours
)

// presets are tables of values with the versions that they start at.
type presets struct {
	head head
	rows []preset
}

// imagePresets is what the official image's entrypoint adds where the user says nothing (image, "DOCKER SPECIFIC DEFAULT
// CONFIGURATIONS"). {host} is the host name there, and this member's own address in a cluster of ours. The connector
// addresses of 3.5 are left to the default listen address in a cluster of ours, where someone may set that one.
var imagePresets = presets{
	head: head{v35, v40, v44, v2025},
	rows: []preset{
		{txLogRetention, "", always, cells{"100M size", "100M size", "", ""}},
		{pageCache, "", always, cells{"{pagecache}", "{pagecache}", "{pagecache}", "{pagecache}"}},
		{defaultListen, "", always, cells{"0.0.0.0", "0.0.0.0", "0.0.0.0", "0.0.0.0"}},
		{httpsListen, "", plain, cells{"0.0.0.0:7473", "", "", ""}},
		{httpListen, "", plain, cells{"0.0.0.0:7474", "", "", ""}},
		{boltListen, "", plain, cells{"0.0.0.0:7687", "", "", ""}},
		{discoveryAdvertised, Enterprise, plain, cells{"{host}:5000", "{host}:5000", "{host}:5000", ""}},
		{transactionAdvertised, Enterprise, plain, cells{"{host}:6000", "{host}:6000", "{host}:6000", "{host}:6000"}},
		{raftAdvertised, Enterprise, plain, cells{"{host}:7000", "{host}:7000", "{host}:7000", "{host}:7000"}},
		{routingAdvertised, Enterprise, always, cells{"", "", "{host}:7688", "{host}:7688"}},
	},
}

// clusterPresets is what the replaced system sets in its clusters (shared/replaced-system.md, "Settings it writes").
// A status endpoint without password is what its load balancers ask. Formation size and binding time-out belong to cores:
// a read replica forms nothing.
var clusterPresets = presets{
	head: head{v35, v40, v50},
	rows: []preset{
		{defaultAdvertised, Enterprise, clustered, cells{"{host}", "{host}", "{host}"}},
		{backupListen, Enterprise, clustered, cells{"0.0.0.0:6362", "0.0.0.0:6362", "0.0.0.0:6362"}},
		{formationSize, Enterprise, cores, cells{"{formation}", "{formation}", "{formation}"}},
		{bindingTimeout, Enterprise, cores, cells{"{binding}", "{binding}", "{binding}"}},
		{allowUpgrade, Enterprise, clustered, cells{"false", "false", ""}},
		{statusAuth, Enterprise, clustered, cells{"false", "false", "false"}},
		{metricsKeep, Enterprise, clustered, cells{"10", "10", "10"}},
		{metricsSize, Enterprise, clustered, cells{"10M", "10M", "10M"}},
		{unrestricted, Enterprise, clustered, cells{"apoc.*", "apoc.*", "apoc.*"}},
		{apocExport, Enterprise, clustered, cells{"true", "true", "true"}},
		{apocTTL, Enterprise, clustered, cells{"true", "true", "true"}},
		{apocTTLSchedule, Enterprise, clustered, cells{"300", "300", "300"}},
	},
}

// serverPresets is what clusters of 5 and later lack by default. Databases would have one copy only, and a member that
// replaces a lost one would host nothing until somebody enables it. A read replica is a server that takes secondary copies
// only; on all others Neo4j may put either (manual, "Deploy an analytics cluster"). {service} see DiscoveryService.
var serverPresets = presets{
	head: head{v35, v50, v510, v523, v2025},
	rows: []preset{
		{primariesCount, Enterprise, cores, cells{"", "{primaries}", "{primaries}", "{primaries}", "{primaries}"}},
		{freeServers, Enterprise, cores, cells{"", "", "true", "true", "true"}},
		{modeConstraint, Enterprise, replicas, cells{"", "SECONDARY", "SECONDARY", "SECONDARY", "SECONDARY"}},
		{discoveryVersion, Enterprise, clustered, cells{"", "", "", "{service}", ""}},
	},
}

// heapPresets are sizes that the program worked out. One size is for both, so that the heap need not grow (manual,
// "Memory configuration").
var heapPresets = presets{
	head: head{v35},
	rows: []preset{
		{heapInitial, "", always, cells{"{heap}"}},
		{heapMax, "", always, cells{"{heap}"}},
	},
}

// queryLogPresets is what NEO4J_QUERY_LOG=enabled means in the replaced system, page logging included, which a typing
// error there left out. The switch was true or false in 3.5 and is OFF, INFO or VERBOSE since 4.0 (manual). The path is
// absolute because 3.5 refuses a relative one and 4.x starts it at the logs directory, not at the home (jar). From 5 on
// path and rotation are in server-logs.xml, and what the other switches added is always logged.
var queryLogPresets = presets{
	head: head{v35, v40, v50},
	rows: []preset{
		{queryLogEnabled, Enterprise, always, cells{"true", "INFO", "INFO"}},
		{queryLogThreshold, Enterprise, always, cells{"500ms", "500ms", "500ms"}},
		{queryLogAllocation, Enterprise, always, cells{"true", "true", ""}},
		{queryLogPage, Enterprise, always, cells{"true", "true", ""}},
		{queryLogParameter, Enterprise, always, cells{"true", "true", "true"}},
		{queryLogRuntime, Enterprise, always, cells{"true", "true", ""}},
		{queryLogTime, Enterprise, always, cells{"true", "true", ""}},
		{queryLogKeep, Enterprise, always, cells{"10", "10", ""}},
		{queryLogSize, Enterprise, always, cells{"10M", "10M", ""}},
		{queryLogPath, Enterprise, always, cells{"{logs}/slow_query.log", "{logs}/slow_query.log", ""}},
	},
}

// loggingPresets says where server-logs.xml lies: 5 looks for one in $NEO4J_HOME/conf only, wherever neo4j.conf is (manual).
var loggingPresets = presets{
	head: head{v35, v50},
	rows: []preset{{serverLogs, "", always, cells{"", "{conf}/server-logs.xml"}}},
}

// mountPresets is which setting the official image gives to a folder mounted at the root (image, "CHECK FILE PERMISSIONS
// ON MOUNTED FOLDERS"). /data needs none: the image's data directory is a link to it. Since 4.0 there is no setting for
// /ssl.
var mountPresets = struct {
	head head
	rows map[string]preset
}{
	head: head{v35, v40, v42},
	rows: map[string]preset{
		"/plugins":  {pluginsDir, "", always, cells{"/plugins", "/plugins", "/plugins"}},
		"/import":   {importDir, "", always, cells{"/import", "/import", "/import"}},
		"/metrics":  {metricsDir, Enterprise, always, cells{"/metrics", "/metrics", "/metrics"}},
		"/logs":     {logsDir, "", always, cells{"/logs", "/logs", "/logs"}},
		"/licenses": {licensesDir, "", always, cells{"", "", "/licenses"}},
		"/ssl":      {certificatesDir, "", always, cells{"/ssl", "", ""}},
	},
}

// dataRootPresets are the folders below NEO4J_DATA_ROOT that the replaced system linked to.
var dataRootPresets = presets{
	head: head{v35, v40},
	rows: []preset{
		{dataDir, "", always, cells{"{root}/data", "{root}/data"}},
		{logsDir, "", always, cells{"{root}/logs", "{root}/logs"}},
		{metricsDir, Enterprise, always, cells{"{root}/metrics", "{root}/metrics"}},
	},
}

// holds tells whether the preset is for this edition and kind of member.
func (p preset) holds(edition Edition, scopes []scope) bool {
	return (p.edition == "" || p.edition == edition) && slices.Contains(scopes, p.when)
}
