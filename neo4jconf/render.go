package neo4jconf

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Render makes the neo4j.conf of a member: defaults < neo4j.conf found < NEO4J_ variables < what a cluster of ours cannot
// do without. Warnings say where the user's word was overruled. An error is one of the user's configuration, and names
// all that is wrong with the variables at once.
func Render(in Input) (Config, []Warning, error) {
	base, edited, err := readBase(in.File)
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
	l := &layers{dialect: in.Dialect, settings: make(map[string]Setting, 64), appended: map[string][]Setting{}}
	for _, setting := range base {
		l.putLine(setting)
	}
	for _, setting := range variables {
		l.putVariable(setting)
	}
	if in.Role == "" {
		if in.Role, err = in.wanted(l.value(mode)); err != nil {
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
	return Config{dialect: in.Dialect, home: in.HomeDir, settings: l.sorted(), base: base}, append(warnings, more...), nil
}

// complete adds to what the user said all the other layers.
func (in Input) complete(l *layers) ([]Warning, error) {
	in.derive(l)
	scopes := []scope{always, plain}
	if in.clustered() {
		scopes = []scope{always, clustered}
		if in.Role == Core {
			scopes = append(scopes, cores)
		}
		in.preset(l, clusterPresets, scopes, Setting{Source: Default})
	}
	in.preset(l, imagePresets, scopes, Setting{Source: Default})
	var warnings []Warning
	if in.QueryLog {
		warnings = in.queryLog(l, scopes)
	}
	if in.AuthDisabled {
		l.put(in.own(authEnabled, "false", Setting{Source: FromEnvironment, From: "NEO4J_AUTH"}))
	}
	if !in.clustered() {
		return append(warnings, in.leaveCluster(l)...), nil
	}
	more, err := in.joinCluster(l)
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

// fill replaces the placeholders of a preset. It reports false when one has no value.
func (in Input) fill(l *layers, cell string) (string, bool) {
	open := strings.IndexByte(cell, '{')
	if open < 0 {
		return cell, true
	}
	end := strings.IndexByte(cell, '}')
	value := ""
	switch cell[open : end+1] {
	case "{host}":
		value = in.Hostname
		if in.clustered() {
			value = in.Advertise
		}
		if strings.Contains(value, ":") && cell[end+1:] != "" {
			value = "[" + value + "]"
		}
	case "{root}":
		value = strings.TrimRight(in.DataRoot, "/")
	case "{logs}":
		value = resolve(in.HomeDir, l.value(logsDir), "logs")
	case "{formation}":
		value = strconv.Itoa(max(in.FormationSize, 0))
		if in.FormationSize <= 0 {
			value = strconv.Itoa(defaultFormationSize)
		}
	case "{binding}":
		wait := in.BindingTimeout
		if wait <= 0 {
			wait = defaultBindingTimeout
		}
		value = strconv.Itoa(int(wait/time.Second)) + "s"
	}
	return cell[:open] + value + cell[end+1:], value != ""
}
