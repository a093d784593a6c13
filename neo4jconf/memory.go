package neo4jconf

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// Memory is how much of it Neo4j is to take, as its settings write sizes. Each is "" for what somebody else decided.
type Memory struct {
	Heap      string // initial and greatest size of Java's heap
	PageCache string
}

const (
	kibi = int64(1) << 10
	mebi = kibi << 10
	gibi = mebi << 10
	tebi = gibi << 10
)

// JavaVariables is the environment that may decide the heap whatever neo4j.conf says: the launchers of 4.3 and later take
// JAVA_OPTS and HEAP_SIZE in place of the settings (jar), and Java itself reads the others ("The java Command",
// JDK_JAVA_OPTIONS; the other two are HotSpot's).
var JavaVariables = []string{"JAVA_OPTS", "HEAP_SIZE", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS"}

// heapArgument finds a heap among Java's arguments. Its groups are the greatest size in bytes, as a percentage of the
// container's memory and as one of so many parts of it; all are empty where only the beginning is given.
var heapArgument = regexp.MustCompile(`(?:^|\s)["']?-(?:Xmx(\w+)|XX:MaxHeapSize=(\w+)|XX:MaxRAMPercentage=(\d+)|` +
	`XX:MaxRAMFraction=(\d+)|Xms\w|XX:InitialHeapSize=|XX:(?:Min|Initial)RAM(?:Percentage|Fraction)=)`)

// Recommend sizes heap and page cache for a container whose processes may take limit bytes, by the rules of Neo4j's own
// memrec (since 5 server memory-recommendation). Only what the user leaves open is sized: by setting, by an argument for
// Java or by one of JavaVariables. The heap gives way to a page cache that the user wants, and the page cache to a heap,
// so that both with what is to be left for the system stay below the limit, as far as the user leaves room.
func (c Config) Recommend(limit int64, variables map[string]string) Memory {
	rule := c.dialect.memoryRule()
	heap, heapGiven := c.givenHeap(limit, variables)
	pages, pagesGiven := c.givenSize(pageCacheNames)
	if !heapGiven {
		heap = rule.heap(limit)
		if pagesGiven {
			heap = max(min(heap, limit-rule.system(limit)-pages), smallestHeap)
		}
	}
	var sized Memory
	if !heapGiven {
		sized.Heap = sizeText(heap)
	}
	if !pagesGiven {
		sized.PageCache = sizeText(rule.pageCache(limit, heap, c.outside(limit, heap)))
	}
	return sized
}

// smallestHeap is what is left to the heap when the user wants nearly everything for the page cache: all versions start
// with it (run of 4.1.13, 4.4.48, 5.26.30 and 2026.08.1).
const smallestHeap = 76 * mebi

// The names of both generations: Neo4j 5 still reads the older ones.
var (
	heapMaxNames     = []string{"dbms.memory.heap.max_size", "server.memory.heap.max_size"}
	heapInitialNames = []string{"dbms.memory.heap.initial_size", "server.memory.heap.initial_size"}
	pageCacheNames   = []string{"dbms.memory.pagecache.size", "server.memory.pagecache.size"}
)

// givenHeap is the heap in bytes that the user decides. Where only its beginning is given Java takes a quarter of the
// memory for the rest ("The java Command", MaxRAMPercentage).
func (c Config) givenHeap(limit int64, variables map[string]string) (int64, bool) {
	if text := variables["HEAP_SIZE"]; text != "" && c.dialect.hasLauncher() {
		return sizeOf(text), true
	}
	arguments, _ := c.Get(c.dialect.name(jvmAdditional))
	for _, name := range JavaVariables {
		arguments += " " + variables[name]
	}
	heap, given := c.givenSize(heapMaxNames)
	if found := heapArgument.FindAllStringSubmatch(arguments, -1); len(found) > 0 {
		heap, given = 0, true
		for _, f := range found {
			heap = max(heap, sizeOf(f[1]+f[2]), limit/100*sizeOf(f[3]))
			if parts := sizeOf(f[4]); parts > 0 {
				heap = max(heap, limit/parts)
			}
		}
	}
	first, begun := c.givenSize(heapInitialNames)
	if heap == 0 {
		heap = max(first, limit/4)
	}
	return heap, given || begun
}

// givenSize is the first of the settings that the user gives.
func (c Config) givenSize(names []string) (int64, bool) {
	for _, name := range names {
		for _, s := range c.settings {
			if s.Name == name && s.Source > Default {
				return sizeOf(s.Value), true
			}
		}
	}
	return 0, false
}

// outside is what the tool reserves for the state of transactions beside the heap, in bytes. 3.5's reserves it whatever
// the settings say, and reckons with the heap there; 4.x keeps that state outside unless told otherwise, 5 only when told
// to, and calendar versions have none (jar).
func (c Config) outside(limit, heap int64) int64 {
	kept, _ := c.Get("dbms.tx_state.memory_allocation")
	if text, ok := c.Get("db.tx_state.memory_allocation"); ok {
		kept = text
	}
	of := limit
	switch c.dialect.fact(transactionState) {
	case "always":
		of = heap
	case "unless":
		if strings.EqualFold(kept, "ON_HEAP") {
			return 0
		}
	case "when":
		if !strings.EqualFold(kept, "OFF_HEAP") {
			return 0
		}
	default:
		return 0
	}
	return min(max(of/4, 128*mebi), 8*gibi)
}

var transactionState = fact{head{v35, v40, v50, v2025}, cells{"always", "unless", "when", ""}}

// bracket is a row of the tool's table: with so much memory, so much for the system and so much for the heap, in GiB.
type bracket struct{ total, system, heap float64 }

// memoryRule is the tool's table of one generation.
type memoryRule struct {
	small      []bracket // up to 1 GiB
	leastPages int64
}

// Between two rows the tool takes the straight line, past the last that one (jar: MemoryRecommendation, up to 4.1
// MemoryRecommendationsCommand).
var brackets = []bracket{
	{2, 1, .5}, {4, 1.5, 2}, {6, 2, 3}, {8, 2.5, 3.5}, {10, 3, 4}, {12, 3.5, 4.5}, {16, 4, 5}, {24, 6, 8},
	{32, 8, 12}, {64, 12, 24}, {128, 16, 31}, {256, 20, 31}, {512, 24, 31}, {1024, 30, 31},
}

func (d Dialect) memoryRule() memoryRule {
	if d.Version.Major < 4 {
		return memoryRule{small: []bracket{{.01, .005, .005}, {1, .5, .5}}, leastPages: 100 * mebi}
	}
	return memoryRule{small: []bracket{{.01, .007, .002}, {1, .65, .3}}, leastPages: smallestPages}
}

func (r memoryRule) system(limit int64) int64 {
	return r.between(limit, func(b bracket) float64 { return b.system })
}

func (r memoryRule) heap(limit int64) int64 {
	return r.between(limit, func(b bracket) float64 { return b.heap })
}

// between cuts to whole MiB, as the tool does.
func (r memoryRule) between(limit int64, column func(bracket) float64) int64 {
	rows := append(append([]bracket{}, r.small...), brackets...)
	total := float64(limit) / float64(gibi)
	lower, upper := rows[len(rows)-1], rows[len(rows)-1]
	for i := 1; i < len(rows); i++ {
		if total < rows[i].total {
			lower, upper = rows[i-1], rows[i]
			break
		}
	}
	share := 0.0
	if lower != upper {
		share = (total - lower.total) / (upper.total - lower.total)
	}
	from, to := column(lower), column(upper)
	return int64((from+(to-from)*share)*1024) * mebi
}

// pageCache is what is left, as the tool reckons, with two exceptions. The least that 3.5's tool names may be more than a
// small container has: a quarter of the limit stays free for Java itself. And 4.x's tool reserves so much for the state of
// transactions that it names 8 MiB up to a machine of 8 GiB, less than the official image gives without looking: up to the
// image's size the page cache gets half of what heap and system leave.
func (r memoryRule) pageCache(limit, heap, outside int64) int64 {
	left := limit - r.system(limit) - heap
	least := max(min(r.leastPages, limit-limit/4-heap), min(imagePages, left/2/mebi*mebi), smallestPages)
	return min(max(left-outside, least), 16*tebi)
}

const (
	imagePages    = 512 * mebi
	smallestPages = 8 * mebi // of the tools since 4.0
)

// sizeText writes a size as the tool does: rounded to 100 MiB above a GiB, to 100 KiB above a MiB.
func sizeText(bytes int64) string {
	switch {
	case bytes >= gibi && bytes%gibi >= 100*mebi:
		return fmt.Sprintf("%dm", int64(math.Round(float64(bytes)/float64(100*mebi)))*100)
	case bytes >= gibi:
		return fmt.Sprintf("%.0fg", float64(bytes)/float64(gibi))
	case bytes%mebi >= 100*kibi:
		return fmt.Sprintf("%dk", int64(math.Round(float64(bytes)/float64(100*kibi)))*100)
	}
	return fmt.Sprintf("%.0fm", float64(bytes)/float64(mebi))
}

var sizePattern = regexp.MustCompile(`(?i)^\s*(\d+)\s*([kmgt]?)(?:i?b)?\s*$`)

// sizeOf reads a size as Neo4j and Java write it, 0 for what is none.
func sizeOf(text string) int64 {
	found := sizePattern.FindStringSubmatch(text)
	if found == nil {
		return 0
	}
	number, err := strconv.ParseInt(found[1], 10, 64)
	unit := map[string]int64{"": 1, "k": kibi, "m": mebi, "g": gibi, "t": tebi}[strings.ToLower(found[2])]
	if err != nil || number > math.MaxInt64/unit {
		return 0
	}
	return number * unit
}
