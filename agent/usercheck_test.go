package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"neo4j-agent/agent/settings"
	"neo4j-agent/neo4jconf"
)

// checking is a preparation of a server with these users, and the log that it writes.
func checking(t *testing.T, version string, listed ...settings.User) (*preparation, *bytes.Buffer) {
	t.Helper()
	parsed, _ := neo4jconf.ParseVersion(version)
	dialect, err := neo4jconf.For(parsed, neo4jconf.Enterprise)
	if err != nil {
		t.Fatal(err)
	}
	intent, err := neo4jconf.Input{Dialect: dialect, HomeDir: "/neo4j", Role: neo4jconf.Standalone}.Intent()
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	return &preparation{settings: &settings.Settings{Users: listed}, neo4j: neo4jHome{dialect: dialect, intent: intent}, log: zerolog.New(&log)}, &log
}

func TestAStartNamesAllThatIsWrongWithUsers(t *testing.T) {
	p, _ := checking(t, "5.26.0", settings.User{Name: "a:b", Password: settings.NewSecret("2short")},
		settings.User{Name: "zoë", Password: settings.NewSecret("long-enough")})
	err := p.checkUsers(t.Context())
	if err == nil || codeOf(err) != exitConfig || strings.Count(err.Error(), "cannot have a user") != 2 || !strings.Contains(err.Error(), `user "a:b": it is shorter than 8`) || strings.Contains(err.Error(), "2short") {
		t.Errorf("the start ends with %v", err)
	}
}
