package settings

import (
	"errors"
	"strings"
)

// The image's own words for the two values with a meaning of their own.
const (
	adminUser       = "neo4j"
	defaultPassword = "neo4j"
	authNone        = "none"
)

// auth is what NEO4J_ADMIN_PASSWORD or NEO4J_AUTH says about the user neo4j.
type auth struct {
	password   Secret
	disabled   bool
	mustChange bool
}

func (a auth) given() bool { return a.disabled || !a.password.IsZero() }

// same tells whether both say the same; a demand to change the password apart.
func (a auth) same(other auth) bool {
	return a.disabled == other.disabled && a.password.Equal(other.password)
}

func adminPassword(field *auth) form {
	return into(field, "a password other than `neo4j`, or `none` for no authentication", func(value string) (auth, error) {
		switch value {
		case "":
			return auth{}, errors.New("is empty")
		case defaultPassword:
			return auth{}, errors.New("is Neo4j's default password")
		case authNone:
			return auth{disabled: true}, nil
		}
		return auth{password: NewSecret(value)}, nil
	})
}

// imageAuth is the image's expression by hand: ^([^/]+)\/([^/]+)/?([tT][rR][uU][eE])?$ (docker-entrypoint.sh,
// set_initial_password).
func imageAuth(field *auth) form {
	return into(field, "`none`, `neo4j/<password>` or `neo4j/<password>/true`, no slash in the password", func(value string) (auth, error) {
		if value == authNone {
			return auth{disabled: true}, nil
		}
		parts := strings.Split(value, "/")
		if len(parts) < 2 || len(parts) > 3 || parts[0] == "" || parts[1] == "" {
			return auth{}, errors.New("is not of that form")
		}
		mustChange := len(parts) == 3 && parts[2] != ""
		if mustChange && !strings.EqualFold(parts[2], "true") {
			return auth{}, errors.New("is not of that form")
		}
		if parts[0] != adminUser {
			return auth{}, errors.New("names another user than `neo4j`")
		}
		if parts[1] == defaultPassword {
			return auth{}, errors.New("has Neo4j's default password")
		}
		return auth{password: NewSecret(parts[1]), mustChange: mustChange}, nil
	})
}

func login(field *Login) form {
	return into(field, "`user/password`, another user than `neo4j`", func(value string) (Login, error) {
		user, password, _ := strings.Cut(value, "/")
		if user == "" || password == "" {
			return Login{}, errors.New("is not of that form")
		}
		if user == adminUser {
			return Login{}, errors.New("names the administrator")
		}
		return Login{User: user, Password: NewSecret(password)}, nil
	})
}
