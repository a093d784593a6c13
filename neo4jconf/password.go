package neo4jconf

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path"
	"strconv"
	"strings"
)

// The file that neo4j-admin set-initial-password writes, as its own runs wrote it (jar): one line of user, algorithm,
// hash, salt and, since 4.2, the rounds. Hash and salt are in upper case up to 4.1.
var (
	passwordRounds = fact{head{v35, v42}, cells{"", "1024"}}
	// usersFile exists below the data directory once the server has users of its own: initial ones are not read any more.
	usersFile = fact{head{v35, v40}, cells{"dbms/auth", "databases/system"}}
)

// SaltSize is how many random bytes InitialPassword needs.
const SaltSize = 32

// PasswordFile is where the initial password belongs and what the file holds. The content is a secret.
type PasswordFile struct {
	Path    string
	Content []byte
}

// InitialPassword returns the file that makes password the one of the user neo4j at the server's first start, so that the
// default password never answers; no admin tool is run and the password is in no command line. It returns false where the
// server has users already and would not read it. exists reports whether there is a file or folder of that path.
func (c Config) InitialPassword(password string, salt [SaltSize]byte, exists func(path string) bool) (PasswordFile, bool) {
	data := c.DataDir()
	if exists(path.Join(data, c.dialect.fact(usersFile))) {
		return PasswordFile{}, false
	}
	return PasswordFile{Path: path.Join(data, "dbms/auth.ini"), Content: c.dialect.passwordLine(password, salt)}, true
}

func (d Dialect) passwordLine(password string, salt [SaltSize]byte) []byte {
	hash := sha256.Sum256(append(salt[:], password...))
	hashText, saltText := hex.EncodeToString(hash[:]), hex.EncodeToString(salt[:])
	count := d.fact(passwordRounds)
	if count == "" {
		return fmt.Appendf(nil, "neo4j:SHA-256,%s,%s:\n", strings.ToUpper(hashText), strings.ToUpper(saltText))
	}
	rounds, _ := strconv.Atoi(count)
	for range rounds - 1 {
		hash = sha256.Sum256(hash[:])
	}
	return fmt.Appendf(nil, "neo4j:SHA-256,%x,%s,%d:\n", hash, saltText, rounds)
}
