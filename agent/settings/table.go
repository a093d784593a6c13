package settings

import (
	"slices"
	"strings"
	"sync"
)

// Prefixes and suffixes of names.
const (
	agentPrefix     = "AGENT_"
	settingPrefix   = "NEO4J_"
	awsPrefix       = "AWS_"
	endpointPrefix  = "AWS_ENDPOINT_URL_"
	fileSuffix      = "_FILE"
	referenceSuffix = "_SECRET"
	previousSuffix  = "_PREVIOUS"
)

// Staging labels that Secrets Manager moves itself at each new version
// (https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html).
const (
	currentStage  = "AWSCURRENT"
	previousStage = "AWSPREVIOUS"
)

// Variable is one row of the table. A name with <…> in it stands for several variables.
type Variable struct {
	Name    string
	Default string // what holds when the variable is not given
	Note    string // instead of Default, where that depends on something else
	Help    string
	Group   string
	Secret  bool
	Pending bool // accepted and checked, but nothing in this version acts upon it yet

	form
	evenEmpty bool // given as the empty text it does not count as not given
}

func (v Variable) isPattern() bool { return strings.Contains(v.Name, "<") }

// Accepts says in words which values are right.
func (v Variable) Accepts() string { return v.accepts }

// Table is every variable, in the order of the documentation.
func Table() []Variable { return slices.Clone(catalogue().rows) }

// Fits tells whether value is a right one for the variable of that name.
func Fits(name, value string) bool {
	for _, v := range table(new(draft)) {
		if v.Name == name {
			return v.set(value) == nil
		}
	}
	return false
}

// Known tells whether name is a variable that the agent, or Neo4j through it, takes.
func Known(name string) bool {
	if _, ok := row(name); ok {
		return true
	}
	if rest, ok := strings.CutPrefix(name, endpointPrefix); ok {
		return rest != ""
	}
	if _, ok := fileBase(name); ok {
		return true
	}
	if _, ok := referenceBase(name); ok {
		return true
	}
	return isSetting(name)
}

// index is the table without a place to put values into, made once.
type index struct {
	rows   []Variable
	byName map[string]Variable
}

var catalogue = sync.OnceValue(func() index {
	rows := table(new(draft))
	byName := make(map[string]Variable, len(rows))
	for _, v := range rows {
		if !v.isPattern() {
			byName[v.Name] = v
		}
	}
	return index{rows, byName}
})

func row(name string) (Variable, bool) {
	v, ok := catalogue().byName[name]
	return v, ok
}

// table is the one table; its rows write into d.
func table(d *draft) []Variable {
	return slices.Concat(
		group("Members and discovery", memberRows(d)),
		group("The agent itself", agentRows(d)),
		group("Neo4j", neo4jRows(d)),
		group("Users and passwords", userRows(d)),
		group("Certificates", tlsRows(d)),
		group("Restore and backup", backupRows(d)),
		group("Log shipping", logRows(d)),
		group("AWS", awsRows(d)),
	)
}

func group(name string, rows []Variable) []Variable {
	for i := range rows {
		rows[i].Group = name
	}
	return rows
}
