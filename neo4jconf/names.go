package neo4jconf

import (
	"slices"
	"sync"
)

// setting is what a setting means, whatever it is called.
type setting int

const (
	mode setting = iota
	defaultListen
	defaultAdvertised
	boltEnabled
	boltListen
	boltAdvertised
	boltTLS
	httpEnabled
	httpListen
	httpAdvertised
	httpsEnabled
	httpsListen
	httpsAdvertised
	discoveryListen
	discoveryAdvertised
	transactionListen
	transactionAdvertised
	raftListen
	raftAdvertised
	routingListen
	routingAdvertised
	backupEnabled
	backupListen
	discoveryType
	discoveryMembers
	clusterEndpoints
	discoveryVersion
	formationSize
	bindingTimeout
	primariesCount
	freeServers
	modeConstraint
	systemMode
	dataDir
	logsDir
	metricsDir
	pluginsDir
	importDir
	licensesDir
	certificatesDir
	boltPolicy
	httpsPolicy
	clusterPolicy
	backupPolicy
	clusterStateDir
	transactionLogsDir
	databaseLogsDir
	activeDatabase
	heapInitial
	heapMax
	pageCache
	txLogRetention
	allowUpgrade
	authEnabled
	passwordLength
	statusAuth
	unrestricted
	apocExport
	apocTTL
	apocTTLSchedule
	metricsKeep
	metricsSize
	debugLogPath
	queryLogPath
	securityLogPath
	httpLogPath
	userLogPath
	userLogStdout
	httpLogEnabled
	queryLogEnabled
	queryLogThreshold
	queryLogAllocation
	queryLogPage
	queryLogParameter
	queryLogRuntime
	queryLogTime
	queryLogKeep
	queryLogSize
	serverLogs
	jvmAdditional
	settings // how many there are
)

// nameColumns heads the table of names. Manual, "Configuration settings" of each version.
var nameColumns = head{v35, v40, v50}

