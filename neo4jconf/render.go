package neo4jconf

import (
	"fmt"
	"maps"
	"slices"
)

// Render makes the neo4j.conf of a member: defaults < neo4j.conf found < NEO4J_ variables < what a cluster of ours cannot
// do without. Warnings say where the user's word was overruled. An error is one of the user's configuration, and names
// all that is wrong with the variables at once.
func Render(in Input) (Config, []Warning, error) {
	base, edited, err := readBase(confFile, in.File)
	if err != nil {
		return Config{}, nil, fmt.Errorf("cannot read neo4j.conf: %v", err)
	}
	variables, warnings, err := environment(in.Env)
	if err != nil {
		return Config{}, nil, err
	}
	if edited {
		warnings = append(warnings, Warning{Text: "neo4j.conf was written by neo4j-agent and edited afterwards: all of it counts as yours from now on"})
	}
	if known, beyond := in.Dialect.Beyond(); beyond {
		warnings = append(warnings, Warning{Text: fmt.Sprintf("Neo4j %v is newer than this agent knows: it is treated as %v", in.Dialect.Version, known)})
	}
	l := newLayers(in.Dialect)
	apoc, err := in.apoc(l)
	if err != nil {
		return Config{}, nil, err
	}
	l.collect(base, variables)
	if in.Role == "" {
		if in.Role, err = in.wanted(l); err != nil {
			return Config{}, nil, err
		}
	}
	if err := in.check(); err != nil {
		return Config{}, nil, err
	}
	more, err := in.complete(l)
	if err != nil {
		return Config{}, nil, err
	}
	c := Config{
		dialect: in.Dialect, home: in.HomeDir, role: in.role(l), settings: l.sorted(), base: base, name: confFile,
		queryLog: in.QueryLog, logging: in.ServerLogs,
	}
	if l.apoc != nil && (len(l.apoc.settings) > 0 || isOurs(apocFile, in.APOC)) {
		c.apoc = &Config{dialect: in.Dialect, settings: l.apoc.sorted(), base: apoc, name: apocFile}
	}
	return c, append(warnings, more...), nil
}

// complete adds to what the user said all the other layers.
func (in Input) complete(l *layers) ([]Warning, error) {
	in.derive(l)
	scopes := []scope{always, plain}
	if in.clustered() {
		scopes = []scope{always, clustered}
		if in.Role == Core {
			scopes = append(scopes, cores)
		} else {
			scopes = append(scopes, replicas)
		}
		in.preset(l, clusterPresets, scopes, Setting{Source: Default})
		in.preset(l, serverPresets, scopes, Setting{Source: Default})
	}
	in.preset(l, imagePresets, scopes, Setting{Source: Default})
	if !l.heapGiven() {
		in.preset(l, heapPresets, scopes, Setting{Source: Default})
	}
	if in.ServerLogs != nil || in.QueryLog && in.Dialect.Edition == Enterprise {
		in.preset(l, loggingPresets, scopes, Setting{Source: Default})
	}
	in.advertiseConnectors(l)
	in.encrypt(l)
	warnings := in.leaveOut(l)
	if in.QueryLog {
		warnings = append(warnings, in.queryLog(l, scopes)...)
	}
	if in.AuthDisabled {
		l.put(in.own(authEnabled, "false", Setting{Source: FromEnvironment, From: "NEO4J_AUTH"}))
	}
	more, err := in.allowPlugins(l)
	if err != nil {
		return nil, err
	}
	warnings = append(warnings, more...)
	if !in.clustered() {
		return append(warnings, in.leaveCluster(l)...), nil
	}
	more, err = in.joinCluster(l)
	return append(warnings, more...), err
}

// derive adds the directories that mounted folders and the data root stand for. The data root is the nearer word.
func (in Input) derive(l *layers) {
	for _, mount := range slices.Sorted(maps.Keys(mountPresets.rows)) {
		row := mountPresets.rows[mount]
		if in.Mounts[mount] && row.holds(in.Dialect.Edition, []scope{always}) {
			in.presetRow(l, mountPresets.head, row, Setting{Source: Derived, From: mount})
		}
	}
	if in.DataRoot != "" {
		in.preset(l, dataRootPresets, []scope{always}, Setting{Source: Derived, From: "NEO4J_DATA_ROOT"})
	}
}

func (in Input) queryLog(l *layers, scopes []scope) []Warning {
	if in.Dialect.Edition != Enterprise {
		return []Warning{{Text: "NEO4J_QUERY_LOG has no effect: only Enterprise writes a query log"}}
	}
	in.preset(l, queryLogPresets, scopes, Setting{Source: Derived, From: "NEO4J_QUERY_LOG"})
	return nil
}

func (in Input) preset(l *layers, table presets, scopes []scope, like Setting) {
	for _, row := range table.rows {
		if row.holds(in.Dialect.Edition, scopes) {
			in.presetRow(l, table.head, row, like)
		}
	}
}

func (in Input) presetRow(l *layers, h head, row preset, like Setting) {
	value, complete := in.fill(l, h.in(in.Dialect.Version, row.values))
	if value != "" && complete {
		l.put(in.own(row.setting, value, like))
	}
}

// own makes a setting with a value of ours.
func (in Input) own(s setting, value string, like Setting) Setting {
	like.Name, like.Value, like.raw = in.Dialect.name(s), value, escape(value)
	return like
}
