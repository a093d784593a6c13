package neo4jconf

import "slices"

// preset is a value that we set when nobody else did. Its cells may hold {host}, {logs}, {formation} and {binding}; a
// cell whose placeholder has no value is left out.
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
	head: head{v35, v40, v44},
	rows: []preset{
		{txLogRetention, "", always, cells{"100M size", "100M size", ""}},
		{pageCache, "", always, cells{"512M", "512M", "512M"}},
		{defaultListen, "", always, cells{"0.0.0.0", "0.0.0.0", "0.0.0.0"}},
		{httpsListen, "", plain, cells{"0.0.0.0:7473", "", ""}},
		{httpListen, "", plain, cells{"0.0.0.0:7474", "", ""}},
		{boltListen, "", plain, cells{"0.0.0.0:7687", "", ""}},
		{discoveryAdvertised, Enterprise, plain, cells{"{host}:5000", "{host}:5000", "{host}:5000"}},
		{transactionAdvertised, Enterprise, plain, cells{"{host}:6000", "{host}:6000", "{host}:6000"}},
		{raftAdvertised, Enterprise, plain, cells{"{host}:7000", "{host}:7000", "{host}:7000"}},
		{routingAdvertised, Enterprise, always, cells{"", "", "{host}:7688"}},
	},
}

// clusterPresets is what the replaced system sets in its clusters (shared/replaced-system.md, "Settings it writes").
// A status endpoint without password is what its load balancers ask. Formation size and binding time-out belong to cores:
// a read replica forms nothing.
var clusterPresets = presets{
	head: head{v35, v40},
	rows: []preset{
		{defaultAdvertised, Enterprise, clustered, cells{"{host}", "{host}"}},
		{backupListen, Enterprise, clustered, cells{"0.0.0.0:6362", "0.0.0.0:6362"}},
		{formationSize, Enterprise, cores, cells{"{formation}", "{formation}"}},
		{bindingTimeout, Enterprise, cores, cells{"{binding}", "{binding}"}},
		{allowUpgrade, Enterprise, clustered, cells{"false", "false"}},
		{statusAuth, Enterprise, clustered, cells{"false", "false"}},
		{metricsKeep, Enterprise, clustered, cells{"10", "10"}},
		{metricsSize, Enterprise, clustered, cells{"10M", "10M"}},
		{unrestricted, Enterprise, clustered, cells{"apoc.*", "apoc.*"}},
		{apocExport, Enterprise, clustered, cells{"true", "true"}},
		{apocTTL, Enterprise, clustered, cells{"true", "true"}},
		{apocTTLSchedule, Enterprise, clustered, cells{"300", "300"}},
	},
}

// queryLogPresets is what NEO4J_QUERY_LOG=enabled means in the replaced system, page logging included, which a typing
// error there left out. The switch was true or false in 3.5 and is OFF, INFO or VERBOSE since 4.0 (manual). The path is
// absolute because 3.5 refuses a relative one and 4.x starts it at the logs directory, not at the home (jar).
var queryLogPresets = presets{
	head: head{v35, v40},
	rows: []preset{
		{queryLogEnabled, Enterprise, always, cells{"true", "INFO"}},
		{queryLogThreshold, Enterprise, always, cells{"500ms", "500ms"}},
		{queryLogAllocation, Enterprise, always, cells{"true", "true"}},
		{queryLogPage, Enterprise, always, cells{"true", "true"}},
		{queryLogParameter, Enterprise, always, cells{"true", "true"}},
		{queryLogRuntime, Enterprise, always, cells{"true", "true"}},
		{queryLogTime, Enterprise, always, cells{"true", "true"}},
		{queryLogKeep, Enterprise, always, cells{"10", "10"}},
		{queryLogSize, Enterprise, always, cells{"10M", "10M"}},
		{queryLogPath, Enterprise, always, cells{"{logs}/slow_query.log", "{logs}/slow_query.log"}},
	},
}

// mountPresets is which setting the official image gives to a folder mounted at the root (image, "CHECK FILE PERMISSIONS
// ON MOUNTED FOLDERS"). /data needs none: the image's data directory is a link to it. 4.x has no setting for /ssl.
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
