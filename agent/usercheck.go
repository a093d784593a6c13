package main

import (
	"context"
	"errors"
	"fmt"

	"neo4j-agent/agent/settings"
	"neo4j-agent/neo4jconf"
)

func guestTwice(name string) error {
	return fmt.Errorf("cannot have user %q in AGENT_USERS: NEO4J_GUEST_AUTH names it", name)
}

// userRules are what a server wants of its users.
type userRules struct {
	dialect  neo4jconf.Dialect
	shortest int // password
}

// check tells what is wrong with a user, nil for nothing.
func (r userRules) check(name string, password settings.Secret) error {
	err := r.dialect.CheckUser(name)
	if !password.IsZero() {
		err = errors.Join(err, neo4jconf.CheckPassword(name, password.Reveal(), r.shortest))
	}
	return err
}

// checkUsers finds what is wrong with users and passwords before anything is started. Passwords in Secrets Manager are
// looked up, and judged, when the server runs.
func (p *preparation) checkUsers(context.Context) error {
	if p.settings.AuthDisabled {
		return nil
	}
	rules := userRules{p.neo4j.dialect, p.neo4j.intent.Config.ShortestPassword()}
	var wrong []error
	if guest := p.settings.Guest; guest.User != "" {
		wrong = append(wrong, rules.check(guest.User, guest.Password))
	}
	for _, user := range p.settings.Users {
		if user.Name == p.settings.Guest.User {
			wrong = append(wrong, guestTwice(user.Name))
		}
		password := user.Password
		if user.PasswordFile != "" && !user.Absent {
			var err error
			password, err = passwordIn(user)
			wrong = append(wrong, err)
		}
		wrong = append(wrong, rules.check(user.Name, password))
	}
	if err := errors.Join(wrong...); err != nil {
		return withCode(exitConfig, err)
	}
	if p.settings.Guest.User == "" && len(p.settings.Users) == 0 {
		return nil
	}
	if !rules.dialect.HasRoles() {
		p.log.Warn().Msg("Community has neither roles nor suspended users: every user may do everything, the guest too")
	}
	return nil
}
