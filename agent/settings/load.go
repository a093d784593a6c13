package settings

import (
	"path"
	"slices"
	"strings"
)

// Source is where settings come from.
type Source struct {
	Environ  []string
	Secrets  map[string]string            // by variable; inherited from the parent, or resolved references. They win
	ReadFile func(string) ([]byte, error) // os.ReadFile when nil
	Strict   bool                         // an unknown AGENT_ name is a mistake, not a warning
}

// Report is what Load noticed beside mistakes.
type Report struct {
	Warnings []string // a sentence each, sorted
	Pending  []string // variables given that nothing in this version acts upon yet, sorted
}

// draft is Settings on the way, with what several variables decide together.
type draft struct {
	Settings
	admin, auth, previousAuth          auth
	debug                              bool
	labsPlugins                        []string
	defaultRegion                      string
	oldAccessKeyID, oldSecretAccessKey Secret
}

// loader is one run of Load.
type loader struct {
	draft
	*found
	wrong  map[string]bool // variables that already have a problem
	report Report
}

// Load parses everything. Its error is *Problems with all mistakes. The settings are there even then, the default in
// place of each wrong value: for a command that needs one or two of them, such as a health check, which may be unable to
// read the files that the entrypoint could read.
func Load(source Source) (*Settings, Report, error) {
	l := &loader{found: gather(source.Environ, source.Secrets, source.ReadFile), wrong: map[string]bool{}}
	for _, p := range l.problems {
		l.wrong[p.Variable] = true
	}
	for _, v := range table(&l.draft) {
		l.variable(v)
	}
	l.endpoints()
	l.neo4j()
	l.unknown(source.Strict)
	l.settle()
	l.References, l.Replaced = l.references, l.replaced()
	l.crossCheck()
	slices.Sort(l.report.Warnings)
	slices.Sort(l.report.Pending)
	return &l.Settings, l.report, asError(l.problems)
}

// given tells whether the variable has a value, or will have one from Secrets Manager.
func (l *loader) given(name string) bool {
	_, referred := l.references[name]
	return referred || l.values[name] != ""
}

func (l *loader) problem(variable, wrong, accepted string) {
	l.wrong[variable] = true
	l.problems = append(l.problems, Problem{variable, wrong, accepted})
}

func (l *loader) warn(text string) { l.report.Warnings = append(l.report.Warnings, text) }

// variable sets the default, then what is given over it.
func (l *loader) variable(v Variable) {
	if v.isPattern() {
		return
	}
	if v.Default != "" {
		l.parse(v.Name, v.Default, v.form)
	}
	value, there := l.values[v.Name]
	if _, referred := l.references[v.Name]; value != "" || there && v.evenEmpty && !referred {
		l.parse(v.Name, value, v.form)
	}
	if v.Pending && l.given(v.Name) {
		l.report.Pending = append(l.report.Pending, v.Name)
	}
}

func (l *loader) parse(name, value string, as form) {
	err := as.set(value)
	if err == nil {
		return
	}
	subject := shown(value) + " "
	if l.sealed[name] {
		subject = notShown
	}
	l.problem(name, subject+err.Error(), as.accepts)
}

// endpoints are the AWS_ENDPOINT_URL_<SERVICE> variables.
func (l *loader) endpoints() {
	l.AWS.Endpoints = map[string]string{}
	for name, value := range l.values {
		service, ok := strings.CutPrefix(name, endpointPrefix)
		if !ok || service == "" || value == "" {
			continue
		}
		var endpoint string
		l.parse(name, value, webAddress(&endpoint))
		if endpoint != "" {
			l.AWS.Endpoints[service] = endpoint
		}
	}
}

// neo4j collects the settings of neo4j.conf and warns of names that look like one but are none.
func (l *loader) neo4j() {
	l.Neo4j = map[string]Value{}
	for name, value := range l.values {
		if value == "" { // as in the image
			continue
		}
		if isSetting(name) {
			l.Neo4j[name] = Value{NewSecret(value), l.sealed[name]}
			continue
		}
		if _, looks := prefixed(name); looks && !Known(name) {
			l.warn(name + ": not a setting of Neo4j nor of the agent, so it is not used" + didYouMean(name))
		}
	}
}

// unknown finds AGENT_ names that nobody knows: a slip, or a task definition that is newer than the agent.
func (l *loader) unknown(strict bool) {
	for name := range l.values {
		if !strings.HasPrefix(name, agentPrefix) || Known(name) {
			continue
		}
		if wrong := "not a variable of this version" + didYouMean(name); strict {
			l.problem(name, wrong, "")
		} else {
			l.warn(name + ": " + wrong)
		}
	}
}

func didYouMean(name string) string {
	if near := Suggest(name); near != "" {
		return "; did you mean " + near + "?"
	}
	return ""
}

