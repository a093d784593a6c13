package neo4jconf

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// No environment makes a line that Neo4j reads as two, or a setting that no variable stands for.
func TestNoEnvironmentSmugglesASettingIn(t *testing.T) {
	for _, v := range []column{v35, v44, v50, v523, v526, v2608} {
		t.Run(fmt.Sprint(v), func(t *testing.T) { nothingSmuggled(t, cluster5(dialect(t, v.major, v.minor, Enterprise), Core)) })
	}
}

func nothingSmuggled(t *testing.T, base Input) {
	base.Env = nil
	plain, _ := render(t, base)
	known := slices.Sorted(maps.Keys(oldNames()))
	rapid.Check(t, func(t *rapid.T) {
		in := base
		part := rapid.SampledFrom([]string{"a", "_", "__", "dbms", "apoc_", "9", ".", "=", "\n", "\r", "\\", " ", "#", "!", "\u0000", "é", "\xff", `\u0041`, `\n`, ":"})
		text := rapid.Custom(func(t *rapid.T) string { return strings.Join(rapid.SliceOfN(part, 0, 8).Draw(t, "parts"), "") })
		variable := rapid.OneOf(rapid.Map(text, func(s string) string { return "NEO4J_" + s }), rapid.Map(rapid.SampledFrom(known), variableOf))
		in.Env = rapid.MapOf(variable, rapid.OneOf(text, rapid.SampledFrom([]string{":7001", "h:1\nx=y", "V1_OVER_V2", "K8S", "3"}))).Draw(t, "environment")
		c, _, err := Render(in)
		if err != nil {
			return
		}
		apoc, _ := c.APOC()
		allowed := namesAskedFor(in, plain)
		for _, file := range []Config{c, apoc} {
			lines, err := readProperties(file.Bytes())
			if err != nil || len(lines) != len(file.settings) {
				t.Fatalf("%d settings are read as %d, %v:\n%s", len(file.settings), len(lines), err, file.Bytes())
			}
			for i, l := range lines {
				if value, _ := unescape(l.raw); !allowed[l.name] || strings.TrimSpace(value) != file.settings[i].Value {
					t.Fatalf("%s=%q was not asked for: %q", l.name, value, in.Env)
				}
				if i > 0 && l.name == lines[i-1].name && !in.Dialect.repeatable(l.name) {
					t.Fatalf("%s is there twice: %q", l.name, in.Env)
				}
			}
		}
	})
}

// namesAskedFor are the settings of a configuration without variables, those that variables stand for, and what follows
// from these: a changed port is advertised, a discovery service has its own list of members.
func namesAskedFor(in Input, plain Config) map[string]bool {
	d := in.Dialect
	allowed := map[string]bool{}
	apoc, _ := plain.APOC()
	for _, s := range slices.Concat(plain.Settings(), apoc.Settings()) {
		allowed[s.Name] = true
	}
	for variable := range in.Env {
		name, _ := SettingName(variable)
		name, _ = d.renamed(name)
		allowed[name] = true
	}
	for _, c := range connectors {
		allowed[d.name(c.advertised)] = allowed[d.name(c.advertised)] || allowed[d.name(c.listen)]
	}
	if allowed[d.name(discoveryVersion)] {
		for _, s := range []setting{discoveryMembers, clusterEndpoints, discoveryListen, discoveryAdvertised} {
			allowed[d.name(s)] = true
		}
	}
	delete(allowed, "")
	return allowed
}
