package main

import (
	"io/fs"
	"math"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"

	"neo4j-agent/agent/settings"
	"neo4j-agent/neo4jconf"
)

// sizeMemory sizes what the user leaves open of heap and page cache from the container's memory limit. The official
// image gives a page cache of 512 MiB and leaves the heap to Java in a container of any size; sizing by Neo4j's own rules
// wins over that where there is a limit. Without one nothing changes.
func (p *preparation) sizeMemory(root fs.FS) {
	limit, from := memoryLimit(root)
	if limit == 0 {
		p.log.Debug().Msg("no memory limit: heap and page cache stay as configured")
		return
	}
	variables := map[string]string{}
	for _, entry := range settings.Environ() {
		if name, value, _ := strings.Cut(entry, "="); slices.Contains(neo4jconf.JavaVariables, name) {
			variables[name] = value
		}
	}
	sized := p.neo4j.intent.Config.Recommend(limit, variables)
	p.neo4j.memory = sized
	if sized != (neo4jconf.Memory{}) {
		p.log.Info().Int64("limit_mib", limit>>20).Str("from", from).
			Str("heap", orGiven(sized.Heap)).Str("page_cache", orGiven(sized.PageCache)).Msg("memory sized")
	}
}

func orGiven(size string) string {
	if size == "" {
		return "as given"
	}
	return size
}

// hierarchy is where a version of control groups says what a group may take.
type hierarchy struct {
	mount      string
	limit      string // file with the limit in bytes
	controller string // second field of the line in /proc/self/cgroup that names our group (cgroups(7))
	inherited  string // key in memory.stat for the least limit of the group and those above, also the ones hidden from us
}

// Both are looked at: a machine may have mounted both (kernel, admin-guide/cgroup-v2 and cgroup-v1/memory).
var hierarchies = []hierarchy{
	{mount: "sys/fs/cgroup", limit: "memory.max"},
	{mount: "sys/fs/cgroup/memory", limit: "memory.limit_in_bytes", controller: "memory", inherited: "hierarchical_memory_limit"},
}

// memoryLimit is how many bytes our control group may take, and the file that says so: the least limit of the group and of
// those above it. It is 0 where there is none, or none below the machine's memory: version 1 writes a number near 2^63 for
// no limit.
func memoryLimit(root fs.FS) (limit int64, from string) {
	limit = machineMemory(root)
	consider := func(file, bytes string) {
		if n := number(bytes); n > 0 && n < limit {
			limit, from = n, "/"+file
		}
	}
	for _, h := range hierarchies {
		for _, folder := range h.groups(root) {
			file, stat := path.Join(folder, h.limit), path.Join(folder, "memory.stat")
			consider(file, text(root, file))
			if h.inherited != "" {
				consider(stat, field(text(root, stat), h.inherited))
			}
		}
	}
	if from == "" {
		return 0, ""
	}
	return limit, from
}

// groups are the folders of our group and those above it. In a container the group may be named as the machine sees it,
// while what is mounted begins with it: folders that are not there are passed over.
func (h hierarchy) groups(root fs.FS) []string {
	folders := []string{h.mount}
	for line := range strings.Lines(text(root, "proc/self/cgroup")) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) < 3 || !slices.Contains(strings.Split(parts[1], ","), h.controller) {
			continue
		}
		for group := path.Clean("/" + parts[2]); group != "/"; group = path.Dir(group) {
			folders = append(folders, path.Join(h.mount, group))
		}
	}
	return folders
}

// machineMemory is the machine's memory in bytes (proc_meminfo(5): kB are KiB), the greatest number where it is unknown.
func machineMemory(root fs.FS) int64 {
	kibi := number(strings.TrimSuffix(field(text(root, "proc/meminfo"), "MemTotal:"), " kB"))
	if kibi == 0 {
		return math.MaxInt64 >> 1
	}
	return kibi << 10
}

// field is what follows the key at the beginning of a line.
func field(text, key string) string {
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(line, key); ok && strings.HasPrefix(value, " ") {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// number is 0 for what is none: "max" and a missing file.
func number(text string) int64 {
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

func text(root fs.FS, file string) string {
	content, _ := fs.ReadFile(root, file)
	return string(content)
}

// machine is the file system as it is.
func machine() fs.FS { return os.DirFS("/") }