var names = [settings]cells{
	mode:              {"dbms.mode", "dbms.mode", ""},
	defaultListen:     {"dbms.connectors.default_listen_address", "dbms.default_listen_address", "server.default_listen_address"},
	defaultAdvertised: {"dbms.connectors.default_advertised_address", "dbms.default_advertised_address", "server.default_advertised_address"},
	boltEnabled:       {"dbms.connector.bolt.enabled", "dbms.connector.bolt.enabled", "server.bolt.enabled"},
	boltListen:        {"dbms.connector.bolt.listen_address", "dbms.connector.bolt.listen_address", "server.bolt.listen_address"},
	boltAdvertised:    {"dbms.connector.bolt.advertised_address", "dbms.connector.bolt.advertised_address", "server.bolt.advertised_address"},
	boltTLS:           {"dbms.connector.bolt.tls_level", "dbms.connector.bolt.tls_level", "server.bolt.tls_level"},
	httpEnabled:       {"dbms.connector.http.enabled", "dbms.connector.http.enabled", "server.http.enabled"},
	httpListen:        {"dbms.connector.http.listen_address", "dbms.connector.http.listen_address", "server.http.listen_address"},
	httpAdvertised:    {"dbms.connector.http.advertised_address", "dbms.connector.http.advertised_address", "server.http.advertised_address"},
	httpsEnabled:      {"dbms.connector.https.enabled", "dbms.connector.https.enabled", "server.https.enabled"},
	httpsListen:       {"dbms.connector.https.listen_address", "dbms.connector.https.listen_address", "server.https.listen_address"},
	httpsAdvertised:   {"dbms.connector.https.advertised_address", "dbms.connector.https.advertised_address", "server.https.advertised_address"},

	transactionListen:     {"causal_clustering.transaction_listen_address", "causal_clustering.transaction_listen_address", "server.cluster.listen_address"},
	transactionAdvertised: {"causal_clustering.transaction_advertised_address", "causal_clustering.transaction_advertised_address", "server.cluster.advertised_address"},
	raftListen:            {"causal_clustering.raft_listen_address", "causal_clustering.raft_listen_address", "server.cluster.raft.listen_address"},
	raftAdvertised:        {"causal_clustering.raft_advertised_address", "causal_clustering.raft_advertised_address", "server.cluster.raft.advertised_address"},
	routingListen:         {"", "dbms.routing.listen_address", "server.routing.listen_address"},
	routingAdvertised:     {"", "dbms.routing.advertised_address", "server.routing.advertised_address"},
	backupEnabled:         {"dbms.backup.enabled", "dbms.backup.enabled", "server.backup.enabled"},
	backupListen:          {"dbms.backup.address", "dbms.backup.listen_address", "server.backup.listen_address"},

	formationSize:  {"causal_clustering.minimum_core_cluster_size_at_formation", "causal_clustering.minimum_core_cluster_size_at_formation", "dbms.cluster.minimum_initial_system_primaries_count"},
	bindingTimeout: {"causal_clustering.cluster_binding_timeout", "causal_clustering.cluster_binding_timeout", "dbms.cluster.raft.binding_timeout"},
	primariesCount: {"", "", "initial.dbms.default_primaries_count"},
	freeServers:    {"", "", "initial.dbms.automatically_enable_free_servers"}, // since 5.10
	modeConstraint: {"", "", "initial.server.mode_constraint"},
	systemMode:     {"", "", "server.cluster.system_database_mode"},

	dataDir:            {"dbms.directories.data", "dbms.directories.data", "server.directories.data"},
	logsDir:            {"dbms.directories.logs", "dbms.directories.logs", "server.directories.logs"},
	metricsDir:         {"dbms.directories.metrics", "dbms.directories.metrics", "server.directories.metrics"},
	pluginsDir:         {"dbms.directories.plugins", "dbms.directories.plugins", "server.directories.plugins"},
	importDir:          {"dbms.directories.import", "dbms.directories.import", "server.directories.import"},
	licensesDir:        {"", "dbms.directories.licenses", "server.directories.licenses"},
	certificatesDir:    {"dbms.directories.certificates", "", ""}, // 4.x looks below $NEO4J_HOME/certificates, or where each SSL policy says
	boltPolicy:         {"bolt.ssl_policy", "", ""},               // since 4.0 a policy is named after what it is for
	httpsPolicy:        {"https.ssl_policy", "", ""},
	clusterPolicy:      {"causal_clustering.ssl_policy", "", ""},
	backupPolicy:       {"dbms.backup.ssl_policy", "", ""},
	clusterStateDir:    {"", "dbms.directories.cluster_state", "server.directories.cluster_state"},
	transactionLogsDir: {"", "dbms.directories.transaction.logs.root", "server.directories.transaction.logs.root"},
	databaseLogsDir:    {"dbms.directories.tx_log", "", ""}, // of the one database
	activeDatabase:     {"dbms.active_database", "dbms.default_database", "initial.dbms.default_database"},

	heapInitial: {"dbms.memory.heap.initial_size", "dbms.memory.heap.initial_size", "server.memory.heap.initial_size"},
	heapMax:     {"dbms.memory.heap.max_size", "dbms.memory.heap.max_size", "server.memory.heap.max_size"},

	pageCache:       {"dbms.memory.pagecache.size", "dbms.memory.pagecache.size", "server.memory.pagecache.size"},
	txLogRetention:  {"dbms.tx_log.rotation.retention_policy", "dbms.tx_log.rotation.retention_policy", "db.tx_log.rotation.retention_policy"},
	allowUpgrade:    {"dbms.allow_upgrade", "dbms.allow_upgrade", ""},
	authEnabled:     {"dbms.security.auth_enabled", "dbms.security.auth_enabled", "dbms.security.auth_enabled"},
	passwordLength:  {"", "", "dbms.security.auth_minimum_password_length"},
	statusAuth:      {"dbms.security.causal_clustering_status_auth_enabled", "dbms.security.causal_clustering_status_auth_enabled", "dbms.security.cluster_status_auth_enabled"},
	unrestricted:    {"dbms.security.procedures.unrestricted", "dbms.security.procedures.unrestricted", "dbms.security.procedures.unrestricted"},
	apocExport:      {"apoc.export.file.enabled", "apoc.export.file.enabled", "apoc.export.file.enabled"},
	apocTTL:         {"apoc.ttl.enabled", "apoc.ttl.enabled", "apoc.ttl.enabled"},
	apocTTLSchedule: {"apoc.ttl.schedule", "apoc.ttl.schedule", "apoc.ttl.schedule"},
	metricsKeep:     {"metrics.csv.rotation.keep_number", "metrics.csv.rotation.keep_number", "server.metrics.csv.rotation.keep_number"},
	metricsSize:     {"metrics.csv.rotation.size", "metrics.csv.rotation.size", "server.metrics.csv.rotation.size"},

	debugLogPath:       {"dbms.logs.debug.path", "dbms.logs.debug.path", ""},
	queryLogPath:       {"dbms.logs.query.path", "dbms.logs.query.path", ""},
	securityLogPath:    {"dbms.logs.security.path", "dbms.logs.security.path", ""},
	httpLogPath:        {"dbms.logs.http.path", "dbms.logs.http.path", ""},
	userLogPath:        {"dbms.logs.user.path", "dbms.logs.user.path", ""},
	userLogStdout:      {"dbms.logs.user.stdout_enabled", "dbms.logs.user.stdout_enabled", ""},
	httpLogEnabled:     {"dbms.logs.http.enabled", "dbms.logs.http.enabled", "dbms.logs.http.enabled"},
	queryLogEnabled:    {"dbms.logs.query.enabled", "dbms.logs.query.enabled", "db.logs.query.enabled"},
	queryLogThreshold:  {"dbms.logs.query.threshold", "dbms.logs.query.threshold", "db.logs.query.threshold"},
	queryLogAllocation: {"dbms.logs.query.allocation_logging_enabled", "dbms.logs.query.allocation_logging_enabled", ""},
	queryLogPage:       {"dbms.logs.query.page_logging_enabled", "dbms.logs.query.page_logging_enabled", ""},
	queryLogParameter:  {"dbms.logs.query.parameter_logging_enabled", "dbms.logs.query.parameter_logging_enabled", "db.logs.query.parameter_logging_enabled"},
	queryLogRuntime:    {"dbms.logs.query.runtime_logging_enabled", "dbms.logs.query.runtime_logging_enabled", ""},
	queryLogTime:       {"dbms.logs.query.time_logging_enabled", "dbms.logs.query.time_logging_enabled", ""},
	queryLogKeep:       {"dbms.logs.query.rotation.keep_number", "dbms.logs.query.rotation.keep_number", ""},
	queryLogSize:       {"dbms.logs.query.rotation.size", "dbms.logs.query.rotation.size", ""},
	serverLogs:         {"", "", "server.logs.config"},
	jvmAdditional:      {"dbms.jvm.additional", "dbms.jvm.additional", "server.jvm.additional"},
}

