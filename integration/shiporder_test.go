package integration

import "testing"

func TestWhatArrivedIsComparedWithWhatWasLogged(t *testing.T) {
	const (
		role      = "2026-11-27 19:55:36.178+0000 INFO  1 ms: bolt-session neo4j - CALL dbms.cluster.role() - {} - {}"
		users     = "2026-11-27 19:55:36.178+0000 INFO  0 ms: bolt-session neo4j - CALL dbms.security.listUsers() - {} - {}"
		ours      = "2026-11-27 19:55:37.001+0000 INFO  0 ms: bolt-session neo4j - /* the 1. */ RETURN 1 - {} - {}"
		next      = "2026-11-27 19:55:37.001+0000 INFO  0 ms: bolt-session neo4j - /* the 2. */ RETURN 1 - {} - {}"
		nextSent  = `{"time":"2026-11-27 19:55:37.001+0000","query":"/* the 2. */ RETURN 1"}`
		roleSent  = `{"time":"2026-11-27 19:55:36.178+0000","query":"CALL dbms.cluster.role()"}`
		usersSent = `{"time":"2026-11-27 19:55:36.178+0000","query":"CALL dbms.security.listUsers()"}`
		oursSent  = `{"time":"2026-11-27 19:55:37.001+0000","query":"/* the 1. */ RETURN 1"}`
	)
	for _, c := range []struct {
		name            string
		logged, arrived []string
		again           int
		fine            bool
	}{
		{"all, two of them of the same millisecond", []string{role, users, ours}, []string{roleSent, usersSent, oursSent}, 0, true},
		{"some again", []string{role, users, ours}, []string{roleSent, usersSent, roleSent, usersSent, oursSent}, 2, true},
		{"one of two of the same millisecond is missing", []string{role, users, ours}, []string{roleSent, oursSent}, 0, false},
		{"the last is missing", []string{role, users, ours}, []string{roleSent, usersSent}, 0, false},
		{"one that nobody logged", []string{role}, []string{roleSent, oursSent}, 0, false},
		{"another one of ours first", []string{ours, next}, []string{nextSent, oursSent}, 0, false},
		{"a millisecond the wrong way round in the log", []string{ours, role}, []string{roleSent, oursSent}, 0, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			again, wrong := compareOrder(c.logged, c.arrived)
			if again != c.again || (wrong == "") != c.fine {
				t.Errorf("%d again, wrong %q", again, wrong)
			}
		})
	}
}
