package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// fakeBolt is the Bolt port of a server as far as users go, for what no server that runs here can be: a member of an
// Enterprise cluster of 4.2 or later. It speaks Bolt 3 to who is to name no database, else Bolt 4.4, and is as strict as
// the manuals: a statement that it does not know, in another database than system, by another user than the administrator
// or on another member than the leader is refused.
// https://neo4j.com/docs/bolt/current/bolt/message/
type fakeBolt struct {
	t       *testing.T
	address string
	bolt3   bool
	follows bool // another member leads the database system

	mu       sync.Mutex
	accounts map[string]*fakeAccount
	asked    []string            // logins and statements, in their order
	faults   map[string][]string // codes that a statement fails with before it works, by its first words
}

type fakeAccount struct {
	password  string
	roles     []any
	suspended bool
	refused   int       // logins with another password in a row
	last      time.Time // of these
}

// A server refuses all logins of a user for a while after so many with another password, and from then on after each more,
// until one is right (dbms.security.auth_max_failed_attempts and auth_lock_time, which is 5 s; by RateLimitedAuthenticationStrategy
// of the server).
const (
	lockedAfter = 3
	lockTime    = 100 * time.Millisecond
)

func newFakeBolt(t *testing.T, password string) *fakeBolt {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &fakeBolt{t: t, address: listener.Addr().String(), accounts: map[string]*fakeAccount{adminName: {password: password, roles: []any{"admin"}}}}
	var open sync.WaitGroup
	t.Cleanup(func() { _ = listener.Close(); open.Wait() })
	open.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			open.Go(func() { f.serve(conn) })
		}
	})
	return f
}

// Messages and answers by their tags.
const (
	boltHello, boltGoodbye, boltReset, boltRun, boltPull = 0x01, 0x02, 0x0F, 0x10, 0x3F
	boltSuccess, boltRecord, boltIgnored, boltFailure    = 0x70, 0x71, 0x7E, 0x7F
)

// serve is one connection.
func (f *fakeBolt) serve(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	hands := make([]byte, 20)
	if _, err := io.ReadFull(conn, hands); err != nil {
		return
	}
	version := []byte{0, 0, 4, 4}
	if f.bolt3 {
		version = []byte{0, 0, 0, 3}
	}
	_, _ = conn.Write(version)
	var user string
	var columns []any
	var rows [][]any
	failed := false
	for {
		message, err := readMessage(conn)
		if err != nil || message[0] == byte(boltGoodbye) {
			return
		}
		switch tag := message[0].(byte); {
		case tag == boltReset:
			failed = false
			writeMessage(conn, boltSuccess, map[string]any{})
		case failed:
			writeMessage(conn, boltIgnored)
		case tag == boltHello:
			var code string
			if user, code = f.login(message[1].(map[string]any)); code != "" {
				writeMessage(conn, boltFailure, map[string]any{"code": code, "message": "as the documentation says"})
				return
			}
			writeMessage(conn, boltSuccess, map[string]any{"server": "Neo4j/fake", "connection_id": "bolt-1"})
		case tag == boltRun:
			columns, rows, err = f.run(user, message[1].(string), message[2].(map[string]any), message[3].(map[string]any))
			if failed = err != nil; failed {
				code, text, _ := strings.Cut(err.Error(), ": ")
				writeMessage(conn, boltFailure, map[string]any{"code": code, "message": text})
				continue
			}
			writeMessage(conn, boltSuccess, map[string]any{"fields": columns})
		case tag == boltPull:
			for _, row := range rows {
				writeMessage(conn, boltRecord, row)
			}
			writeMessage(conn, boltSuccess, map[string]any{"type": "s"})
		default:
			f.t.Errorf("a message %X", tag)
			return
		}
	}
}

// login answers HELLO.
func (f *fakeBolt) login(hello map[string]any) (user, code string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	user, _ = hello["principal"].(string)
	a := f.accounts[user]
	switch {
	case a != nil && a.refused >= lockedAfter && time.Since(a.last) < lockTime:
		f.asked = append(f.asked, user+" is locked out")
		return user, "Neo.ClientError.Security.AuthenticationRateLimit"
	case a == nil || a.password != hello["credentials"] || a.suspended:
		f.asked = append(f.asked, "no login of "+user)
		if a != nil {
			a.refused, a.last = a.refused+1, time.Now()
		}
		return user, "Neo.ClientError.Security.Unauthorized"
	}
	a.refused = 0
	f.asked = append(f.asked, "login of "+user)
	return user, ""
}