// discoveryColumns heads the names that changed more often than the others. The service of 5.23 asks the members at their
// transaction ports; its settings are in 5.22 too, the service is not (manual, "Cluster server discovery").
var discoveryColumns = head{v35, v50, v57, v523, v2025}

var discoveryNames = map[setting]cells{
	discoveryListen: {"causal_clustering.discovery_listen_address",
		"server.discovery.listen_address", "server.discovery.listen_address", "server.discovery.listen_address", ""},
	discoveryAdvertised: {"causal_clustering.discovery_advertised_address",
		"server.discovery.advertised_address", "server.discovery.advertised_address", "server.discovery.advertised_address", ""},
	discoveryType: {"causal_clustering.discovery_type",
		"dbms.cluster.discovery.type", "dbms.cluster.discovery.resolver_type", "dbms.cluster.discovery.resolver_type", "dbms.cluster.discovery.resolver_type"},
	discoveryMembers: {"causal_clustering.initial_discovery_members",
		"dbms.cluster.discovery.endpoints", "dbms.cluster.discovery.endpoints", "dbms.cluster.discovery.endpoints", ""},
	clusterEndpoints: {"", "", "", "dbms.cluster.discovery.v2.endpoints", "dbms.cluster.endpoints"},
	discoveryVersion: {"", "", "", "dbms.cluster.discovery.version", ""},
}

// name is what this dialect calls a setting, "" when it has none.
func (d Dialect) name(s setting) string {
	if row, ok := discoveryNames[s]; ok {
		return discoveryColumns.in(d.Version, row)
	}
	return nameColumns.in(d.Version, names[s])
}

// oldNames are all that a setting was ever called since 4.0.
var oldNames = sync.OnceValue(func() map[string]setting {
	old := map[string]setting{}
	for s := range settings {
		for _, name := range slices.Concat(names[s][min(1, len(names[s])):], discoveryNames[s]) {
			if name != "" {
				old[name] = s
			}
		}
	}
	return old
})

// renamed returns what a name of 4.0 or later is called now, and false when this version has nothing like it any more.
// Neo4j 5 translates most of the old names itself, but not those of clusters and not where the new one is there too (jar).
func (d Dialect) renamed(name string) (string, bool) {
	s, known := oldNames()[name]
	if !known || !d.strict() {
		return name, true
	}
	now := d.name(s)
	return now, now != ""
}
