package neo4jconf

import (
	"cmp"
	"strconv"
	"strings"
	"time"
)

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
		value = in.host()
		if strings.Contains(value, ":") && cell[end+1:] != "" {
			value = "[" + value + "]"
		}
	case "{root}":
		value = strings.TrimRight(in.DataRoot, "/")
	case "{logs}":
		value = resolve(in.HomeDir, l.value(logsDir), "logs")
	case "{conf}":
		value = in.ConfDir
	case "{formation}":
		value = strconv.Itoa(in.FormationSize)
		if in.FormationSize <= 0 {
			value = strconv.Itoa(defaultFormationSize)
		}
	case "{binding}":
		wait := in.BindingTimeout
		if wait <= 0 {
			wait = defaultBindingTimeout
		}
		value = strconv.Itoa(int(wait/time.Second)) + "s"
	case "{primaries}":
		value = in.primaries(l)
	case "{service}":
		value = string(cmp.Or(in.Service, V2Only))
	case "{pagecache}":
		value = cmp.Or(in.Memory.PageCache, "512M") // image
	case "{heap}":
		value = in.Memory.Heap
	}
	return cell[:open] + value + cell[end+1:], value != ""
}

// host is the name by which this member advertises itself.
func (in Input) host() string {
	if in.clustered() {
		return in.Advertise
	}
	return in.Hostname
}

// mostPrimaries is how many primary copies a database may have (manual, initial.dbms.default_primaries_count).
const mostPrimaries = 11

// primaries is the formation size, the user's too: each of the first members gets a copy. "" where the user's is no number.
func (in Input) primaries(l *layers) string {
	size, err := strconv.Atoi(l.value(formationSize))
	if err != nil {
		return ""
	}
	return strconv.Itoa(min(size, mostPrimaries))
}

// heapGiven tells whether the user decides the heap, by its settings or by an argument for Java. One of the two sizes is
// enough: the other one from us may contradict it.
func (l *layers) heapGiven() bool {
	for _, s := range []setting{heapInitial, heapMax} {
		if _, given := l.given(s); given {
			return true
		}
	}
	for _, s := range l.appended[l.dialect.name(jvmAdditional)] {
		if strings.Contains(s.Value, "-Xm") || strings.Contains(s.Value, "RAMPercentage") {
			return true
		}
	}
	return false
}
