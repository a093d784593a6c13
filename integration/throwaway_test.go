package integration

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"neo4j-agent/agent/health"
	"neo4j-agent/integration/localcluster"
	"neo4j-agent/neo4jconf"
	"neo4j-agent/supervisor"
)

// TestAThrowawayServerOfEachGenerationAnswersWithItsPasswordOnly starts the server that a proof starts. It must take its
// configuration, know the password from its first second on, and tell what a proof asks.
func TestAThrowawayServerOfEachGenerationAnswersWithItsPasswordOnly(t *testing.T) {
	for _, g := range generations {
		t.Run(g.String(), func(t *testing.T) {
			parts := g.parts(t)
			home, root := filepath.Join(t.TempDir(), "home"), t.TempDir()
			if err := parts.NewHome(home); err != nil {
				t.Fatal(err)
			}
			dialect := adminOf(t, home, parts.JavaHome).Dialect
			config := throwaway(t, dialect, home, root)
			awaitAnswer(t, parts, dialect, config, home, root)
		})
	}
}

func throwaway(t *testing.T, dialect neo4jconf.Dialect, home, root string) neo4jconf.Config {
	t.Helper()
	_, text, _ := net.SplitHostPort(somePort(t))
	port, _ := strconv.Atoi(text)
	conf := filepath.Join(root, "conf")
	config, err := dialect.Throwaway(neo4jconf.Throwaway{
		Home: home, Conf: conf, Root: root, Bolt: port, Database: "proved", Memory: neo4jconf.Memory{Heap: "400m", PageCache: "64m"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range append(config.Directories(), conf) {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	writeText(t, filepath.Join(conf, "neo4j.conf"), string(config.Bytes()))
	if logs, ok := config.ServerLogs(); ok {
		writeText(t, filepath.Join(conf, "server-logs.xml"), string(logs))
	}
	password, needed, err := config.InitialPassword(neo4jconf.InitialPassword{Password: localcluster.Password},
		func(path string) bool { _, err := os.Stat(path); return err == nil })
	if err != nil || !needed {
		t.Fatal(needed, err)
	}
	writeText(t, password.Path, string(password.Content))
	return config
}

func awaitAnswer(t *testing.T, parts *localcluster.Parts, dialect neo4jconf.Dialect, config neo4jconf.Config, home, root string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan supervisor.ToolResult, 1)
	go func() {
		result, _ := supervisor.Tool{
			Argv: dialect.Console(home, false), Tail: 20, Limit: formation,
			Env: []string{"PATH=" + os.Getenv("PATH"), "JAVA_HOME=" + parts.JavaHome, "NEO4J_HOME=" + home, "NEO4J_CONF=" + filepath.Join(root, "conf"),
				"NEO4J_ACCEPT_LICENSE_AGREEMENT=yes"},
		}.Run(ctx)
		ended <- result
	}()
	defer func() {
		cancel()
		if result := <-ended; t.Failed() {
			t.Log(strings.Join(result.Tail, "\n"))
		}
	}()
	client := boltClient(t, config.BoltAddress(), localcluster.Password)
	eventually(t, "an answer", formation, func() (bool, string) {
		asked, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		_, err := client.Rows(asked, "", "RETURN 1", nil)
		if len(ended) > 0 {
			t.Fatal("the server has ended")
		}
		return err == nil, "no answer"
	})
	if _, err := boltClient(t, config.BoltAddress(), "neo4j").Rows(ctx, "", "RETURN 1", nil); err == nil {
		t.Error("it answers to another password")
	}
	tellsOf(t, client, dialect)
}

// tellsOf wants what a proof asks to be told, where the version tells it.
func tellsOf(t *testing.T, client *health.Client, dialect neo4jconf.Dialect) {
	t.Helper()
	ctx := t.Context()
	if query := dialect.DatabaseList(); query != "" && dialect.SystemDatabase() != "" {
		rows, err := client.Rows(ctx, dialect.SystemDatabase(), query, nil)
		known := slices.ContainsFunc(rows, func(row map[string]any) bool { return row["name"] == "proved" && row["currentStatus"] == "online" })
		if err != nil || !known {
			t.Errorf("databases %v, %v", rows, err)
		}
	}
	up, err := client.Rows(ctx, "", dialect.Uptime(), nil)
	if known := slices.ContainsFunc(up, func(row map[string]any) bool { ms, told := row["uptime"].(int64); return told && ms > 0 }); err != nil || !known {
		t.Errorf("it has run for %v, %v", up, err)
	}
	query := dialect.LastTransaction()
	if query == "" {
		t.Logf("%v does not tell the last transaction", dialect.Version)
		return
	}
	rows, err := client.Rows(ctx, dialect.SystemDatabase(), query, map[string]any{"database": "proved"})
	t.Logf("%v: last transaction %v", dialect.Version, rows)
	known := slices.ContainsFunc(rows, func(row map[string]any) bool { _, told := row["last"].(int64); return told })
	if err != nil || known != (dialect.Edition == neo4jconf.Enterprise) { // Community has null there
		t.Errorf("the last transaction is %v, %v", rows, err)
	}
}

func boltClient(t *testing.T, address, password string) *health.Client {
	t.Helper()
	client, err := health.NewClient(address, "neo4j", password, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}
