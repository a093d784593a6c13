package integration

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"neo4j-agent/agent/logship/fakelogs"
	"neo4j-agent/integration/localcluster"
)

// logsXML is a log4j2 configuration of one file, rotated at a small size, and standard output, both in one layout.
const logsXML = `<?xml version="1.0" encoding="UTF-8"?>
<Configuration status="ERROR">
  <Appenders>
    <RollingRandomAccessFile name="File" fileName="${config:server.directories.logs}/NAME.log"
                             filePattern="$${config:server.directories.logs}/NAME.log.%02i">
      LAYOUT
      <Policies><SizeBasedTriggeringPolicy size="8 KB"/></Policies>
      <DefaultRolloverStrategy fileIndex="min" max="50"/>
    </RollingRandomAccessFile>
    <Console name="Console" target="SYSTEM_OUT">LAYOUT</Console>
  </Appenders>
  <Loggers><Root level="INFO"><AppenderRef ref="File"/>REF</Root></Loggers>
</Configuration>
`

// The layouts that come with Neo4j: conf/server-logs.xml, and the manual's page on logging for JSON.
const (
	jsonLayout = `<JsonTemplateLayout eventTemplateUri="classpath:org/neo4j/logging/StructuredLayoutWithMessage.json"/>`
	textLayout = `<Neo4jDebugLogLayout pattern="%d{yyyy-MM-dd HH:mm:ss.SSSZ}{GMT+0} %-5p [%c{1.}] %m%n"/>`
)

// TestRealDebugAndUserLogsArriveRecordByRecord lets real servers log a broken store, with all the stack traces that brings.
func TestRealDebugAndUserLogsArriveRecordByRecord(t *testing.T) {
	for name, c := range map[string]struct{ version, layout string }{
		"5 as JSON":        {localcluster.Community5, jsonLayout},
		"calendar as JSON": {localcluster.CommunityCalendar, jsonLayout},
		"5 as text":        {localcluster.Community5, textLayout},
	} {
		t.Run(name, func(t *testing.T) {
			service, volume := logsOfABrokenStore(t, generation{version: c.version}, c.layout)
			traces := 0
			for _, log := range []string{"debug", "neo4j"} {
				want := recordsOf(t, filepath.Join(volume, "logs", log+".log"), c.layout == jsonLayout)
				var got []string
				stream := "the-member/" + strings.ReplaceAll(log, "neo4j", "user")
				for _, e := range service.Events(realGroup, stream) {
					got = append(got, e.Message)
					traces += strings.Count(e.Message, "\tat org.neo4j") / 3
					if c.layout == jsonLayout && !json.Valid([]byte(e.Message)) {
						t.Errorf("not JSON: %.300s", e.Message)
					}
				}
				byTime(want) // Neo4j's threads overtake each other by milliseconds, and the service wants the order of time
				byTime(got)
				if diff := cmp.Diff(want, got); diff != "" || len(got) == 0 {
					t.Errorf("%s: %d records were written and %d arrived\n%.2000s", log, len(want), len(got), diff)
				}
				t.Logf("%s.log: %d records", log, len(got))
			}
			if c.layout == textLayout && traces == 0 {
				t.Error("there was no stack trace, so that nothing was proved of them")
			}
			if broken := service.Broken(); len(broken) > 0 {
				t.Errorf("limits broken: %q", broken)
			}
		})
	}
}

// byTime sorts records by the time that they begin with, and leaves those of the same millisecond as they are.
func byTime(records []string) {
	at := func(record string) string {
		record = strings.TrimPrefix(record, `{"time":"`)
		return record[:len("2006-01-02 15:04:05.000")]
	}
	slices.SortStableFunc(records, func(a, b string) int { return strings.Compare(at(a), at(b)) })
}

// logsOfABrokenStore runs a server whose default database cannot start, until its log says so, and stops it.
func logsOfABrokenStore(t *testing.T, g generation, layout string) (*fakelogs.Server, string) {
	t.Helper()
	service := fakelogs.New()
	web := httptest.NewServer(service)
	t.Cleanup(web.Close)
	dir, volume := t.TempDir(), t.TempDir()
	for _, file := range [][2]string{{"debug", ""}, {"neo4j", `<AppenderRef ref="Console"/>`}} {
		write(t, filepath.Join(dir, file[0]+".xml"), strings.NewReplacer("NAME", file[0], "LAYOUT", layout, "REF", file[1]).Replace(logsXML))
	}
	store := filepath.Join(volume, "data", "databases", "neo4j")
	if err := os.MkdirAll(store, 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(store, "neostore"), strings.Repeat("no store", 2048))
	m := g.member(t, map[string]string{
		"NEO4J_DATA_ROOT": volume, "AGENT_MEMBER_ID": "the-member", "AGENT_SHIP_LOGS": "debug,user", "AGENT_LOG_GROUP": realGroup,
		"NEO4J_server_logs_config": filepath.Join(dir, "debug.xml"), "NEO4J_server_logs_user_config": filepath.Join(dir, "neo4j.xml"),
		"AWS_ENDPOINT_URL_CLOUDWATCH_LOGS": web.URL, "AWS_REGION": localcluster.Region,
		"AWS_ACCESS_KEY_ID": localcluster.AccessKey, "AWS_SECRET_ACCESS_KEY": localcluster.SecretKey,
	})
	if err := m.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the server to have started, and to say that its database cannot", 2*time.Minute, func() (bool, string) {
		text := strings.Join(recordsOf(t, filepath.Join(volume, "logs", "debug.log"), true), "\n")
		return m.Running() && strings.Contains(m.LogText(), "Started.") && strings.Contains(text, "at org.neo4j"), fmt.Sprint(len(text))
	})
	if err := m.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	wait(t, m, time.Minute)
	return service, volume
}

// recordsOf reads a log over its rotations: line by line, or by the times that begin records.
func recordsOf(t *testing.T, path string, byLine bool) []string {
	t.Helper()
	var text []byte
	for n := 50; n >= 0; n-- {
		name := path
		if n > 0 {
			name = fmt.Sprintf("%s.%02d", path, n)
		}
		part, err := os.ReadFile(name)
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		text = append(text, part...)
	}
	if byLine {
		return strings.FieldsFunc(string(text), func(r rune) bool { return r == '\n' })
	}
	return entriesOf(text)
}

// entriesOf divides a log where a line begins with a time.
func entriesOf(text []byte) (all []string) {
	starts := entry.FindAllIndex(text, -1)
	for i, at := range starts {
		end := len(text)
		if i+1 < len(starts) {
			end = starts[i+1][0]
		}
		all = append(all, strings.TrimRight(string(text[at[0]:end]), "\n"))
	}
	return all
}
