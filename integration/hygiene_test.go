package integration

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"neo4j-agent/agent/health"
	"neo4j-agent/integration/localcluster"
)

// planted is no secret: it is put into every place that is searched, to prove that a secret would be found there.
const planted = "planted-where-a-secret-must-not-be"

// The places, each with what must turn up there of planted.
var places = []string{"arguments", "environment", "environment of the script", "output", "run directory", "volume", "configuration", "/status", "/metrics", "output of a command"}

// search looks for texts in the places, and remembers which were found where.
type search struct {
	member *localcluster.Member
	texts  []string

	mu    sync.Mutex
	found map[string]map[string]string // text to place to where exactly
}

func newSearch(m *localcluster.Member, secrets []string) *search {
	s := &search{member: m, texts: append([]string{planted}, secrets...), found: map[string]map[string]string{}}
	for _, text := range s.texts {
		s.found[text] = map[string]string{}
	}
	return s
}

func (s *search) look(place, where string, in []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, text := range s.texts {
		if bytes.Contains(in, []byte(text)) {
			s.found[text][place] = where
		}
	}
}

// processes looks at the agent and at all that descends from it. The agent begins with the environment that the container
// has and leaves it at once, so that it counts from then on.
func (s *search) processes() {
	for _, pid := range family(s.member.PID()) {
		argv, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if pid == s.member.PID() && !bytes.Contains(argv, []byte("--secrets-fd")) {
			continue
		}
		environ, _ := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid)) // without root only of Neo4j and its like
		s.look("arguments", string(argv), argv)
		s.look("environment", string(argv), environ)
	}
}

// family is the process and its descendants.
func family(root int) []int {
	children := map[int][]int{}
	entries, _ := os.ReadDir("/proc")
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		stat, _ := os.ReadFile(filepath.Join("/proc", entry.Name(), "stat"))
		fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
		if err != nil || len(fields) < 2 {
			continue
		}
		if parent, err := strconv.Atoi(fields[1]); err == nil {
			children[parent] = append(children[parent], pid)
		}
	}
	all := []int{root}
	for i := 0; i < len(all); i++ {
		all = append(all, children[all[i]]...)
	}
	return all
}

// answers looks at what the agent serves.
func (s *search) answers(t *testing.T) {
	t.Helper()
	for _, path := range []string{"/status", "/metrics"} {
		_, body, err := s.member.Get(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		s.look(path, path, body)
	}
}

// commands looks at what the short commands print, as docker exec runs them: with the container's environment.
func (s *search) commands(t *testing.T) {
	t.Helper()
	for _, args := range [][]string{{"status", "--json"}, {"healthcheck"}, {"render"}, {"prepare", "--dry-run"}} {
		command := exec.CommandContext(t.Context(), agent, args...)
		command.Env = s.member.Env()
		output, _ := command.CombinedOutput()
		s.look("output of a command", strings.Join(args, " "), output)
	}
}

// files looks at every file below a folder.
func (s *search) files(t *testing.T, place, folder string) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		s.look(place, path, text)
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// meanwhile looks at the processes again and again, since prepare and tools are short-lived, until the result is called.
func (s *search) meanwhile(t *testing.T) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	var looking sync.WaitGroup
	looking.Go(func() {
		ticks := time.NewTicker(30 * time.Millisecond)
		defer ticks.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticks.C:
				s.processes()
			}
		}
	})
	return func() { cancel(); looking.Wait() }
}

// TestNoSecretIsFoundAnywhereInAFullRun looks for each secret of a member in all places that others can read, from its
// start through a restart of its database to its end.
func TestNoSecretIsFoundAnywhereInAFullRun(t *testing.T) {
	const password, previous, guest, key = "the-administrators-word", "the-word-before-that", "the-guests-word", "the-secret-access-key"
	const plain, filed, stored = "the-word-of-ann-herself", "the-word-of-bob-in-a-file", "the-word-of-cyd-in-the-store"
	for name, env := range map[string]func(*testing.T) map[string]string{
		"passwords in files": func(t *testing.T) map[string]string {
			path := func(name, text string) string {
				path := filepath.Join(t.TempDir(), name)
				write(t, path, text+"\n")
				return path
			}
			return map[string]string{
				"NEO4J_ADMIN_PASSWORD_FILE": path("password", password), "NEO4J_ADMIN_PASSWORD_PREVIOUS_FILE": path("previous", previous),
				"AGENT_USERS_FILE": path("users", `[{name: ann, password: `+plain+`}, {name: bob, passwordFile: `+path("bob", filed)+`}]`),
			}
		},
		"passwords in Secrets Manager": func(t *testing.T) map[string]string {
			v := newVault(t)
			return v.env("NEO4J_ADMIN_PASSWORD_SECRET", v.make("neo4j/admin", password), "NEO4J_ADMIN_PASSWORD_PREVIOUS", previous,
				"AGENT_USERS", `[{name: ann, password: `+plain+`}, {name: cyd, passwordSecret: "`+v.make("neo4j/cyd", stored)+`"}]`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			script := filepath.Join(folder, "script.sh")
			write(t, script, "env > "+folder+"/env; cat /proc/$PPID/environ >> "+folder+"/env || true; echo "+planted+"\n")
			all := map[string]string{
				"NEO4J_AUTH": "", "NEO4J_GUEST_AUTH": "reader/" + guest, "AWS_ACCESS_KEY_ID": localcluster.AccessKey, "AWS_SECRET_ACCESS_KEY": key,
				"AGENT_VALIDATE_CONFIG": "true", "EXTENSION_SCRIPT": script, "AGENT_LOG_LEVEL": "trace",
				"AGENT_CLUSTER_NAME": planted, "PLANTED": planted, "NEO4J_server_jvm_additional": "-Dplanted=" + planted,
			}
			maps.Copy(all, env(t))
			all["AWS_SECRET_ACCESS_KEY"] = key
			all["NEO4J_DATA_ROOT"] = filepath.Join(folder, "volume")
			m := generation{version: localcluster.Community5}.member(t, all)
			s := newSearch(m, []string{password, previous, guest, key, plain, filed, stored})
			begin(t, m)
			stop := s.meanwhile(t) // not before, when there is no process whose family it could be
			knows(t, m, true)
			usersBecome(t, m, health.UsersOK)
			s.answers(t)
			s.commands(t)
			if _, err := m.KillDatabase(); err != nil {
				t.Fatal(err)
			}
			eventually(t, "a ready member after a restart", formation, func() (bool, string) {
				st := statusOf(m)
				return st.Phase == "ready" && st.Restarts.Done == 1, st.String()
			})
			usersBecome(t, m, health.UsersOK)
			s.answers(t)
			leave(t, m)
			stop()
			s.look("output", m.LogPath, []byte(m.LogText()))
			s.files(t, "run directory", m.RunDir)
			s.files(t, "volume", all["NEO4J_DATA_ROOT"])
			s.files(t, "configuration", filepath.Join(m.Home, "conf"))
			s.files(t, "environment of the script", filepath.Join(folder, "env"))
			s.judge(t)
		})
	}
}

// judge wants planted in every place and the secrets in none.
func (s *search) judge(t *testing.T) {
	t.Helper()
	for _, place := range places {
		if s.found[planted][place] == "" {
			t.Errorf("the search of %s does not find what was planted there", place)
		}
	}
	for _, secret := range s.texts[1:] {
		for _, place := range slices.Sorted(maps.Keys(s.found[secret])) {
			t.Errorf("%s is in the %s: %s", secret, place, s.found[secret][place])
		}
	}
}
