package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"neo4j-agent/integration/localcluster"
)

// How many users are made, after how many a server is warm, which is when its JVM has compiled what that takes, and how
// long nothing is changed.
const (
	manyUsers   = 100
	warmUsers   = 300
	steadyFor   = 65 * time.Second // two looks at least
	usersSettle = 2 * time.Minute
)

// userBench is a real server whose users the agent keeps.
type userBench struct {
	*localcluster.Member
	list    string
	count   int // of users that are listed
	vault   *secretsmanager.Client
	secret  string // of the one more user whose password is there, "" while there is none
	role    string // of each user, "" where there are none
	changes int64  // that must have been made by now
}

// reconciling prints what it costs to make a hundred users, and to see that they are there.
func reconciling(agent, dir string) error {
	agent, err := filepath.Abs(agent)
	if err != nil {
		return err
	}
	say := func(line string) { _, _ = fmt.Fprintln(os.Stderr, line) }
	ctx := context.Background()
	enterprise, err := localcluster.Install(ctx, filepath.Join(dir, "parts"), say)
	if err != nil {
		return err
	}
	community, err := enterprise.Community(ctx, localcluster.Community5, say)
	if err != nil {
		return err
	}
	var rows []row
	for _, server := range []struct {
		name  string
		parts *localcluster.Parts
		role  string
	}{{"3.5 Enterprise, each with a role", enterprise, "reader"}, {"Community 5", community, ""}} {
		found, err := reconciled(ctx, agent, server.parts, enterprise, server.role)
		if err != nil {
			return err
		}
		rows = append(rows,
			row{fmt.Sprintf("%d users made on %s, warm", manyUsers, server.name), milliseconds(found.made), "≤ 1 s", []string{
				fmt.Sprintf("%.0f× of a call of cypher-shell for each (%.2f s)", manyUsers*found.shell.Seconds()/found.made.Seconds(), found.shell.Seconds())}},
			row{"its first ones after a start", milliseconds(found.first), "", nil},
			row{"CPU of serve while they stay as they are", fmt.Sprintf("%.2f %% of a core", 100*found.steady), "", nil},
			row{fmt.Sprintf("a rotation, looked for every %s, in the server", rotatedEvery), milliseconds(found.rotated[len(found.rotated)-1]),
				"≤ " + (rotatedEvery + time.Second).String(), []string{fmt.Sprintf("median of %d: %s", len(found.rotated), milliseconds(median(found.rotated)))}})
	}
	return print(rows)
}

// userFigures are those of one server: the making of the users, one call of cypher-shell, the share of a core while nothing
// changes, and rotations, the fastest first.
type userFigures struct {
	made, shell time.Duration
	first       time.Duration // the first users of all
	steady      float64
	rotated     []time.Duration
}

// reconciled measures on one server.
func reconciled(ctx context.Context, agent string, parts, tools *localcluster.Parts, role string) (found userFigures, err error) {
	folder, err := os.MkdirTemp("", "neo4j-agent-bench-")
	if err != nil {
		return found, err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	aside, err := os.MkdirTemp("", "neo4j-agent-bench-moto-") // the cluster counts what runs in its own folder
	if err != nil {
		return found, err
	}
	defer func() { _ = os.RemoveAll(aside) }()
	moto, err := tools.StartMoto(ctx, aside, 0)
	if err != nil {
		return found, err
	}
	defer moto.Stop()
	cluster, err := localcluster.New(ctx, localcluster.Options{Agent: agent, Parts: parts, Dir: folder})
	if err != nil {
		return found, err
	}
	defer func() { err = errors.Join(err, cluster.Close()) }()
	b := &userBench{list: filepath.Join(folder, "users.json"), role: role, vault: moto.Secrets()}
	b.Member = cluster.Add(localcluster.MemberOptions{Role: localcluster.Standalone, Env: map[string]string{
		"AGENT_USERS_FILE": b.list, "NEO4J_DATA_ROOT": filepath.Join(folder, "volume"), "AGENT_SECRETS_EVERY": rotatedEvery.String(),
		"AWS_ENDPOINT_URL_SECRETS_MANAGER": moto.Endpoint, "AWS_ACCESS_KEY_ID": localcluster.AccessKey, "AWS_SECRET_ACCESS_KEY": localcluster.SecretKey}})
	if err := errors.Join(b.write(), b.Start(), b.settled(ctx)); err != nil {
		return found, err
	}
	if err := b.measure(ctx, &found); err != nil {
		return found, err
	}
	cypherShell, err := tools.CypherShell(ctx, func(string) {})
	if err != nil {
		return found, err
	}
	begun := time.Now()
	text, err := cypherShell(b.Member, "RETURN 1;").CombinedOutput()
	if err != nil {
		return found, fmt.Errorf("cannot run cypher-shell: %v\n%s", err, text)
	}
	found.shell = time.Since(begun)
	return found, nil
}

// measure makes the users and rotates the secret, on a server that has just started.
func (b *userBench) measure(ctx context.Context, found *userFigures) error {
	begun := time.Now()
	if err := b.have(ctx, manyUsers); err != nil {
		return err
	}
	found.first = time.Since(begun)
	if err := b.have(ctx, warmUsers); err != nil {
		return err
	}
	begun = time.Now()
	if err := b.have(ctx, warmUsers+manyUsers); err != nil {
		return err
	}
	found.made = time.Since(begun)
	serve, err := b.Serve()
	if err != nil {
		return err
	}
	used, begun := cpuOf(serve), time.Now()
	<-time.After(steadyFor)
	found.steady = (cpuOf(serve) - used).Seconds() / time.Since(begun).Seconds()
	found.rotated, err = b.rotations(ctx)
	return err
}

// write lists the users.
func (b *userBench) write() error {
	users := make([]map[string]any, 0, b.count+1)
	for n := range b.count {
		user := map[string]any{"name": fmt.Sprintf("user-%d", n), "password": fmt.Sprintf("password-of-%d", n)}
		if b.role != "" {
			user["roles"] = []string{b.role}
		}
		users = append(users, user)
	}
	if b.secret != "" {
		users = append(users, map[string]any{"name": rotatedUser, "passwordSecret": b.secret})
	}
	text, err := json.Marshal(users)
	if err != nil {
		return err
	}
	return os.WriteFile(b.list, text, 0o600)
}

// have lists so many users and waits until they are there.
func (b *userBench) have(ctx context.Context, count int) error {
	more := int64(count - b.count)
	if b.role != "" {
		more *= 2
	}
	b.count, b.changes = count, b.changes+more
	if err := errors.Join(b.write(), b.Signal(syscall.SIGHUP)); err != nil {
		return err
	}
	return b.settled(ctx)
}

// settled waits until the status says that all changes have been made.
func (b *userBench) settled(ctx context.Context) error {
	return localcluster.WaitFor(ctx, "the users", usersSettle, func() (bool, string) {
		_, body, err := b.Get(ctx, "/status")
		var status struct {
			Users struct {
				State   string
				Changes int64
			}
		}
		if err == nil {
			err = json.Unmarshal(body, &status)
		}
		return err == nil && status.Users.State == "ok" && status.Users.Changes >= b.changes, string(body)
	})
}
