package neo4jconf

// setting is what a setting means, whatever it is called.
type setting int

const (
	mode setting = iota
	defaultListen
	defaultAdvertised
	boltEnabled
	boltListen
	boltTLS
	httpEnabled
	httpListen
	httpsEnabled
	httpsListen
	discoveryListen
	discoveryAdvertised
	transactionListen
	transactionAdvertised
	raftListen
	raftAdvertised
	routingAdvertised
	backupEnabled
	backupListen
	discoveryType
	discoveryMembers
	formationSize
	bindingTimeout
	dataDir
	logsDir
	metricsDir
	pluginsDir
	importDir
	licensesDir
	certificatesDir
	clusterStateDir
	transactionLogsDir
	activeDatabase
	pageCache
	txLogRetention
	allowUpgrade
	authEnabled
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
	queryLogEnabled
	queryLogThreshold
	queryLogAllocation
	queryLogPage
	queryLogParameter
	queryLogRuntime
	queryLogTime
	queryLogKeep
	queryLogSize
	jvmAdditional
	settings // how many there are
)

// nameColumns heads the table of names. Manual, "Configuration settings" of each version.
var nameColumns = head{
	/**/ v35 /*                                                    */, v40}

var names = [settings]cells{
	mode:              {"dbms.mode", "dbms.mode"},
	defaultListen:     {"dbms.connectors.default_listen_address", "dbms.default_listen_address"},
	defaultAdvertised: {"dbms.connectors.default_advertised_address", "dbms.default_advertised_address"},
	boltEnabled:       {"dbms.connector.bolt.enabled", "dbms.connector.bolt.enabled"},
	boltListen:        {"dbms.connector.bolt.listen_address", "dbms.connector.bolt.listen_address"},
	boltTLS:           {"dbms.connector.bolt.tls_level", "dbms.connector.bolt.tls_level"},
	httpEnabled:       {"dbms.connector.http.enabled", "dbms.connector.http.enabled"},
	httpListen:        {"dbms.connector.http.listen_address", "dbms.connector.http.listen_address"},
	httpsEnabled:      {"dbms.connector.https.enabled", "dbms.connector.https.enabled"},
	httpsListen:       {"dbms.connector.https.listen_address", "dbms.connector.https.listen_address"},

	discoveryListen:       {"causal_clustering.discovery_listen_address", "causal_clustering.discovery_listen_address"},
	discoveryAdvertised:   {"causal_clustering.discovery_advertised_address", "causal_clustering.discovery_advertised_address"},
	transactionListen:     {"causal_clustering.transaction_listen_address", "causal_clustering.transaction_listen_address"},
	transactionAdvertised: {"causal_clustering.transaction_advertised_address", "causal_clustering.transaction_advertised_address"},
	raftListen:            {"causal_clustering.raft_listen_address", "causal_clustering.raft_listen_address"},
	raftAdvertised:        {"causal_clustering.raft_advertised_address", "causal_clustering.raft_advertised_address"},
	routingAdvertised:     {"", "dbms.routing.advertised_address"},
	backupEnabled:         {"dbms.backup.enabled", "dbms.backup.enabled"},
	backupListen:          {"dbms.backup.address", "dbms.backup.listen_address"},

	discoveryType:    {"causal_clustering.discovery_type", "causal_clustering.discovery_type"},
	discoveryMembers: {"causal_clustering.initial_discovery_members", "causal_clustering.initial_discovery_members"},
	formationSize:    {"causal_clustering.minimum_core_cluster_size_at_formation", "causal_clustering.minimum_core_cluster_size_at_formation"},
	bindingTimeout:   {"causal_clustering.cluster_binding_timeout", "causal_clustering.cluster_binding_timeout"},

	dataDir:            {"dbms.directories.data", "dbms.directories.data"},
	logsDir:            {"dbms.directories.logs", "dbms.directories.logs"},
	metricsDir:         {"dbms.directories.metrics", "dbms.directories.metrics"},
	pluginsDir:         {"dbms.directories.plugins", "dbms.directories.plugins"},
	importDir:          {"dbms.directories.import", "dbms.directories.import"},
	licensesDir:        {"", "dbms.directories.licenses"},
	certificatesDir:    {"dbms.directories.certificates", ""}, // 4.x looks below $NEO4J_HOME/certificates, or where each SSL policy says
	clusterStateDir:    {"", "dbms.directories.cluster_state"},
	transactionLogsDir: {"", "dbms.directories.transaction.logs.root"},
	activeDatabase:     {"dbms.active_database", "dbms.default_database"},

	pageCache:       {"dbms.memory.pagecache.size", "dbms.memory.pagecache.size"},
	txLogRetention:  {"dbms.tx_log.rotation.retention_policy", "dbms.tx_log.rotation.retention_policy"},
	allowUpgrade:    {"dbms.allow_upgrade", "dbms.allow_upgrade"},
	authEnabled:     {"dbms.security.auth_enabled", "dbms.security.auth_enabled"},
	statusAuth:      {"dbms.security.causal_clustering_status_auth_enabled", "dbms.security.causal_clustering_status_auth_enabled"},
	unrestricted:    {"dbms.security.procedures.unrestricted", "dbms.security.procedures.unrestricted"},
	apocExport:      {"apoc.export.file.enabled", "apoc.export.file.enabled"},
	apocTTL:         {"apoc.ttl.enabled", "apoc.ttl.enabled"},
	apocTTLSchedule: {"apoc.ttl.schedule", "apoc.ttl.schedule"},
	metricsKeep:     {"metrics.csv.rotation.keep_number", "metrics.csv.rotation.keep_number"},
	metricsSize:     {"metrics.csv.rotation.size", "metrics.csv.rotation.size"},

	debugLogPath:       {"dbms.logs.debug.path", "dbms.logs.debug.path"},
	queryLogPath:       {"dbms.logs.query.path", "dbms.logs.query.path"},
	securityLogPath:    {"dbms.logs.security.path", "dbms.logs.security.path"},
	httpLogPath:        {"dbms.logs.http.path", "dbms.logs.http.path"},
	userLogPath:        {"dbms.logs.user.path", "dbms.logs.user.path"},
	queryLogEnabled:    {"dbms.logs.query.enabled", "dbms.logs.query.enabled"},
	queryLogThreshold:  {"dbms.logs.query.threshold", "dbms.logs.query.threshold"},
	queryLogAllocation: {"dbms.logs.query.allocation_logging_enabled", "dbms.logs.query.allocation_logging_enabled"},
	queryLogPage:       {"dbms.logs.query.page_logging_enabled", "dbms.logs.query.page_logging_enabled"},
	queryLogParameter:  {"dbms.logs.query.parameter_logging_enabled", "dbms.logs.query.parameter_logging_enabled"},
	queryLogRuntime:    {"dbms.logs.query.runtime_logging_enabled", "dbms.logs.query.runtime_logging_enabled"},
	queryLogTime:       {"dbms.logs.query.time_logging_enabled", "dbms.logs.query.time_logging_enabled"},
	queryLogKeep:       {"dbms.logs.query.rotation.keep_number", "dbms.logs.query.rotation.keep_number"},
	queryLogSize:       {"dbms.logs.query.rotation.size", "dbms.logs.query.rotation.size"},
	jvmAdditional:      {"dbms.jvm.additional", "dbms.jvm.additional"},
}

// name is what this dialect calls a setting, "" when it has none.
func (d Dialect) name(s setting) string { return nameColumns.in(d.Version, names[s]) }
