package neo4jconf

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"path"
	"strconv"
	"unicode/utf8"
)

// The file that neo4j-admin set-initial-password writes, as its own runs wrote it (jar): one line of user, algorithm,
// hash, salt and, since 4.2, the rounds, and last of what the user must do. Hash and salt are in upper case up to 4.1.
var (
	passwordRounds = fact{head{v35, v42}, cells{"", "1024"}}
	// usersFile exists below the data directory once the server has users of its own: initial ones are not read any more.
	usersFile = fact{head{v35, v40}, cells{"dbms/auth", "databases/system"}}
	// shortestPassword is in characters. The tool of 5 and later refuses shorter ones (image 5; manual,
	// dbms.security.auth_minimum_password_length), the server takes what the file says.
	shortestPassword = fact{head{v35, v50}, cells{"1", "8"}}
)

// mustChange is what the tool writes for --require-password-change, seen from 4.1 to 2026.08. The tool of 3.5 does not
// know the option, but its server knows the word: it then asks for a new password.
const mustChange = "password_change_required"

// SaltSize is how many random bytes InitialPassword needs.
const SaltSize = 32

// InitialPassword is what the user neo4j begins with.
type InitialPassword struct {
	Password string
	Change   bool // the user must change it at the first login
	Salt     [SaltSize]byte
}

// PasswordFile is where the initial password belongs and what the file holds. The content is a secret.
type PasswordFile struct {
	Path    string
	Content []byte
}

// ShortestPassword is how many characters a password has at least.
func (c Config) ShortestPassword() int {
	least, _ := strconv.Atoi(cmp.Or(c.get(passwordLength), c.dialect.fact(shortestPassword)))
	return least
}

// InitialPassword returns the file that makes password the one of the user neo4j at the server's first start, so that the
// default password never answers; no admin tool is run and the password is in no command line. It returns false where the
// server has users already and would not read it. exists reports whether there is a file or folder of that path. It fails
// for a password that the generation's own tool refuses.
func (c Config) InitialPassword(initial InitialPassword, exists func(path string) bool) (PasswordFile, bool, error) {
	data := c.DataDir()
	if exists(path.Join(data, c.dialect.fact(usersFile))) {
		return PasswordFile{}, false, nil
	}
	if least := c.ShortestPassword(); utf8.RuneCountInString(initial.Password) < least {
		return PasswordFile{}, false, fmt.Errorf("cannot set the initial password: it is shorter than %d characters; the least is %s",
			least, c.dialect.name(passwordLength))
	}
	return PasswordFile{Path: path.Join(data, "dbms/auth.ini"), Content: c.dialect.passwordLine(initial)}, true, nil
}

func (d Dialect) passwordLine(initial InitialPassword) []byte {
	flags := ""
	if initial.Change {
		flags = mustChange
	}
	hash := sha256.Sum256(append(initial.Salt[:], initial.Password...))
	count := d.fact(passwordRounds)
	if count == "" {
		return fmt.Appendf(nil, "neo4j:SHA-256,%X,%X:%s\n", hash, initial.Salt, flags)
	}
	rounds, _ := strconv.Atoi(count)
	for range rounds - 1 {
		hash = sha256.Sum256(hash[:])
	}
	return fmt.Appendf(nil, "neo4j:SHA-256,%x,%x,%d:%s\n", hash, initial.Salt, rounds, flags)
}
