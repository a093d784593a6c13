package neo4jconf

import (
	"cmp"
	"slices"
	"strings"
)

// layers collects settings from all sources; the strongest source of each name wins, whatever the order of the calls.
type layers struct {
	dialect  Dialect
	settings map[string]Setting
	appended map[string][]Setting // settings that may be given several times
	gone     map[string]Setting   // what the user set by names that this version has no more
	apoc     *layers              // of apoc.conf, where it is a file of its own
}

func newLayers(d Dialect) *layers {
	return &layers{dialect: d, settings: make(map[string]Setting, 64), appended: map[string][]Setting{}, gone: map[string]Setting{}}
}

// collect adds the settings of the file and of the variables, those by old names first: the new name wins (image).
func (l *layers) collect(base []line, variables []Setting) {
	for _, current := range []bool{false, true} {
		for _, from := range base {
			l.offer(l.dialect.reads(from), current, l.putLine)
		}
		for _, s := range variables {
			l.offer(s, current, l.putVariable)
		}
	}
}

// offer adds a setting of the user by its name of today, when its name is that of today or is not, as told.
func (l *layers) offer(s Setting, current bool, put func(Setting)) {
	name, exists := l.dialect.renamed(s.Name)
	switch {
	case (name == s.Name) != current:
	case exists:
		s.Name = name
		put(s)
	case l.gone[s.Name].Source <= s.Source:
		l.gone[s.Name] = s
	}
}

// repeatable tells whether several lines of a setting add up. Others count once, the last one (jar).
func (d Dialect) repeatable(name string) bool { return name == d.name(jvmAdditional) }

// put adds what one source says. A later call wins against an earlier one of the same source.
func (l *layers) put(s Setting) {
	if l.apoc != nil && strings.HasPrefix(s.Name, "apoc.") {
		l.apoc.put(s)
		return
	}
	old, exists := l.settings[s.Name]
	if !exists {
		l.settings[s.Name] = s
		return
	}
	winner, loser := s, old
	if old.Source > s.Source {
		winner, loser = old, s
	}
	winner.Overrides = append([]Layer{{Value: loser.Value, Source: loser.Source, From: loser.From}}, old.Overrides...)
	slices.SortStableFunc(winner.Overrides, func(a, b Layer) int { return cmp.Compare(b.Source, a.Source) })
	l.settings[s.Name] = winner
}

// reads returns what a line of a file says.
func (d Dialect) reads(from line) Setting {
	raw := from.raw
	if d.fact(fileInUTF8) != "" {
		raw = ascii(raw)
	}
	value, _ := unescape(raw) // readProperties has seen that it can be read
	return Setting{Name: from.name, Value: strings.TrimSpace(value), Source: FromFile, raw: raw}
}

// putLine adds a line of the file. JVM arguments add up there in every version.
func (l *layers) putLine(s Setting) {
	if !l.dialect.repeatable(s.Name) {
		l.put(s)
		return
	}
	l.appended[s.Name] = append(l.appended[s.Name], s)
}

// putVariable adds a NEO4J_ variable. JVM arguments replace the file's, and from 4.4 on add to them, as in the image.
func (l *layers) putVariable(s Setting) {
	if !l.dialect.repeatable(s.Name) {
		l.put(s)
		return
	}
	if !l.dialect.environmentAddsArguments() {
		for _, old := range l.appended[s.Name] {
			s.Overrides = append(s.Overrides, Layer{Value: old.Value, Source: old.Source, From: old.From})
		}
		l.appended[s.Name] = nil
	}
	l.appended[s.Name] = append(l.appended[s.Name], s)
}

// drop takes out what the user says of a setting.
func (l *layers) drop(s setting) { delete(l.settings, l.dialect.name(s)) }

// value is what the strongest source so far says, "" when none does.
func (l *layers) value(s setting) string { return l.settings[l.dialect.name(s)].Value }

// given returns what the user says of a setting by file, folder or variable.
func (l *layers) given(s setting) (Setting, bool) {
	found, ok := l.settings[l.dialect.name(s)]
	return found, ok && found.Source > Default
}

func (l *layers) sorted() []Setting {
	all := make([]Setting, 0, len(l.settings))
	for _, s := range l.settings {
		all = append(all, s)
	}
	for _, several := range l.appended {
		slices.SortStableFunc(several, func(a, b Setting) int { return cmp.Compare(a.Source, b.Source) })
		all = append(all, several...)
	}
	slices.SortStableFunc(all, func(a, b Setting) int { return strings.Compare(a.Name, b.Name) })
	return all
}