// settle decides what several variables decide together.
func (l *loader) settle() {
	if l.Discovery == "" {
		l.Discovery = DiscoveryNone
		if l.given("CLOUDMAP_SERVICE_ID") {
			l.Discovery = DiscoveryCloudMap
		}
	}
	if l.LogLevel == "" {
		l.LogLevel = "info"
		if l.debug {
			l.LogLevel = "debug"
		}
	}
	if l.Conf == "" {
		l.Conf = path.Join(l.Home, "conf")
	}
	if l.Plugins == nil {
		l.Plugins = l.labsPlugins
	}
	if l.ShipLogs == nil && l.QueryLog {
		l.ShipLogs = []string{"query"}
	}
	if l.AWS.Region == "" {
		l.AWS.Region = l.defaultRegion
	}
	if l.AWS.AccessKeyID.IsZero() {
		l.AWS.AccessKeyID = l.oldAccessKeyID
	}
	if l.AWS.SecretAccessKey.IsZero() {
		l.AWS.SecretAccessKey = l.oldSecretAccessKey
	}
	l.settleAdmin()
}

// settleAdmin lets NEO4J_ADMIN_PASSWORD win over NEO4J_AUTH, also while it still waits in Secrets Manager.
func (l *loader) settleAdmin() {
	chosen := l.auth
	if l.given("NEO4J_ADMIN_PASSWORD") {
		chosen = l.admin
		if l.admin.given() && l.auth.given() {
			chosen.mustChange = l.auth.mustChange && l.admin.same(l.auth)
			if !l.admin.same(l.auth) {
				l.warn("NEO4J_AUTH: says otherwise than NEO4J_ADMIN_PASSWORD, which wins")
			}
		}
	}
	l.AdminPassword, l.AuthDisabled, l.RequirePasswordChange = chosen.password, chosen.disabled, chosen.mustChange
	if l.PreviousAdminPassword.IsZero() {
		l.PreviousAdminPassword = l.previousAuth.password
	}
}

// crossCheck finds mistakes that no variable makes alone. A variable that is wrong by itself is left in peace.
func (l *loader) crossCheck() {
	if !l.wrong["AGENT_DISCOVERY"] {
		l.checkDiscovery()
	}
	if l.RegisterDiscovery && l.Discovery != DiscoveryCloudMap {
		l.problem("AGENT_REGISTER_DISCOVERY", "needs AGENT_DISCOVERY=cloudmap", "")
	}
	if l.ResetAdminPassword && !l.given("NEO4J_ADMIN_PASSWORD") && !l.given("NEO4J_AUTH") {
		l.problem("AGENT_RESET_ADMIN_PASSWORD", "needs NEO4J_ADMIN_PASSWORD or NEO4J_AUTH", "")
	}
	l.checkPairs()
	l.checkStream()
	if fromBucket(l.SnapshotPath) && !l.given("AWS_BACKUP_BUCKET") {
		l.problem("SNAPSHOT_PATH", shown(l.SnapshotPath)+" needs AWS_BACKUP_BUCKET", "")
	}
	if l.LogTarget == "cloudwatch" && len(l.ShipLogs) > 0 && l.LogGroup == "" && !l.wrong["AGENT_LOG_GROUP"] {
		l.missLogGroup()
	}
	if l.AWS.AccessKeyID.IsZero() != l.AWS.SecretAccessKey.IsZero() {
		l.problem("AWS_ACCESS_KEY_ID", "must be given together with AWS_SECRET_ACCESS_KEY", "")
	}
}

// missLogGroup tells that there is nowhere to send logs to. The system replaced had no group: its variables go on working.
func (l *loader) missLogGroup() {
	if l.given("AGENT_SHIP_LOGS") {
		l.problem("AGENT_LOG_GROUP", "missing, and AGENT_SHIP_LOGS is given", "a log group, or AGENT_LOG_TARGET `stdout`")
		return
	}
	l.warn("NEO4J_QUERY_LOG: the query log is not sent anywhere, since AGENT_LOG_GROUP is missing")
}

func (l *loader) checkDiscovery() {
	peers := len(l.Peers)
	named := slices.Contains([]Discovery{DiscoveryStatic, DiscoveryDNS, DiscoverySRV}, l.Discovery)
	switch {
	case l.Discovery == DiscoveryCloudMap && !l.given("CLOUDMAP_SERVICE_ID"):
		l.problem("CLOUDMAP_SERVICE_ID", "missing, and AGENT_DISCOVERY is cloudmap", "")
	case l.wrong["AGENT_PEERS"]:
	case named && peers == 0:
		l.problem("AGENT_PEERS", "missing, and AGENT_DISCOVERY is "+string(l.Discovery), "")
	case !l.given("AGENT_DISCOVERY") && peers > 0: // guessing none would make a database of its own of each member
		l.problem("AGENT_PEERS", "given without AGENT_DISCOVERY", "AGENT_DISCOVERY `static`, `dns` or `srv` beside it")
	case !named && peers > 0:
		l.warn("AGENT_PEERS: not used, since AGENT_DISCOVERY is " + string(l.Discovery))
	case l.Discovery == DiscoveryDNS && (peers != 1 || !isHostName(hostOf(l.Peers[0]))):
		l.problem("AGENT_PEERS", "is not one DNS name, and AGENT_DISCOVERY is dns", "a name, with or without `:port`")
	case l.Discovery == DiscoverySRV && (peers != 1 || !isHostName(l.Peers[0])):
		l.problem("AGENT_PEERS", "is not one DNS name, and AGENT_DISCOVERY is srv", "a name without a port, which the record has")
	}
}

// hostOf is peer without its port.
func hostOf(peer string) string {
	host, _, _ := strings.Cut(peer, ":")
	return host
}
