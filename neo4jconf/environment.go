package neo4jconf

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// prefix of the variables that are settings.
const prefix = "NEO4J_"

// notSettings lists the variables with the prefix that are no settings: the image's own (image 4.4 to calendar,
// not_configs; older images unset fewer of them before they translate the rest), those of Neo4j's start scripts (manual,
// "bin/neo4j") and of its reader of neo4j.conf (manual 5, "The neo4j.conf file"), which the image would write there, and those of the replaced system, whose passwords must not end up in neo4j.conf.
var notSettings = map[string]bool{
	"NEO4J_ACCEPT_LICENSE_AGREEMENT": true, "NEO4J_AUTH": true, "NEO4J_AUTH_PATH": true, "NEO4J_DEBUG": true,
	"NEO4J_EDITION": true, "NEO4J_HOME": true, "NEO4J_PLUGINS": true, "NEO4J_SHA256": true, "NEO4J_TARBALL": true,
	"NEO4J_DEPRECATION_WARNING": true,

	"NEO4J_CONF": true, "NEO4J_CONFIG_FILE_CHARSET": true, "NEO4J_SHUTDOWN_TIMEOUT": true, "NEO4J_START_WAIT": true, "NEO4J_ULIMIT_NOFILE": true,

	"NEO4J_ADMIN_PASSWORD": true, "NEO4J_GUEST_AUTH": true, "NEO4J_QUERY_LOG": true, "NEO4J_DATA_ROOT": true,
}

// secretSuffixes end the names of variables that say where the value of another one is.
var secretSuffixes = []string{"_FILE", "_SECRET", "_PREVIOUS"}

// legacyNames are spellings of before the naming rule that the images of 3.5 to 4.4 still know (image, "RENAME LEGACY
// ENVIRONMENT CONF VARIABLES"). Those of 5 do not, and their servers would stop at them: they count there too. The new
// name wins. Those renamed to nothing are dropped, as there.
var legacyNames = map[string]string{
	"NEO4J_dbms_txLog_rotation_retentionPolicy":           "NEO4J_dbms_tx__log_rotation_retention__policy",
	"NEO4J_dbms_unmanagedExtensionClasses":                "NEO4J_dbms_unmanaged__extension__classes",
	"NEO4J_dbms_allowFormatMigration":                     "NEO4J_dbms_allow__format__migration",
	"NEO4J_dbms_connectors_defaultAdvertisedAddress":      "NEO4J_dbms_connectors_default__advertised__address",
	"NEO4J_causalClustering_expectedCoreClusterSize":      "NEO4J_causal__clustering_expected__core__cluster__size",
	"NEO4J_causalClustering_initialDiscoveryMembers":      "NEO4J_causal__clustering_initial__discovery__members",
	"NEO4J_causalClustering_discoveryAdvertisedAddress":   "NEO4J_causal__clustering_discovery__advertised__address",
	"NEO4J_causalClustering_transactionAdvertisedAddress": "NEO4J_causal__clustering_transaction__advertised__address",
	"NEO4J_causalClustering_raftAdvertisedAddress":        "NEO4J_causal__clustering_raft__advertised__address",
	"NEO4J_causalClustering_discoveryListenAddress":       "",
	"NEO4J_causalClustering_transactionListenAddress":     "",
	"NEO4J_causalClustering_raftListenAddress":            "",
	"NEO4J_ha_serverId":                                   "",
	"NEO4J_ha_initialHosts":                               "",
	"NEO4J_UDC_SOURCE":                                    "",
}

// identifier is what bash lists with `set`, which is all that the image ever sees.
var identifier = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// SettingName translates the name of a variable by the official image's rule: the prefix off, every _ a dot, then every
// two dots one _. It returns "" for a variable that is no setting, with a warning where somebody may have meant one.
func SettingName(variable string) (name, warning string) {
	switch {
	case !strings.HasPrefix(variable, prefix), notSettings[variable], variable == prefix:
		return "", ""
	case slices.ContainsFunc(secretSuffixes, func(suffix string) bool { return strings.HasSuffix(variable, suffix) }):
		return "", ""
	case !identifier.MatchString(variable):
		return "", fmt.Sprintf("%q is not a setting: write _ for a dot and __ for _, nothing else than letters, digits and _", variable)
	}
	name = strings.ReplaceAll(strings.ReplaceAll(variable[len(prefix):], "_", "."), "..", "_")
	if name[0] >= '0' && name[0] <= '9' {
		return "", name + " not written to conf file. Settings that start with a number are not permitted."
	}
	if strings.ToUpper(name) == name {
		warning = fmt.Sprintf("%s becomes the setting %s, which Neo4j does not know: its settings are in lower case", variable, name)
	}
	return name, warning
}

// variableOf is SettingName backwards (image, src/test/java/com/neo4j/docker/utils/, Configuration).
func variableOf(name string) string {
	return prefix + strings.NewReplacer("_", "__", ".", "_").Replace(name)
}

// environment returns the settings that the variables make, sorted by name. Empty variables are none. All unusable values
// are reported together, by variable and without the value, which may be a secret.
func environment(variables map[string]string) ([]Setting, []Warning, error) {
	variables = renameLegacy(variables)
	var found []Setting
	var warnings []Warning
	var mistakes []error
	for _, variable := range slices.Sorted(maps.Keys(variables)) {
		raw := strings.TrimRight(variables[variable], "\r\n") // as $(…) in the image does
		if raw == "" {
			continue
		}
		name, warning := SettingName(variable)
		if warning != "" {
			warnings = append(warnings, Warning{Setting: name, Text: warning})
		}
		if name == "" {
			continue
		}
		value, err := environmentValue(raw)
		if err != nil {
			mistakes = append(mistakes, fmt.Errorf("cannot use %s: %v", variable, err))
			continue
		}
		found = append(found, Setting{Name: name, Value: value, Source: FromEnvironment, From: variable, raw: ascii(raw)})
	}
	return found, warnings, errors.Join(mistakes...)
}

func renameLegacy(variables map[string]string) map[string]string {
	renamed := maps.Clone(variables)
	for old, name := range legacyNames {
		if name != "" && renamed[name] == "" && renamed[old] != "" {
			renamed[name] = renamed[old]
		}
		delete(renamed, old)
	}
	return renamed
}

// environmentValue returns what Neo4j reads when raw is written after the = of a line, as the image does: backslashes in
// it are escapes. It refuses what Neo4j would not read as one line.
func environmentValue(raw string) (string, error) {
	if at := strings.IndexFunc(raw, func(r rune) bool { return r < ' ' && r != '\t' }); at >= 0 {
		return "", fmt.Errorf("character %d is a line break or control character, and a setting is one line", at+1)
	}
	if endsInBackslash(raw) {
		return "", errors.New(`it ends with \, so Neo4j would read the next line as part of it; write \\ for one \`)
	}
	value, err := unescape(ascii(raw))
	if err != nil {
		return "", fmt.Errorf(`%v; write \\ for one \`, err)
	}
	return strings.TrimSpace(value), nil
}
