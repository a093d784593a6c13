package logship

import (
	"strconv"
	"strings"
	"testing"
)

// statements hold the password s3cr3t, as each generation's manual writes them.
var statements = []string{
	"CREATE USER jo SET PASSWORD 's3cr3t'",
	"CREATE USER jo SET PASSWORD \"s3cr3t\" CHANGE NOT REQUIRED",
	"CREATE OR REPLACE USER jo IF NOT EXISTS SET PLAINTEXT PASSWORD 's3cr3t' SET STATUS ACTIVE",
	"create user jo set encrypted password '1,s3cr3t,ab'",
	"CREATE USER jo SET AUTH 'native' { SET PASSWORD 's3cr3t' SET PASSWORD CHANGE REQUIRED }",
	"ALTER USER jo SET PASSWORD CHANGE NOT REQUIRED SET PASSWORD 's3cr3t'",
	"ALTER USER `o'brien` IF EXISTS SET PASSWORD\n/* don't */ 's3cr3t'",
	"ALTER USER jo SET PASSWORD// a comment's apostrophe\n's3cr3t'",
	"ALTER CURRENT USER SET PASSWORD FROM 'old s3cr3t' TO 's3cr3t'",
	"ALTER USER jo SET PASSWORD '\\'s3cr3t - {} - {} s3cr3t'",
	"CALL dbms.changePassword('s3cr3t')",
	"CALL dbms.security.changePassword(\"s3cr3t\", false)",
	"CALL dbms.security.changeUserPassword ( 'jo', 's3cr3t', false )",
	"CALL dbms.security.createUser('jo', 's3cr3t')",
	"CALL `dbms`.`security`.`createUser`('jo', 's3cr3t')",
	"CALL dbms.setConfigValue('dbms.security.ldap.authorization.system_password', 's3cr3t')",
	"CREATE ALIAS far FOR DATABASE near AT 'neo4j+s://h:7687' USER jo PASSWORD 's3cr3t'",
	"ALTER ALIAS far SET DATABASE PASSWORD 's3cr3t'",
	"CREATE DATABASE d OPTIONS {existingData: 'use', seedURI: 's3://b', seedCredentials: 'key;s3cr3t'}",
	"ALTER USER jo SET PASSWORD $p",
}

func TestPasswordsInAdministrativeStatementsNeverLeave(t *testing.T) {
	const old = "2018-10-29 21:17:29.222+0000 LEVEL 3 ms: bolt-session\tbolt\tneo4j\td\t\tclient/1.1.1.1:1\tserver/1.1.1.1:2>\tneo4j - "
	const later = "2021-07-30 15:09:54.048+0000 LEVEL id:95 - 1 ms: bolt-session\tbolt\td\t\tclient/1.1.1.1:1\tserver/1.1.1.1:2>\tsystem - neo4j - "
	for _, statement := range statements {
		repeated := "Invalid input near s3cr3t\norg.neo4j.X: '" + statement + "'\n\tat a.B.c(D.java:1)"
		for name, text := range map[string]string{
			"3.5":                                 strings.Replace(old, "LEVEL", "INFO ", 1) + statement + " - {p: 's3cr3t'} - {}",
			"3.5 failed":                          strings.Replace(old, "LEVEL", "ERROR", 1) + statement + " - {p: 's3cr3t'} - {} " + repeated,
			"4.x":                                 strings.Replace(later, "LEVEL", "INFO ", 1) + statement + " - {p: 's3cr3t'} - runtime=null - {type: 'user-direct'}",
			"4.x failed":                          strings.Replace(later, "LEVEL", "ERROR", 1) + statement + " - {p: 's3cr3t'} - runtime=null - {} - " + repeated,
			"2026":                                "2021-07-30 15:09:54.048+0000 INFO  id:7 - transaction id:5 - Query started: " + statement,
			"JSON":                                `{"time":"2021-07-30 15:09:54.048+0000","query":` + string(appendString(nil, []byte(statement))) + `,"queryParameters":"{p: 's3cr3t'}","failureReason":"s3cr3t","stacktrace":"s3cr3t","errorInfo":{"cause":"s3cr3t"},"queryPlan":"s3cr3t"}`,
			"JSON, cut":                           `{"time":"2021-07-30 15:09:54.048+0000","query":` + strings.TrimSuffix(string(appendString(nil, []byte(statement))), `"`),
			"a later part, without its beginning": statement + " - {p: 's3cr3t'} - {}",
		} {
			for _, shape := range []Shape{Raw, JSON} {
				count := Stats{}
				s := shaper{shape: shape, query: true, count: &count}
				message, _ := s.message(record{text: []byte(text)})
				if strings.Contains(string(message), "s3cr3t") || !strings.Contains(string(message), masked) || count.Masked != 1 {
					t.Errorf("%s, %s: %s", name, shape, message)
				}
				other := shaper{shape: shape, count: &Stats{}} // such as the debug log
				if message, _ := other.message(record{text: []byte(text)}); strings.Contains(string(message), "s3cr3t") {
					t.Errorf("%s, %s, another log: %s", name, shape, message)
				}
			}
		}
	}
}

func TestWhatOnlyMentionsPasswordsStaysAsItIs(t *testing.T) {
	for _, text := range []string{
		"MATCH (u:User {password: 'x'}) RETURN u",
		"MATCH (u:User) WHERE u.password = 'x' SET u.password = $p RETURN u",
		"SHOW USERS YIELD user, passwordChangeRequired",
		"ALTER USER jo SET PASSWORD CHANGE NOT REQUIRED",
		"CREATE USER jo SET PASSWORD '******' CHANGE REQUIRED",
		"CREATE USER jo SET PASSWORD ****** CHANGE REQUIRED",
		"[neo4j]: created user `jo`",
	} {
		text = "2021-07-30 15:09:54.048+0000 INFO  " + text
		s := shaper{shape: Raw, count: &Stats{}}
		if got, _ := s.message(record{text: []byte(text)}); string(got) != text {
			t.Errorf("%s became %s", text, got)
		}
	}
}

func FuzzAPasswordNeverLeaves(f *testing.F) {
	f.Add("x", "y", true)
	f.Add("o'b - {} - {}", "\\\"", false)
	f.Fuzz(func(t *testing.T, user, around string, asJSON bool) {
		const secret = "s3cr3ts3cr3t"
		if strings.Contains(user+around, "s3cr3t") {
			return
		}
		statement := "CREATE USER `" + user + "` SET PASSWORD " + strconv.Quote(around+secret+around)
		text := []byte("2021-07-30 15:09:54.048+0000 INFO  1 ms: a\tb - " + statement + " - {} - {}")
		if asJSON {
			text = append(append([]byte(`{"time":"2021-07-30 15:09:54.048+0000","query":`), appendString(nil, []byte(statement))...), '}')
		}
		s := shaper{shape: JSON, query: true, count: &Stats{}}
		if got, _ := s.message(record{text: text}); strings.Contains(string(got), secret) {
			t.Fatalf("%s", got)
		}
	})
}
