// Demo runs a real Neo4j cluster on this machine until Ctrl-C: three cores and a read replica, each started by
// neo4j-agent, found through an emulated Cloud Map. It installs what it needs first. make demo calls it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"neo4j-agent/integration/localcluster"
)

const (
	cores    = 3
	replicas = 1

	// readyLimit bounds the start: a cluster that has not formed by then will not. On 2 busy cores it takes 90 s.
	readyLimit = 5 * time.Minute
)

func main() {
	agent := flag.String("agent", ".build/bin/neo4j-agent", "the neo4j-agent `binary`")
	dir := flag.String("dir", ".build", "`folder` for what is installed (parts) and kept (demo)")
	flag.Parse()
	// A reader that has gone (make demo | head) must not end us before the members have left.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	out := newReport(os.Stdout)
	if err := run(out, *agent, *dir); err != nil {
		out.failure(err)
		os.Exit(1)
	}
}

// interruptible ends the context it gives at Ctrl-C, SIGTERM, or when the terminal is closed.
func interruptible(parent context.Context) (context.Context, context.CancelFunc) {
	return signal.NotifyContext(parent, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
}

// run is the whole demo.
func run(out *report, agent, dir string) error {
	ctx, stop := interruptible(context.Background())
	defer stop()
	if _, err := os.Stat(agent); err != nil {
		return fmt.Errorf("cannot find the agent: %v; make build makes it", err)
	}
	parts, err := localcluster.Install(ctx, filepath.Join(dir, "parts"), out.line)
	if err != nil {
		return err
	}
	cluster, err := localcluster.New(ctx, localcluster.Options{
		Agent: agent, Parts: parts, Dir: filepath.Join(dir, "demo"), Cores: cores, Replicas: replicas,
	})
	if err != nil {
		return err
	}
	failure := play(ctx, out, cluster, agent)
	if failure != nil && ctx.Err() == nil {
		cluster.Dump(os.Stdout)
	}
	stop() // from here on Ctrl-C means hurry
	return errors.Join(failure, leave(out, cluster))
}

// play starts the cluster and shows what happens in it until ctx ends. Being interrupted is no failure.
func play(ctx context.Context, out *report, cluster *localcluster.Cluster, agent string) error {
	for _, m := range cluster.Members {
		out.line(fmt.Sprintf("starting %s at %s; its log is %s", m.Name, m.Endpoint.Host, m.LogPath))
	}
	if err := cluster.Start(ctx); err != nil {
		return unlessInterrupted(ctx, err)
	}
	watch := newWatch(out, cluster.Members)
	if err := watch.untilReady(ctx); err != nil {
		return unlessInterrupted(ctx, err)
	}
	if err := showStatus(ctx, out, cluster, agent); err != nil {
		return unlessInterrupted(ctx, err)
	}
	showHints(out, cluster)
	watch.untilInterrupted(ctx)
	return nil
}

func unlessInterrupted(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// leave drains all members; a second Ctrl-C kills them.
func leave(out *report, cluster *localcluster.Cluster) error {
	ctx, stop := interruptible(context.Background())
	defer stop()
	out.line("")
	out.line("draining all members (Ctrl-C again: kill them)")
	started := time.Now()
	if err := errors.Join(cluster.Stop(ctx), cluster.Close()); err != nil {
		return err
	}
	out.line(fmt.Sprintf("all members left after %.0f s; nothing is left running. The data is kept; make demo-clean removes it.",
		time.Since(started).Seconds()))
	return nil
}
