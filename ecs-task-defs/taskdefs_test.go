package taskdefs

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"neo4j-agent/agent/settings"
)

// definition is the part of a task definition that must agree with the agent
// (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html).
type definition struct {
	TaskRoleArn          string
	ContainerDefinitions []struct {
		StopTimeout int
		Command     []string
		HealthCheck struct {
			Command                                 []string
			Interval, Timeout, Retries, StartPeriod int
		}
		Environment     []struct{ Name, Value string }
		Secrets         []struct{ Name, ValueFrom string }
		LinuxParameters struct{ InitProcessEnabled bool }
	}
}

func definitions(t *testing.T) map[string]definition {
	t.Helper()
	paths, err := filepath.Glob("*.json")
	if err != nil || len(paths) < 2 {
		t.Fatalf("cannot find the task definitions: %v %v", paths, err)
	}
	all := map[string]definition{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var d definition
		if err := json.Unmarshal(text, &d); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if len(d.ContainerDefinitions) == 0 {
			t.Fatalf("%s defines no container", path)
		}
		all[path] = d
	}
	return all
}

func TestEachVariableOfATaskDefinitionIsOneTheAgentKnows(t *testing.T) {
	for path, d := range definitions(t) {
		for _, variable := range d.ContainerDefinitions[0].Environment {
			if !settings.Known(variable.Name) {
				t.Errorf("%s: nobody reads %s", path, variable.Name)
			}
		}
	}
}

func TestNoSecretStandsInATaskDefinition(t *testing.T) {
	for path, d := range definitions(t) {
		container := d.ContainerDefinitions[0]
		var plain []string
		for _, variable := range container.Environment {
			plain = append(plain, variable.Name+"="+filled.Replace(variable.Value))
		}
		if kept := settings.Scrub(plain); len(kept) != len(plain) {
			t.Errorf("%s: a secret stands under environment; without secrets these are left: %v", path, kept)
		}
		for _, secret := range container.Secrets {
			if len(settings.Scrub([]string{secret.Name + "=x"})) != 0 {
				t.Errorf("%s: the agent does not treat %s as a secret", path, secret.Name)
			}
		}
	}
}

func TestWhoRefersToASecretIsToldWhichPermissionItNeeds(t *testing.T) {
	for path, d := range definitions(t) {
		environment := d.ContainerDefinitions[0].Environment
		refers := slices.ContainsFunc(environment, func(v struct{ Name, Value string }) bool { return v.Name == "NEO4J_ADMIN_PASSWORD_SECRET" })
		if !refers || !strings.Contains(d.TaskRoleArn, "secretsmanager GetSecretValue") {
			t.Errorf("%s: refers to the password: %v, and its task role is %q", path, refers, d.TaskRoleArn)
		}
	}
}

func TestEachTaskDefinitionNamesItsCluster(t *testing.T) {
	for path, d := range definitions(t) {
		environment := d.ContainerDefinitions[0].Environment
		if !slices.ContainsFunc(environment, func(v struct{ Name, Value string }) bool { return v.Name == "AGENT_CLUSTER_NAME" }) {
			t.Errorf("%s: two clusters in one bucket would take each other's lease and latest", path)
		}
	}
}

// filled puts values where the definitions leave them open.
var filled = strings.NewReplacer("REPLACE: region", "eu-central-1", "REPLACE: srv-… of the cores", "srv-abcdefghijklmnop",
	"REPLACE: yes, if you have a licence", "yes", "REPLACE: bucket", "backups", "REPLACE: name of the cluster, of its own within the bucket", "prod", "REPLACE: ARN of the secret with the password of neo4j, #field where it is JSON",
	"arn:aws:secretsmanager:eu-central-1:123456789012:secret:neo4j-AbCdEf#password")

func TestTheAgentsSettingsAcceptATaskDefinition(t *testing.T) {
	for path, d := range definitions(t) {
		container := d.ContainerDefinitions[0]
		var environ []string
		for _, variable := range container.Environment {
			environ = append(environ, variable.Name+"="+filled.Replace(variable.Value))
		}
		for _, secret := range container.Secrets {
			environ = append(environ, secret.Name+"=a-long-password")
		}
		loaded, _, err := settings.Load(settings.Source{Environ: environ, Strict: true})
		if err != nil {
			t.Errorf("%s: %v", path, err)
		}
		if want := time.Duration(container.StopTimeout) * time.Second; loaded.StopTimeout != want {
			t.Errorf("%s: AGENT_STOP_TIMEOUT is %s and stopTimeout %s", path, loaded.StopTimeout, want)
		}
	}
}

func TestECSAsksTheAgentItself(t *testing.T) {
	for path, d := range definitions(t) {
		container := d.ContainerDefinitions[0]
		if container.LinuxParameters.InitProcessEnabled {
			t.Errorf("%s: an init of ECS would take PID 1 from the agent", path)
		}
		if container.Command[0] != "start" { // a task that ends by itself is watched by its exit code
			if len(container.HealthCheck.Command) > 0 {
				t.Errorf("%s: %v has no health to be asked for", path, container.Command)
			}
			continue
		}
		if got := strings.Join(container.HealthCheck.Command, " "); got != "CMD neo4j-agent healthcheck" {
			t.Errorf("%s: the health check is %q", path, got)
		}
		// API_HealthCheck: interval 5-300, timeout 2-60, retries 1-10, startPeriod 0-300.
		check := container.HealthCheck
		for name, in := range map[string]bool{
			"interval " + strconv.Itoa(check.Interval):       check.Interval >= 5 && check.Interval <= 300,
			"timeout " + strconv.Itoa(check.Timeout):         check.Timeout >= 2 && check.Timeout <= 60,
			"retries " + strconv.Itoa(check.Retries):         check.Retries >= 1 && check.Retries <= 10,
			"startPeriod " + strconv.Itoa(check.StartPeriod): check.StartPeriod >= 0 && check.StartPeriod <= 300,
		} {
			if !in {
				t.Errorf("%s: ECS does not take %s", path, name)
			}
		}
	}
}