// run answers RUN.
func (f *fakeBolt) run(user, statement string, parameters, extra map[string]any) (columns []any, rows [][]any, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	words := strings.Fields(statement)
	first := strings.Join(words[:min(2, len(words))], " ")
	f.asked = append(f.asked, statement)
	database, named := extra["db"]
	changes := first != "SHOW USERS" && !strings.HasPrefix(statement, "CALL dbms.security.listUsers")
	switch {
	case named == f.bolt3 || named && database != "system":
		return nil, nil, fmt.Errorf("Neo.ClientError.Statement.NotSystemDatabaseError: in %v", database)
	case user != adminName:
		return nil, nil, errors.New("Neo.ClientError.Security.Forbidden: not an administrator")
	case len(f.faults[first]) > 0:
		code := f.faults[first][0]
		f.faults[first] = f.faults[first][1:]
		return nil, nil, errors.New(code + ": as the documentation says")
	case changes && f.follows:
		return nil, nil, errors.New("Neo.ClientError.Cluster.NotALeader: this is a follower")
	case changes:
		return nil, nil, f.change(statement, parameters)
	case f.bolt3:
		columns = []any{"username", "roles", "flags"}
	default:
		columns = []any{"user", "roles", "passwordChangeRequired", "suspended", "home"}
	}
	for _, name := range slices.Sorted(maps.Keys(f.accounts)) {
		a := f.accounts[name]
		row := []any{name, a.roles, false, a.suspended, nil}
		if f.bolt3 {
			row = []any{name, a.roles, []any{}}
		}
		rows = append(rows, row)
	}
	return columns, rows, nil
}

// change makes what a statement says.
func (f *fakeBolt) change(statement string, parameters map[string]any) error {
	text := func(name string) string { s, _ := parameters[name].(string); return s }
	name := text("user")
	a := f.accounts[name]
	// The comment keeps the password out of the query log.
	statement, _, _ = strings.Cut(statement, " //")
	switch statement {
	case "CREATE USER $user SET PASSWORD $password CHANGE NOT REQUIRED", "CALL dbms.security.createUser($user, $password, $change)":
		if a != nil {
			return errors.New("Neo.ClientError.General.InvalidArguments: the user exists already")
		}
		f.accounts[name] = &fakeAccount{password: text("password"), roles: []any{}}
		return nil
	case "ALTER CURRENT USER SET PASSWORD FROM $from TO $to":
		if f.accounts[adminName].password != text("from") {
			return errors.New("Neo.ClientError.Security.Unauthorized: another password")
		}
		f.accounts[adminName].password = text("to")
		return nil
	case "CALL dbms.security.changePassword($to)":
		f.accounts[adminName].password = text("to")
		return nil
	}
	if a == nil {
		return errors.New("Neo.ClientError.Statement.EntityNotFound: no such user")
	}
	switch statement {
	case "GRANT ROLE $role TO $user", "CALL dbms.security.addRoleToUser($role, $user)":
		a.roles = append(a.roles, text("role"))
	case "ALTER USER $user SET PASSWORD $password CHANGE NOT REQUIRED", "CALL dbms.security.changeUserPassword($user, $password, $change)":
		a.password = text("password")
	case "ALTER USER $user SET STATUS SUSPENDED":
		a.suspended = true
	default:
		return fmt.Errorf("Neo.ClientError.Statement.SyntaxError: %s", statement)
	}
	return nil
}

// readMessage reads the chunks of one, its tag first.
func readMessage(from io.Reader) ([]any, error) {
	var whole packed
	for {
		var size uint16
		if err := binary.Read(from, binary.BigEndian, &size); err != nil {
			return nil, err
		}
		if size == 0 && len(whole.bytes) > 0 { // one that is empty keeps the connection
			return whole.get().([]any), nil
		}
		chunk := make([]byte, size)
		if _, err := io.ReadFull(from, chunk); err != nil {
			return nil, err
		}
		whole.bytes = append(whole.bytes, chunk...)
	}
}

// writeMessage writes an answer in one chunk. Who has gone reads no more.
func writeMessage(to io.Writer, tag byte, fields ...any) {
	body := packed{[]byte{0xB0 | byte(len(fields)), tag}}
	for _, field := range fields {
		body.put(field)
	}
	_, _ = to.Write(append(append(binary.BigEndian.AppendUint16(nil, uint16(len(body.bytes))), body.bytes...), 0, 0))
}
