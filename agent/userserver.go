package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"neo4j-agent/agent/health"
	"neo4j-agent/agent/users"
	"neo4j-agent/neo4jconf"
)

// adminName is the user whose password the settings call the administrator's.
const adminName = "neo4j"

// userServer is the server of this container, in the words of its generation.
type userServer struct {
	*health.Client
	address string
	over    *tls.Config // nil for without TLS
	dialect neo4jconf.Dialect
}

// List gives the users there are. A refusal of the administrator can be told by health.Unwelcome.
func (u userServer) List(ctx context.Context) ([]users.Account, error) {
	rows, err := u.Rows(ctx, u.dialect.SystemDatabase(), u.dialect.ListUsers(), nil)
	if err != nil {
		return nil, fmt.Errorf("cannot list the users: %w", err)
	}
	all := make([]users.Account, 0, len(rows))
	for _, row := range rows {
		all = append(all, users.Account(u.dialect.ReadUser(row)))
	}
	return all, nil
}

// changeAgain is how long after a change that may work the next time that is tried, give or take a half: one that another
// one stood in the way of takes the server some milliseconds.
const changeAgain = 100 * time.Millisecond

// Apply makes a change. One that is made already is none.
func (u userServer) Apply(ctx context.Context, c users.Change) error {
	statement, err := u.statement(c)
	if err == nil {
		do := func() error { return u.Do(ctx, u.dialect.SystemDatabase(), statement.Text, statement.Parameters) }
		if err = do(); health.Transient(err) { // several users are changed at the same time, which may be a deadlock
			select {
			case <-ctx.Done():
			case <-time.After(changeAgain/2 + rand.N(changeAgain)):
				err = do()
			}
		}
	}
	var said *health.Refusal
	if errors.As(err, &said) && c.Kind == users.SetPassword && neo4jconf.SamePassword(said.Message) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("cannot bring about that %v: %v", c, err)
	}
	return nil
}

func (u userServer) statement(c users.Change) (neo4jconf.Statement, error) {
	name := c.User.Name
	switch c.Kind {
	case users.Create:
		return u.dialect.CreateUser(name, c.User.Password.Reveal(), c.User.Change), nil
	case users.SetPassword:
		return u.dialect.SetPassword(name, c.User.Password.Reveal(), false)
	case users.Grant:
		return u.dialect.Grant(c.Value, name), nil
	case users.Revoke:
		return u.dialect.Revoke(c.Value, name), nil
	case users.Suspend, users.Activate:
		return u.dialect.SetSuspended(name, c.Kind == users.Suspend), nil
	case users.SetHome:
		return u.dialect.SetHome(name, c.Value), nil
	}
	return u.dialect.DropUser(name), nil
}

// Login tries a user's password.
func (u userServer) Login(ctx context.Context, user string, password users.Secret) users.Answer {
	switch health.Login(ctx, u.address, user, password.Reveal(), u.over) {
	case health.LoginTaken:
		return users.Right
	case health.LoginRefused:
		return users.Wrong
	}
	return users.Unknown
}
