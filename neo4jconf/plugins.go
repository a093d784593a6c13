package neo4jconf

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// pluginColumns heads the tables of the official images' plugins (image, neo4j-plugins.json of each generation).
var pluginColumns = head{v35, v44, v50, v2025}

// download stands for a plugin that the image has no jar of.
const download = "-"

// pluginJars are the jars that the images have, as patterns below $NEO4J_HOME; "" where the generation knows no such plugin.
var pluginJars = map[string]cells{
	"apoc":               {download, download, "labs/apoc-*-core.jar", "labs/apoc-*-core.jar"},
	"apoc-core":          {"labs/apoc-*-core.jar", "labs/apoc-*-core.jar", "", ""},
	"apoc-extended":      {"", "", download, download},
	"bloom":              {"products/bloom-plugin-*.jar", "products/bloom-plugin-*.jar", "products/bloom-plugin-*.jar", "products/bloom-plugin-*.jar"},
	"fleet-management":   {"", "products/neo4j-fleet-management-*.jar", "products/neo4j-fleet-management-*.jar", "products/neo4j-fleet-management-*.jar"},
	"genai":              {"", "", "products/neo4j-genai-plugin-*.jar", "products/neo4j-genai-plugin-*.jar"},
	"graph-algorithms":   {download, download, "", ""},
	"graph-data-science": {"products/neo4j-graph-data-science-*.jar", "products/neo4j-graph-data-science-*.jar", "products/neo4j-graph-data-science-*.jar", "products/neo4j-graph-data-science-*.jar"},
	"graphql":            {download, download, "", ""},
	"n10s":               {download, download, download, ""},
	"streams":            {download, download, "", ""},
}

// need is a setting that a plugin needs, with its name in each column.
type need struct {
	names cells
	value string
}

var (
	procedures = cells{"dbms.security.procedures.unrestricted", "dbms.security.procedures.unrestricted", "dbms.security.procedures.unrestricted", "dbms.security.procedures.unrestricted"}
	allowed    = cells{"", "dbms.security.procedures.allowlist", "dbms.security.procedures.allowlist", "dbms.security.procedures.allowlist"}
	extensions = cells{"dbms.unmanaged_extension_classes", "dbms.unmanaged_extension_classes", "server.unmanaged_extension_classes", "server.unmanaged_extension_classes"}
	license    = cells{"neo4j.bloom.license_file", "neo4j.bloom.license_file", "dbms.bloom.license_file", "dbms.bloom.license_file"}
)

var pluginNeeds = map[string][]need{
	"apoc":               {{procedures, "apoc.*"}},
	"apoc-core":          {{procedures, "apoc.*"}},
	"apoc-extended":      {{procedures, "apoc.*"}},
	"bloom":              {{procedures, "bloom.*"}, {extensions, "com.neo4j.bloom.server=/browser/bloom"}, {license, "/licenses/bloom.license"}},
	"fleet-management":   {{procedures, "fleetManagement.*"}, {allowed, "fleetManagement.*"}},
	"genai":              {{procedures, "genai.*"}},
	"graph-algorithms":   {{procedures, "algo.*"}},
	"graph-data-science": {{procedures, "gds.*"}},
	"graphql":            {{procedures, "graphql.*"}, {extensions, "org.neo4j.graphql=/graphql"}},
	"n10s":               {{procedures, "semantics.*"}},
}

// PluginJar returns the pattern below $NEO4J_HOME of the jar that the official image has of a plugin, "" where it has none
// and would download it. It fails for a plugin that the image of this version does not know.
func (d Dialect) PluginJar(plugin string) (string, error) {
	known := d.plugins()
	if !slices.Contains(known, plugin) {
		return "", fmt.Errorf("cannot install plugin %q: Neo4j %v knows %s", plugin, d.Version, strings.Join(known, ", "))
	}
	return strings.TrimPrefix(pluginColumns.in(d.Version, pluginJars[plugin]), download), nil
}

// plugins are those that the image of this version knows.
func (d Dialect) plugins() []string {
	known := func(name string) bool { return pluginColumns.in(d.Version, pluginJars[name]) != "" }
	return slices.DeleteFunc(slices.Sorted(maps.Keys(pluginJars)), func(name string) bool { return !known(name) })
}

// PluginsDir returns the folder that the server loads plugins from.
func (c Config) PluginsDir() string { return resolve(c.home, c.get(pluginsDir), "plugins") }

// allowPlugins adds what the plugins need to what nobody but us has set. Where the user has, that stays, as in the image.
func (in Input) allowPlugins(l *layers) ([]Warning, error) {
	var warnings []Warning
	for _, plugin := range in.Plugins {
		if _, err := in.Dialect.PluginJar(plugin); err != nil {
			return nil, err
		}
		for _, n := range pluginNeeds[plugin] {
			name := pluginColumns.in(in.Dialect.Version, n.names)
			found, exists := l.settings[name]
			words := strings.FieldsFunc(found.Value, func(r rune) bool { return r == ',' || r == ' ' })
			switch {
			case slices.Contains(words, n.value):
			case exists && found.Source != Default && found.From != fromPlugins:
				warnings = append(warnings, Warning{name, fmt.Sprintf("%s=%s %s stays: plugin %s may need %s there too",
					name, found.Shown(), origin(found), plugin, n.value)})
			default:
				value := strings.TrimPrefix(found.Value+","+n.value, ",")
				l.settings[name] = Setting{Name: name, Value: value, Source: Derived, From: fromPlugins, raw: escape(value)}
			}
		}
	}
	return warnings, nil
}

const fromPlugins = "NEO4J_PLUGINS"
