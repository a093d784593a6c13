package neo4jconf

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Account is a user as a server has it.
type Account struct {
	Name      string
	Roles     []string // sorted, without PUBLIC, which all have; nil in Community
	Suspended bool
	Home      string // home database, "" for the default one
}

// What the generations have of users. Manual 3.5 "Native user and role management", cypher manual 4.x and 5 "Manage users";
// by runs of 3.5.0-beta03 Enterprise and of Community 4.1.13, 4.4.48, 5.26.30 and 2026.08.1.
var (
	// userProcedures is empty where users are managed by statements.
	userProcedures = fact{head{v35, v40}, cells{"dbms.security.", ""}}
	// userTrouble is why users cannot be managed at all.
	userTrouble = fact{head{v35, v40, v41}, cells{"",
		"its users are in the database system, which the driver of this program cannot name there; 4.1 and later work", ""}}
	homeDatabases = fact{head{v35, v43}, cells{"", "yes"}}
)

// ManagesUsers fails where users cannot be managed.
func (d Dialect) ManagesUsers() error {
	if why := d.fact(userTrouble); why != "" {
		return fmt.Errorf("cannot manage users of Neo4j %v: %s", d.Version, why)
	}
	return nil
}

// HasRoles tells whether users have roles and can be suspended: in Enterprise.
func (d Dialect) HasRoles() bool { return d.Edition == Enterprise }

// HasHomes tells whether users have a home database.
func (d Dialect) HasHomes() bool { return d.HasRoles() && d.fact(homeDatabases) != "" }

// ListUsers returns the query for all users; each row is for ReadUser.
func (d Dialect) ListUsers() string {
	if d.fact(userProcedures) != "" {
		return "CALL dbms.security.listUsers()"
	}
	return "SHOW USERS"
}

// ReadUser reads a row of ListUsers.
func (d Dialect) ReadUser(row map[string]any) Account {
	var a Account
	if a.Name, _ = row["user"].(string); a.Name == "" {
		a.Name, _ = row["username"].(string)
	}
	a.Suspended, _ = row["suspended"].(bool)
	a.Home, _ = row["home"].(string)
	if flags, ok := row["flags"].([]any); ok {
		a.Suspended = slices.Contains(flags, any("is_suspended"))
	}
	roles, known := row["roles"].([]any)
	if !known || !d.HasRoles() {
		return a
	}
	a.Roles = []string{}
	for _, role := range roles {
		if name, _ := role.(string); name != "" && !everyones(name) {
			a.Roles = append(a.Roles, name)
		}
	}
	slices.Sort(a.Roles)
	return a
}

// Grantable are roles without PUBLIC, nil for nil.
func Grantable(roles []string) []string { return slices.DeleteFunc(slices.Clone(roles), everyones) }

// everyones tells whether a role is PUBLIC, which since 4.1 everyone has and nobody can lose.
func everyones(role string) bool { return strings.EqualFold(role, "PUBLIC") }

// CreateUser makes a user with a password, perhaps one to be changed at the first login.
func (d Dialect) CreateUser(name, password string, change bool) Statement {
	return d.withPassword("CREATE USER", "createUser", name, password, change)
}

// SetPassword gives a user another password. 3.5 Community cannot.
func (d Dialect) SetPassword(name, password string, change bool) (Statement, error) {
	if d.fact(userProcedures) != "" && d.Edition == Community {
		return Statement{}, fmt.Errorf("cannot change the password of user %q: in 3.5 Community only the user can", name)
	}
	return d.withPassword("ALTER USER", "changeUserPassword", name, password, change), nil
}

// hidden keeps the parameter password out of 3.5's own query log. That hides the parameters of changePassword($p) and
// changeUserPassword($user, $p) only (ConfiguredQueryLogger of the jar, 3.5.0-beta03), wherever they stand in the query;
// of the procedures with three arguments it knows nothing, and that of two has the user change the password (manual:
// requirePasswordChange is true unless given).
const hidden = " // CALL dbms.security.changePassword($password)"

func (d Dialect) withPassword(words, procedure, name, password string, change bool) Statement {
	parameters := map[string]any{"user": name, "password": password}
	if prefix := d.fact(userProcedures); prefix != "" {
		parameters["change"] = change
		return Statement{"CALL " + prefix + procedure + "($user, $password, $change)" + hidden, parameters}
	}
	if change {
		return Statement{words + " $user SET PASSWORD $password CHANGE REQUIRED", parameters}
	}
	return Statement{words + " $user SET PASSWORD $password CHANGE NOT REQUIRED", parameters}
}

// ChangeOwnPassword is for the session of the user whose password it is.
func (d Dialect) ChangeOwnPassword(from, to string) Statement {
	if prefix := d.fact(userProcedures); prefix != "" {
		return Statement{"CALL " + prefix + "changePassword($to)", map[string]any{"to": to}}
	}
	return Statement{"ALTER CURRENT USER SET PASSWORD FROM $from TO $to", map[string]any{"from": from, "to": to}}
}

// SamePassword tells by the server's words that the password is the wanted one already.
func SamePassword(said string) bool {
	return strings.Contains(said, "Old password and new password cannot be the same")
}

// SetSuspended suspends a user or lets it in again. For HasRoles.
func (d Dialect) SetSuspended(name string, suspended bool) Statement {
	procedure, status := "activateUser($user, false)", "ACTIVE"
	if suspended {
		procedure, status = "suspendUser($user)", "SUSPENDED"
	}
	return d.userStatement(procedure, "ALTER USER $user SET STATUS "+status, map[string]any{"user": name})
}

// Grant gives a user a role. For HasRoles.
func (d Dialect) Grant(role, name string) Statement {
	return d.userStatement("addRoleToUser($role, $user)", "GRANT ROLE $role TO $user", map[string]any{"role": role, "user": name})
}

// Revoke takes a role away. For HasRoles.
func (d Dialect) Revoke(role, name string) Statement {
	return d.userStatement("removeRoleFromUser($role, $user)", "REVOKE ROLE $role FROM $user", map[string]any{"role": role, "user": name})
}

// DropUser removes a user.
func (d Dialect) DropUser(name string) Statement {
	return d.userStatement("deleteUser($user)", "DROP USER $user", map[string]any{"user": name})
}

// SetHome gives a user a home database. For HasHomes.
func (d Dialect) SetHome(name, database string) Statement {
	return Statement{"ALTER USER $user SET HOME DATABASE $home", map[string]any{"user": name, "home": database}}
}

func (d Dialect) userStatement(procedure, text string, parameters map[string]any) Statement {
	if prefix := d.fact(userProcedures); prefix != "" {
		text = "CALL " + prefix + procedure
	}
	return Statement{text, parameters}
}

// CheckUser tells what is wrong with a name for a user, nil for nothing. All generations say "Use ascii characters that are
// not ',', ':' or whitespaces" (runs of 3.5, 4.1, 4.4, 5.26 and 2026.08).
func (d Dialect) CheckUser(name string) error {
	for _, c := range name {
		if c <= ' ' || c > '~' || c == ',' || c == ':' {
			return fmt.Errorf("cannot have a user %q: Neo4j %v takes ASCII without blanks, commas and colons", name, d.Version)
		}
	}
	return nil
}

// CheckPassword tells what is wrong with a user's password, which it does not show. least is ShortestPassword.
func CheckPassword(name, password string, least int) error {
	if utf8.RuneCountInString(password) < least {
		return fmt.Errorf("cannot use the password of user %q: it is shorter than %d characters", name, least)
	}
	return nil
}
