package localcluster

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
)

// Password of the user neo4j on every member.
const Password = "secret123"

// stopTimeoutSeconds is AGENT_STOP_TIMEOUT of every member. Neo4j needs about 9 s, and 40 s when it is told to stop just
// as its web server starts.
const stopTimeoutSeconds = 90

// Env is the agent's whole environment, sorted: nothing of this process's own gets in.
func (m *Member) Env() []string {
	env := m.base()
	maps.Copy(env, m.cluster.options.Parts.settings(m.Endpoint))
	if m.Role == Standalone {
		env["NEO4J_AUTH"] = "neo4j/" + Password
	} else {
		maps.Copy(env, m.clustered())
	}
	maps.Copy(env, m.cluster.options.Env)
	maps.Copy(env, m.options.Env)
	var list []string
	for _, name := range slices.Sorted(maps.Keys(env)) {
		list = append(list, name+"="+env[name])
	}
	return list
}

// base is what every member has.
func (m *Member) base() map[string]string {
	return map[string]string{
		"PATH":                           filepath.Join(m.Home, "bin") + ":" + os.Getenv("PATH"),
		"HOME":                           m.Dir,
		"LANG":                           "C.UTF-8",
		"JAVA_HOME":                      m.cluster.options.Parts.JavaHome,
		"NEO4J_HOME":                     m.Home,
		"NEO4J_ACCEPT_LICENSE_AGREEMENT": "yes", // for development, under its own licence
		"AGENT_RUN_DIR":                  m.RunDir,
		"AGENT_ADVERTISED_ADDRESS":       m.Endpoint.Host,
		"AGENT_HTTP_ADDR":                m.Endpoint.at(m.Endpoint.Ports.Agent),
		"AGENT_STOP_TIMEOUT":             strconv.Itoa(stopTimeoutSeconds) + "s",
	}
}

// clustered is what a member of the cluster has besides.
func (m *Member) clustered() map[string]string {
	discovery := m.cluster.discovery
	env := map[string]string{
		"NEO4J_DATA_ROOT":          m.Volume,
		"NEO4J_ADMIN_PASSWORD":     Password,
		"NEO4J_dbms_mode":          "CORE",
		"AGENT_MEMBER_ID":          m.Name,
		"AGENT_REGISTER_DISCOVERY": "true",
		"CLOUDMAP_SERVICE_ID":      discovery.ServiceID,
		"AWS_ENDPOINT_URL":         discovery.Endpoint,
		"AWS_REGION":               Region,
		"AWS_ACCESS_KEY_ID":        AccessKey,
		"AWS_SECRET_ACCESS_KEY":    SecretKey,
	}
	if m.Role == ReadReplica {
		env["NEO4J_dbms_mode"] = "READ_REPLICA"
	}
	if cores := m.cluster.cores(); cores < defaultFormation {
		env["NEO4J_causal__clustering_minimum__core__cluster__size__at__formation"] = strconv.Itoa(cores)
	}
	return env
}

// cores counts the core members, started or not.
func (c *Cluster) cores() int {
	count := 0
	for _, m := range c.Members {
		if m.Role == Core {
			count++
		}
	}
	return count
}

// defaultFormation is Neo4j's minimum_core_cluster_size_at_formation.
const defaultFormation = 3

// at joins the host with a port.
func (e Endpoint) at(port int) string { return fmt.Sprintf("%s:%d", e.Host, port) }

// settings keep Neo4j to the endpoint: the official image's defaults listen on every address of the machine, on the
// standard ports. The memory is the least that a member of a cluster runs well with.
func (e Endpoint) settings() map[string]string {
	env := map[string]string{
		"NEO4J_dbms_memory_heap_initial__size":           "400m",
		"NEO4J_dbms_memory_heap_max__size":               "400m",
		"NEO4J_dbms_memory_pagecache_size":               "64m",
		"NEO4J_dbms_connector_https_enabled":             "false",
		"NEO4J_dbms_connectors_default__listen__address": e.Host,
		"NEO4J_dbms_backup_address":                      e.at(e.Ports.Backup),
	}
	for setting, port := range map[string]int{ // the image's own defaults for a single server name all interfaces
		"NEO4J_dbms_connector_bolt_": e.Ports.Bolt,
		"NEO4J_dbms_connector_http_": e.Ports.HTTP,
	} {
		env[setting+"listen__address"] = e.at(port)
		env[setting+"advertised__address"] = e.at(port)
	}
	if e.Ports == standardPorts {
		return env
	}
	for setting, port := range map[string]int{
		"NEO4J_causal__clustering_discovery__":   e.Ports.Discovery,
		"NEO4J_causal__clustering_transaction__": e.Ports.Transaction,
		"NEO4J_causal__clustering_raft__":        e.Ports.Raft,
	} {
		env[setting+"listen__address"] = e.at(port)
		env[setting+"advertised__address"] = e.at(port)
	}
	return env
}
