package settings

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
)

// found is what the environment, the files it names and the inherited secrets say together.
type found struct {
	values     map[string]string
	sealed     map[string]bool // names of values that must not stay in an environment
	references map[string]SecretRef
	problems   []Problem
}

// gather looks everything up. A value comes from the first of: inherited, X_FILE, X; as in Neo4j's image the file wins
// over the variable.
func gather(environ []string, inherited map[string]string, readFile func(string) ([]byte, error)) *found {
	if readFile == nil {
		readFile = os.ReadFile
	}
	f := &found{values: byName(environ), sealed: map[string]bool{}, references: map[string]SecretRef{}}
	for name, value := range f.values {
		f.sealed[name] = isSecret(name, value)
	}
	for _, name := range slices.Sorted(maps.Keys(f.values)) {
		if base, ok := fileBase(name); ok {
			f.fromFile(name, base, inherited, readFile)
		}
	}
	f.fromFile("NEO4J_AUTH_PATH", "NEO4J_AUTH", inherited, readFile) // wins over NEO4J_AUTH, however that was given
	for name, value := range inherited {
		f.values[name], f.sealed[name] = value, true
	}
	f.refer(inherited)
	return f
}

// byName keeps the first of several values, as getenv(3) and os.Getenv do.
func byName(environ []string) map[string]string {
	values := make(map[string]string, len(environ))
	for _, entry := range environ {
		name, value, ok := strings.Cut(entry, "=")
		if _, twice := values[name]; ok && !twice {
			values[name] = value
		}
	}
	return values
}

// fromFile gives base the text of the file that the variable called name names.
func (f *found) fromFile(name, base string, inherited map[string]string, readFile func(string) ([]byte, error)) {
	path := f.values[name]
	if _, known := inherited[base]; known || path == "" {
		return
	}
	content, err := readFile(path)
	if err != nil {
		f.problems = append(f.problems, Problem{name, "cannot read " + shown(path) + ": " + reason(err), "the path of a readable file"})
		return
	}
	f.values[base], f.sealed[base] = strings.TrimRight(string(content), "\r\n"), true
}

// reason is err without the path, which is in the message already.
func reason(err error) string {
	var about *fs.PathError
	if errors.As(err, &about) {
		return about.Err.Error()
	}
	return err.Error()
}

// refer collects the X_SECRET variables.
func (f *found) refer(inherited map[string]string) {
	for name, value := range f.values {
		base, ok := referenceBase(name)
		if !ok || value == "" {
			continue
		}
		ref, err := parseReference(value)
		known := inherited[base] != "" // an empty variable beside the reference is inherited too
		switch {
		case err != nil: // perhaps the secret itself, in the wrong place
			f.problems = append(f.problems, Problem{name, notShown + err.Error(), acceptedReference})
		case f.values[base] != "" && !known:
			f.problems = append(f.problems, Problem{name, fmt.Sprintf("given beside %s", base), "one of the two"})
		case !known:
			f.references[base] = ref
		}
	}
}

// replaced are the references to the versions before those referred to, for the X_PREVIOUS variables that nobody gave.
// Secrets Manager itself keeps that version's label at hand, AWSPREVIOUS.
func (f *found) replaced() map[string]SecretRef {
	var refs map[string]SecretRef
	for base, ref := range f.references {
		name := base + previousSuffix
		_, known := row(name)
		_, referred := f.references[name]
		if !known || referred || f.values[name] != "" || ref.Stage != "" {
			continue
		}
		if refs == nil {
			refs = map[string]SecretRef{}
		}
		refs[name] = SecretRef{ARN: ref.ARN, Key: ref.Key, Stage: previousStage}
	}
	return refs
}

// fileBase is the variable that the content of name's file is the value of.
func fileBase(name string) (string, bool) {
	return base(name, fileSuffix, true)
}

// referenceBase is the variable that the secret name refers to is the value of.
func referenceBase(name string) (string, bool) {
	return base(name, referenceSuffix, false)
}

// base cuts suffix off where name is not a variable of its own and what remains is a secret of the table or a setting of
// Neo4j. Settings never end in capitals, so these forms cannot be mistaken for one. The image reads a file for every
// variable of its own as well; AWS's own secrets cannot be references, since they are what references are read with.
func base(name, suffix string, file bool) (string, bool) {
	base, ok := strings.CutSuffix(name, suffix)
	if !ok {
		return "", false
	}
	if _, own := row(name); own {
		return "", false
	}
	if v, ok := row(base); ok {
		isNeo4j := strings.HasPrefix(base, settingPrefix)
		isAWS := strings.HasPrefix(base, awsPrefix)
		return base, v.Secret && (file || !isAWS) || isNeo4j && file
	}
	return base, isSetting(base)
}

// isSetting tells whether name is NEO4J_<setting>. What has no small letter after the prefix is none: Docker and
// Kubernetes leave NEO4J_PORT_7687_TCP and the like in environments.
func isSetting(name string) bool {
	setting, ok := strings.CutPrefix(name, settingPrefix)
	if _, special := row(name); special || !ok || setting == strings.ToUpper(setting) {
		return false
	}
	return only(name, "_") && !hasForm(name)
}

// hasForm tells whether name ends like X_FILE or X_SECRET.
func hasForm(name string) bool {
	return strings.HasSuffix(name, fileSuffix) || strings.HasSuffix(name, referenceSuffix)
}
