// Command bench prints what the agent costs, as a table with ratios against what it is compared with: `make bench`.
//
// cypher-shell is measured in the same run, on a real server. The system replaced and the official image's entrypoint
// were measured on a machine of the same size (two cores) and are constants here: neither runs without Docker Hub.
package main

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"text/tabwriter"
	"time"
)

// What the agent is compared with; medians of a two-core machine.
const (
	replacedStart = 10080 * time.Millisecond // container start to exec of Neo4j, three peers known
	officialStart = 204 * time.Millisecond   // official 4.2 entrypoint to exec, every JVM stubbed
)

// row is one figure of ours beside its goal and what it is compared with.
type row struct {
	what, ours, goal string
	beside           []string
}

func main() {
	agent := flag.String("agent", ".build/bin/neo4j-agent", "the agent's binary, stripped")
	runs := flag.Int("runs", 21, "runs of each timing; the median counts")
	dir := flag.String("dir", ".build", "`folder` with the installed parts")
	ship := flag.Int("ship", 1000, "`megabytes` of query log to send")
	only := flag.String("only", "", "`part` to measure alone: ship, snapshots, users")
	flag.Parse()
	var err error
	if *only == "" {
		err = run(*agent, *dir, *runs)
	}
	for _, part := range []struct {
		name    string
		measure func() error
	}{
		{"ship", func() error { return shipping(*agent, *ship) }},
		{"snapshots", transferring},
		{"users", func() error { return reconciling(*agent, *dir) }},
	} {
		if err == nil && (*only == "" || *only == part.name) {
			err = part.measure()
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench: "+err.Error())
		os.Exit(1)
	}
}

func run(agent, dir string, runs int) error {
	agent, err := filepath.Abs(agent)
	if err != nil {
		return err
	}
	b, err := newBox(agent)
	if err != nil {
		return err
	}
	defer b.remove()
	start, err := b.startOverhead(runs)
	if err != nil {
		return err
	}
	check, shell, memory, err := realMember(agent, dir, runs)
	if err != nil {
		return err
	}
	render, err := rendering(10 * runs)
	if err != nil {
		return err
	}
	l, err := measureLaunches(agent, dir, 5)
	if err != nil {
		return err
	}
	info, err := os.Stat(agent)
	if err != nil {
		return fmt.Errorf("cannot measure the binary: %v", err)
	}
	return print([]row{
		{"exec of start to exec of Neo4j", milliseconds(start), "≤ 60 ms", []string{
			ratio(replacedStart, start) + " of the system replaced (10.08 s)", ratio(officialStart, start) + " of the official entrypoint (0.20 s)"}},
		{"CPU of healthcheck", milliseconds(check), "≥ 280×", []string{
			fmt.Sprintf("%s of one cypher-shell call (%.2f s)", ratio(shell, check), shell.Seconds())}},
		{"RssAnon of PID 1", megabytes(memory["start"]), "≤ 10 MB", nil},
		{"RssAnon of serve", megabytes(memory["serve"]), "≤ 20 MB", nil},
		{"binary", megabytes(info.Size()), "≤ 30 MB", nil},
		{fmt.Sprintf("rendering %d variables", variables), milliseconds(render), "≤ 2 ms", nil},
		{"start to Started. of Community 5", milliseconds(l.ours.started), "≥ 1×", []string{
			fmt.Sprintf("%.2f× of its own launcher (%s); the first start took %s",
				float64(l.plain.started)/float64(l.ours.started), milliseconds(l.plain.started), milliseconds(l.first.started))}},
		{"RssAnon of all its processes", megabytes(l.ours.memory), "≥ 1×", []string{
			fmt.Sprintf("%.2f× of its own launcher with its two JVMs (%s)", float64(l.plain.memory)/float64(l.ours.memory), megabytes(l.plain.memory))}},
	})
}

func print(rows []row) error {
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "what\tours\tgoal\tless than what it is compared with")
	for _, r := range rows {
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t", r.what, r.ours, r.goal)
		for i, text := range r.beside {
			if i > 0 {
				_, _ = fmt.Fprint(table, ", ")
			}
			_, _ = fmt.Fprint(table, text)
		}
		_, _ = fmt.Fprintln(table)
	}
	return table.Flush()
}

func median[T cmp.Ordered](values []T) T {
	slices.Sort(values)
	return values[len(values)/2]
}

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
}

func megabytes(bytes int64) string { return fmt.Sprintf("%.1f MB", float64(bytes)/1e6) }

func ratio(theirs, ours time.Duration) string {
	return fmt.Sprintf("%.0f×", float64(theirs)/float64(ours))
}
