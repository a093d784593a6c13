// Package users makes the users of a server what the settings say. It does not know how a server is told.
package users

import (
	"fmt"
	"slices"
	"strings"
)

// Secret is a text that prints as something else.
type Secret interface{ Reveal() string }

// Desired is a user as it is to be. Users that nobody lists are never touched.
type Desired struct {
	Name      string
	Absent    bool
	Password  Secret   // nil while it cannot be had: nothing is done then that needs it
	Pending   Secret   // is about to replace Password, and is as good where the server has it already; nil for none
	Change    bool     // to be changed at the first login; the password is then only the first one
	Roles     []string // exactly these; nil leaves them as they are
	Suspended bool
	Home      string // home database; "" leaves it as it is
}

// Account is a user as the server has it.
type Account struct {
	Name      string
	Roles     []string
	Suspended bool
	Home      string
}

// Ability is what the server can do with users.
type Ability struct {
	Roles bool // has roles, and can suspend
	Homes bool // has home databases
}

// Kind is what a change does.
type Kind int

// The kinds of changes.
const (
	Create Kind = iota
	SetPassword
	Grant
	Revoke
	Suspend
	Activate
	SetHome
	Drop
)

// Change is one step towards the desired users.
type Change struct {
	Kind  Kind
	User  Desired
	Value string // the role or the database
}

// String is for the log and has no password.
func (c Change) String() string {
	format := [...]string{
		"user %q created", "password of user %q set", "user %q has role %s", "user %q has no role %s any more", "user %q suspended",
		"user %q active again", "user %q has home database %s", "user %q removed",
	}[c.Kind]
	if c.Kind == Grant || c.Kind == Revoke || c.Kind == SetHome {
		return fmt.Sprintf(format, c.User.Name, c.Value)
	}
	return fmt.Sprintf(format, c.User.Name)
}

// Plan gives the changes that lead from the actual users to the desired ones, in their order. wrong names the users whose
// password is known to be another one. What the server is not able to do is left out.
func Plan(desired []Desired, actual []Account, wrong map[string]bool, able Ability) []Change {
	var plan []Change
	for _, want := range desired {
		at := slices.IndexFunc(actual, func(a Account) bool { return a.Name == want.Name })
		switch {
		case want.Absent && at >= 0:
			plan = append(plan, Change{Kind: Drop, User: want})
		case want.Absent:
		case at < 0 && want.Password == nil:
		case at < 0:
			plan = append(plan, Change{Kind: Create, User: want})
			plan = append(plan, want.from(Account{Name: want.Name}, able)...)
		default:
			if wrong[want.Name] && !want.Change {
				plan = append(plan, Change{Kind: SetPassword, User: want})
			}
			plan = append(plan, want.from(actual[at], able)...)
		}
	}
	return plan
}

// from gives the changes of an account beside its password.
func (d Desired) from(is Account, able Ability) (plan []Change) {
	if able.Roles && d.Suspended && !is.Suspended { // before it may do anything more
		plan = append(plan, Change{Kind: Suspend, User: d})
	}
	if able.Roles && d.Roles != nil {
		for _, role := range is.Roles {
			if !slices.Contains(d.Roles, role) {
				plan = append(plan, Change{Revoke, d, role})
			}
		}
		for _, role := range d.Roles {
			if !slices.Contains(is.Roles, role) {
				plan = append(plan, Change{Grant, d, role})
			}
		}
	}
	if able.Homes && d.Home != "" && !strings.EqualFold(d.Home, is.Home) { // names of databases have no capitals (manual)
		plan = append(plan, Change{SetHome, d, d.Home})
	}
	settled := d.Password != nil || d.Change
	if able.Roles && !d.Suspended && is.Suspended && settled { // when it has no rights any more that it should not have
		plan = append(plan, Change{Kind: Activate, User: d})
	}
	return plan
}
