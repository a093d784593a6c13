package settings

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// User is one of AGENT_USERS. One of the three passwords is given unless the user is to be absent.
type User struct {
	Name           string
	Absent         bool
	Password       Secret
	PasswordFile   string
	PasswordSecret SecretRef
	Roles          []string // nil: not given
	Suspended      bool
	HomeDatabase   string
	ChangePassword bool // at the first login
}

func (u User) same(other User) bool {
	equal := u.Password.Equal(other.Password)
	u.Password, other.Password = Secret{}, Secret{}
	return equal && reflect.DeepEqual(u, other)
}

// userEntry is a user as it is written.
type userEntry struct {
	Name           string    `yaml:"name"`
	Ensure         string    `yaml:"ensure"`
	Password       string    `yaml:"password"`
	PasswordFile   string    `yaml:"passwordFile"`
	PasswordSecret string    `yaml:"passwordSecret"`
	Roles          *[]string `yaml:"roles"`
	Suspended      bool      `yaml:"suspended"`
	HomeDatabase   string    `yaml:"homeDatabase"`
	ChangePassword bool      `yaml:"requirePasswordChange"`
}

const acceptedUsers = "a list in YAML or JSON of `name`, one of `password`, `passwordFile`, `passwordSecret`, and if wanted `roles`, " +
	"`ensure: absent`, `suspended`, `homeDatabase`, `requirePasswordChange`"

// users reads the list. What is wrong with it never quotes it, since it may hold passwords.
func users(field *[]User) form {
	return into(field, acceptedUsers, func(value string) ([]User, error) {
		var entries []userEntry
		decoder := yaml.NewDecoder(bytes.NewReader([]byte(value))) // JSON is YAML
		decoder.KnownFields(true)
		if err := decoder.Decode(&entries); err != nil && !errors.Is(err, io.EOF) {
			return nil, unquoted(err)
		}
		if err := decoder.Decode(new(any)); !errors.Is(err, io.EOF) {
			return nil, errors.New("has more than one document")
		}
		var all []User
		var wrong []string
		seen := map[string]bool{}
		for i, entry := range entries {
			user, problems := entry.user()
			if user.Name != "" && seen[user.Name] {
				problems = append(problems, "is listed twice")
			}
			seen[user.Name] = true
			for _, problem := range problems {
				wrong = append(wrong, fmt.Sprintf("user %d (%q) %s", i+1, user.Name, problem))
			}
			all = append(all, user)
		}
		if len(wrong) > 0 {
			return nil, errors.New("is not right: " + strings.Join(wrong, "; "))
		}
		return all, nil
	})
}

// user is the entry, with all that is wrong about it.
func (e userEntry) user() (u User, wrong []string) {
	u = User{
		Name: e.Name, Absent: e.Ensure == "absent", Password: NewSecret(e.Password), PasswordFile: e.PasswordFile,
		Suspended: e.Suspended, HomeDatabase: e.HomeDatabase, ChangePassword: e.ChangePassword,
	}
	if e.Roles != nil {
		u.Roles = append([]string{}, *e.Roles...)
	}
	switch e.Name {
	case "":
		wrong = append(wrong, "has no name")
	case adminUser:
		wrong = append(wrong, "is the administrator, whose password is NEO4J_ADMIN_PASSWORD")
	}
	if e.Ensure != "" && e.Ensure != "present" && e.Ensure != "absent" {
		wrong = append(wrong, "has an ensure that is neither present nor absent")
	}
	if e.PasswordSecret != "" {
		var err error
		if u.PasswordSecret, err = parseReference(e.PasswordSecret); err != nil {
			wrong = append(wrong, "has a passwordSecret that "+err.Error())
		}
	}
	given := 0
	for _, source := range []string{e.Password, e.PasswordFile, e.PasswordSecret} {
		if source != "" {
			given++
		}
	}
	if !u.Absent && given != 1 {
		wrong = append(wrong, fmt.Sprintf("has %d passwords: give one of password, passwordFile and passwordSecret", given))
	}
	if slices.Contains(u.Roles, "") {
		wrong = append(wrong, "has a role without a name")
	}
	return u, wrong
}

// What of yaml's errors holds nothing of the text.
var (
	atLine  = regexp.MustCompile(`line \d+`)
	unknown = regexp.MustCompile(`field ([A-Za-z]{1,30}) not found`)
)

// unquoted is an error of yaml without what it quotes.
func unquoted(err error) error {
	text := "is not such a list"
	if line := atLine.FindString(err.Error()); line != "" {
		text += ", see " + line
	}
	if field := unknown.FindStringSubmatch(err.Error()); field != nil {
		text += fmt.Sprintf(": there is no field %q", field[1])
	}
	return errors.New(text)
}
