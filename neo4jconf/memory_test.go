package neo4jconf

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// testdata/memrec.txt is what the tools of the versions themselves recommend; moreThanTheTool is where ours differs, and
// Memory's pageCache says why.
func TestMemoryIsSizedAsTheOwnToolOfEachVersionDoes(t *testing.T) {
	for _, sample := range samples(t, "testdata/memrec.txt") {
		f := strings.Fields(sample)
		want := Memory{Heap: f[2], PageCache: f[3]}
		if ours, differs := moreThanTheTool[f[0][:2]+f[1]]; differs {
			want.PageCache = ours
		}
		if got := (Config{dialect: dialectOf(t, f[0])}).Recommend(sizeOf(f[1]), nil); got != want {
			t.Errorf("%s: %+v, want %+v", sample, got, want)
		}
	}
}

var moreThanTheTool = map[string]string{
	"3.64m": "16m", "3.128m": "32m", "3.256m": "64m", // 100m would not fit
	"3.3g": "256m", "3.4g": "256m",
	"4.512m": "13m", "4.768m": "19m", "4.1g": "26m", "4.1536m": "141m", "4.2g": "256m",
	"4.3g": "256m", "4.4g": "256m", "4.8g": "512m",
}

func TestOnlyWhatTheUserLeavesOpenIsSized(t *testing.T) {
	const limit = 8 * gibi
	tests := map[string]struct {
		settings  map[string]string
		variables map[string]string
		want      Memory
	}{
		"nothing given":               {nil, nil, Memory{"3600m", "2g"}},
		"heap given":                  {map[string]string{"server.memory.heap.max_size": "1g"}, nil, Memory{"", "4600m"}},
		"only its beginning given":    {map[string]string{"server.memory.heap.initial_size": "1g"}, nil, Memory{"", "3600m"}}, // Java takes 2g
		"page cache given":            {map[string]string{"server.memory.pagecache.size": "1g"}, nil, Memory{"3600m", ""}},
		"page cache takes nearly all": {map[string]string{"server.memory.pagecache.size": "5g"}, nil, Memory{"512m", ""}},
		"page cache takes all":        {map[string]string{"server.memory.pagecache.size": "8g"}, nil, Memory{"76m", ""}},
		"both given":                  {map[string]string{"server.memory.heap.max_size": "1g", "server.memory.pagecache.size": "1g"}, nil, Memory{}},
		"heap among arguments":        {map[string]string{"server.jvm.additional": "-XX:+UseG1GC -Xmx1g"}, nil, Memory{"", "4600m"}},
		"share of memory as heap":     {map[string]string{"server.jvm.additional": "-XX:MaxRAMPercentage=50"}, nil, Memory{"", "1500m"}},
		"part of memory as heap":      {map[string]string{"server.jvm.additional": "-XX:MaxRAMFraction=2"}, nil, Memory{"", "1500m"}},
		"both ends as arguments":      {map[string]string{"server.jvm.additional": "-Xms512m -Xmx1g"}, nil, Memory{"", "4600m"}},
		"heap for the launcher":       {nil, map[string]string{"HEAP_SIZE": "1g"}, Memory{"", "4600m"}},
		"heap for Java":               {nil, map[string]string{"JDK_JAVA_OPTIONS": "-Da=b -XX:MaxHeapSize=1g"}, Memory{"", "4600m"}},
		"older name":                  {map[string]string{"dbms.memory.heap.max_size": "1G"}, nil, Memory{"", "4600m"}},
	}
	for name, test := range tests {
		c := Config{dialect: dialectOf(t, "5.26.30")}
		for _, setting := range []string{"dbms.memory.heap.max_size", "server.jvm.additional", "server.memory.heap.initial_size", "server.memory.heap.max_size", "server.memory.pagecache.size"} {
			if value, ok := test.settings[setting]; ok {
				c.settings = append(c.settings, Setting{Name: setting, Value: value, Source: FromEnvironment})
			}
		}
		if got := c.Recommend(limit, test.variables); got != test.want {
			t.Errorf("%s: %+v, want %+v", name, got, test.want)
		}
	}
}

func TestTheImagesPageCacheIsNoWordOfTheUser(t *testing.T) {
	c := Config{dialect: dialectOf(t, "5.26.30"), settings: []Setting{{Name: "server.memory.pagecache.size", Value: "512M", Source: Default}}}
	if got := c.Recommend(8*gibi, nil); got.PageCache != "2g" {
		t.Errorf("%+v", got)
	}
}

func TestStateOfTransactionsOutsideTheHeapIsReserved(t *testing.T) {
	for _, c := range []struct{ version, setting, value, want string }{
		{"4.4.48", "", "", "512m"},
		{"4.4.48", "dbms.tx_state.memory_allocation", "ON_HEAP", "2g"},
		{"5.26.30", "", "", "2g"},
		{"5.26.30", "db.tx_state.memory_allocation", "OFF_HEAP", "512m"},
		{"2026.8.1", "db.tx_state.memory_allocation", "OFF_HEAP", "2g"},
	} {
		config := Config{dialect: dialectOf(t, c.version)}
		if c.setting != "" {
			config.settings = []Setting{{Name: c.setting, Value: c.value, Source: FromFile}}
		}
		if got := config.Recommend(8*gibi, nil).PageCache; got != c.want {
			t.Errorf("%+v: page cache %s", c, got)
		}
	}
}

func TestHeapAndPageCacheNeverTakeMoreThanTheLimit(t *testing.T) {
	versions := []string{"3.5.0-beta03", "4.0.12", "4.4.48", "5.26.30", "2026.8.1"}
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.Int64Range(32*mebi, 4*tebi).Draw(t, "limit")
		d := versionsOf(versions)[rapid.IntRange(0, len(versions)-1).Draw(t, "version")]
		sized := Config{dialect: d}.Recommend(limit, nil)
		if heap, pages := sizeOf(sized.Heap), sizeOf(sized.PageCache); heap < mebi || pages < 8*mebi || heap+pages > limit {
			t.Errorf("%v: %+v of %d", d.Version, sized, limit)
		}
	})
}

func versionsOf(texts []string) []Dialect {
	var all []Dialect
	for _, text := range texts {
		v, _, _ := Detect([]string{"neo4j-" + text + ".jar"})
		all = append(all, Dialect{Version: v, Edition: Community})
	}
	return all
}

func TestSizesAreReadAsNeo4jAndJavaWriteThem(t *testing.T) {
	for text, want := range map[string]int64{
		"1024": 1024, "1k": kibi, "512M": 512 * mebi, "2g": 2 * gibi, "1 GiB": gibi, "1gb": gibi, " 3T ": 3 * tebi, "0": 0,
		"": 0, "50%": 0, "1.5g": 0, "99999999999999999999": 0, "9999999999999g": 0,
	} {
		if got := sizeOf(text); got != want {
			t.Errorf("%q is %d, want %d", text, got, want)
		}
	}
}
