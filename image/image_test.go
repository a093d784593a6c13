package image

import (
	"os"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"neo4j-agent/agent/settings"
)

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// services are the services of compose.yaml with their environment.
func services(t *testing.T) map[string]map[string]string {
	t.Helper()
	var file struct {
		Services map[string]struct{ Environment map[string]string }
	}
	if err := yaml.Unmarshal([]byte(read(t, "compose.yaml")), &file); err != nil {
		t.Fatal(err)
	}
	all := map[string]map[string]string{}
	for name, service := range file.Services {
		all[name] = service.Environment
	}
	return all
}

func TestTheComposeFileHasThreeCoresAndAReplicaThatTheAgentAccepts(t *testing.T) {
	modes := map[string]int{}
	for name, environment := range services(t) {
		var environ []string
		for variable, value := range environment {
			if !settings.Known(variable) {
				t.Errorf("%s: nobody reads %s", name, variable)
			}
			if strings.HasPrefix(value, "${") {
				value = "yes-a-value"
			}
			environ = append(environ, variable+"="+value)
		}
		if _, _, err := settings.Load(settings.Source{Environ: environ, Strict: true}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		modes[environment["NEO4J_dbms_mode"]]++
	}
	if modes["CORE"] != 3 || modes["READ_REPLICA"] != 1 || len(modes) != 2 {
		t.Errorf("got %v, want three cores and one read replica", modes)
	}
}

func TestTheAgentIsEntrypointAndHealthCheckOfTheImage(t *testing.T) {
	dockerfile := read(t, "Dockerfile")
	for _, line := range []string{
		`ENTRYPOINT ["neo4j-agent"]`, `CMD ["start"]`, `CMD ["neo4j-agent", "healthcheck"]`, `ARG NEO4J_IMAGE=`,
	} {
		if !strings.Contains(dockerfile, line) {
			t.Errorf("the Dockerfile lacks %s", line)
		}
	}
}
