package main

import (
	"bytes"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rs/zerolog"

	"neo4j-agent/agent/settings"
	"neo4j-agent/neo4jconf"
)

const gibi = int64(1) << 30

// tree is a file system of these files, in the shapes that the kernel gives them. The paths are those of Docker on a
// machine with control groups of version 1, of ECS (a group of the task around the container's), and of version 2 with and
// without a namespace of its own.
func tree(files map[string]string) fstest.MapFS {
	fsys := fstest.MapFS{"proc/meminfo": {Data: []byte("MemTotal:       33554432 kB\nMemFree:        1000000 kB\n")}} // 32 GiB
	for path, text := range files {
		fsys[path] = &fstest.MapFile{Data: []byte(text)}
	}
	return fsys
}

const (
	unlimited1 = "9223372036854771712\n"
	fourGibi   = "4294967296\n"
)

func TestTheLeastLimitAboveTheContainerCounts(t *testing.T) {
	tests := map[string]struct {
		files map[string]string
		want  int64
		from  string
	}{
		"version 2, own namespace": {map[string]string{
			"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": fourGibi,
		}, 4 * gibi, "/sys/fs/cgroup/memory.max"},
		"version 2, limit of the task above": {map[string]string{
			"proc/self/cgroup": "0::/ecs/task/container\n",
			"sys/fs/cgroup/ecs/task/container/memory.max": "8589934592\n",
			"sys/fs/cgroup/ecs/task/memory.max":           fourGibi,
			"sys/fs/cgroup/ecs/memory.max":                "max\n",
		}, 4 * gibi, "/sys/fs/cgroup/ecs/task/memory.max"},
		"version 2, no limit": {map[string]string{
			"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "max\n",
		}, 0, ""},
		"version 2, more than the machine has": {map[string]string{
			"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "68719476736\n",
		}, 0, ""},
		"version 2, nothing to read": {nil, 0, ""},
		"version 1, group named as the machine sees it": {map[string]string{
			"proc/self/cgroup":                           "11:cpu,cpuacct:/docker/0af\n9:memory:/docker/0af\n1:name=systemd:/docker/0af\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes": fourGibi,
			"sys/fs/cgroup/memory/memory.stat":           "cache 0\nhierarchical_memory_limit 4294967296\n",
		}, 4 * gibi, "/sys/fs/cgroup/memory/memory.limit_in_bytes"},
		"version 1, limit of the task hidden above": {map[string]string{
			"proc/self/cgroup":                           "9:memory:/ecs/task/container\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes": unlimited1,
			"sys/fs/cgroup/memory/memory.stat":           "cache 0\nhierarchical_memory_limit 4294967296\nhierarchical_memsw_limit 1\n",
		}, 4 * gibi, "/sys/fs/cgroup/memory/memory.stat"},
		"version 1, no limit": {map[string]string{
			"proc/self/cgroup":                           "9:memory:/\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes": unlimited1,
			"sys/fs/cgroup/memory/memory.stat":           "hierarchical_memory_limit 9223372036854771712\n",
		}, 0, ""},
		"version 1 with version 2 beside it": {map[string]string{
			"proc/self/cgroup": "9:memory:/a\n0::/system.slice\n",
			"sys/fs/cgroup/memory/a/memory.limit_in_bytes": fourGibi,
		}, 4 * gibi, "/sys/fs/cgroup/memory/a/memory.limit_in_bytes"},
	}
	for name, test := range tests {
		limit, from := memoryLimit(tree(test.files))
		if limit != test.want || from != test.from {
			t.Errorf("%s: %d from %q, want %d from %q", name, limit, from, test.want, test.from)
		}
	}
}

func TestALimitSizesWhatTheUserLeavesOpenAndIsToldInOneLine(t *testing.T) {
	limited := tree(map[string]string{"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "8589934592\n"})
	tests := map[string]struct {
		file, heap, pages string
		limit             bool
		want              neo4jconf.Memory
	}{
		"nothing said": {"", "3600m", "2g", true, neo4jconf.Memory{Heap: "3600m", PageCache: "2g"}},
		"heap said":    {"server.memory.heap.max_size=1g\n", "as given", "4600m", true, neo4jconf.Memory{PageCache: "4600m"}},
		"no limit":     {"", "", "", false, neo4jconf.Memory{}},
		"all said":     {"server.memory.heap.max_size=1g\nserver.memory.pagecache.size=1g\n", "", "", true, neo4jconf.Memory{}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dialect, err := neo4jconf.For(neo4jconf.Version{Major: 5, Minor: 26, Patch: 30}, neo4jconf.Community)
			if err != nil {
				t.Fatal(err)
			}
			intent, err := neo4jconf.Input{Dialect: dialect, File: []byte(test.file), HomeDir: "/h"}.Intent()
			if err != nil {
				t.Fatal(err)
			}
			var log bytes.Buffer
			p := &preparation{settings: &settings.Settings{}, log: zerolog.New(&log).Level(zerolog.InfoLevel), neo4j: neo4jHome{intent: intent}}
			root := limited
			if !test.limit {
				root = tree(nil)
			}
			p.sizeMemory(root)
			if p.neo4j.memory != test.want || strings.Count(log.String(), "\n") != min(1, len(test.heap)) ||
				!strings.Contains(log.String(), test.heap) || !strings.Contains(log.String(), test.pages) {
				t.Errorf("%+v, want %+v; log: %s", p.neo4j.memory, test.want, log.String())
			}
		})
	}
}
