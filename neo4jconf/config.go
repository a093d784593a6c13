package neo4jconf

import (
	"regexp"
	"slices"
	"strings"
)

// Source is who decided a setting's value. A later one wins over an earlier one.
type Source int

// The layers, from weakest to strongest.
const (
	Default         Source = iota // the official image's and ours
	FromFile                      // the neo4j.conf found
	Derived                       // from a mounted folder, NEO4J_DATA_ROOT or NEO4J_QUERY_LOG; From says which
	FromEnvironment               // a NEO4J_ variable; From says which
	Mandatory                     // what a cluster of ours cannot do without
)

func (s Source) String() string {
	return [...]string{"default", "file", "environment", "environment", "mandatory"}[s]
}

// Layer is a value that lost against a stronger one.
type Layer struct {
	Value  string
	Source Source
	From   string
}

// Setting is one line of neo4j.conf.
type Setting struct {
	Name      string
	Value     string // as Neo4j reads it
	Source    Source
	From      string  // the variable or folder it comes from, "" for the other sources
	Overrides []Layer // what it won against, strongest first

	raw string // as it stands in the file, escapes not resolved
}

// Shown is the value for people's eyes: masked where it holds a secret.
func (s Setting) Shown() string { return shown(s.Name, s.Value) }

func shown(name, value string) string {
	if isSecret(name, value) {
		return masked
	}
	return value
}

const masked = "******"

// Names and values that hold secrets: ldap system_password, *.private_key_password, apoc.jdbc.*.url, -D…Password=…
var (
	secretName  = regexp.MustCompile(`(?i)(password|secret|credential|token|apoc\.(jdbc|bolt|es|mongodb|couchbase|redis)\.)`)
	secretValue = regexp.MustCompile(`(?i)(password|secret|token)=|://[^/@\s]*:[^/@\s]*@`)
)

func isSecret(name, value string) bool {
	return secretName.MatchString(name) || secretValue.MatchString(value)
}

// Warning is something that the user should know about the rendered configuration. It holds no secret.
type Warning struct {
	Setting string // "" when it is about no single setting
	Text    string
}

// Config is a rendered neo4j.conf.
type Config struct {
	dialect  Dialect
	home     string
	role     Role
	settings []Setting // sorted by name; dbms.jvm.additional may be there several times, in its own order
	base     []line    // the settings of the file found
	name     string    // of the file
	apoc     *Config   // apoc.conf, nil where its settings are in neo4j.conf
	queryLog bool      // NEO4J_QUERY_LOG=enabled
	logging  []byte    // the server-logs.xml found
}

// Settings returns all settings sorted by name.
func (c Config) Settings() []Setting { return slices.Clone(c.settings) }

// Get returns the value that Neo4j reads for a setting. Several values of dbms.jvm.additional are joined by a space.
func (c Config) Get(name string) (string, bool) {
	first, found := slices.BinarySearchFunc(c.settings, name, func(s Setting, name string) int { return strings.Compare(s.Name, name) })
	if !found {
		return "", false
	}
	value := c.settings[first].Value
	for _, s := range c.settings[first+1:] {
		if s.Name != name {
			break
		}
		value += " " + s.Value
	}
	return value, true
}

// get returns the value of a setting, "" when nobody gave one or the dialect has none.
func (c Config) get(s setting) string {
	value, _ := c.Get(c.dialect.name(s))
	return value
}
