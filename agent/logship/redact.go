package logship

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
)

// masked stands for what does not leave.
const masked = "******"

// between words of Cypher: spaces and comments.
const gap = `(?:\s|/\*(?s:.*?)\*/|//[^\n]*(?:\n|$))*`

// announces matches what comes before a password in an administrative statement of any generation, as
// https://neo4j.com/docs/operations-manual/current/authentication-authorization/manage-users/ and its older editions
// give them: SET [PLAINTEXT | ENCRYPTED] PASSWORD 'x' or $p, PASSWORD FROM 'x' TO 'y', of users and of remote aliases;
// dbms.changePassword and dbms.security.{changePassword, changeUserPassword, createUser}; dbms.setConfigValue, which may
// set the LDAP system account's; the credentials of seeds; and settings of LDAP as the logs print them.
var announces = regexp.MustCompile(`(?i)\bPASSWORD` + gap + `(?:FROM` + gap + `)?['"$\\]` +
	`|\b(?:change(?:User)?Password|createUser|setConfigValue)` + "`?" + gap + `\(` +
	`|\bseedCredentials\b|\bsystem_password\b`)

// hints are words, in small letters, one of which is in everything that announces matches. They cost little to look for.
var hints = [][]byte{[]byte("password"), []byte("createuser"), []byte("setconfigvalue"), []byte("seedcredentials")}

// redactor finds passwords. Not for concurrent use.
type redactor struct{ small []byte }

// hinted tells whether a closer look is needed.
func (r *redactor) hinted(text []byte) bool {
	r.small = append(r.small[:0], text...)
	for i, c := range r.small {
		if c >= 'A' && c <= 'Z' {
			r.small[i] = c + ('a' - 'A')
		}
	}
	return slices.ContainsFunc(hints, func(hint []byte) bool { return bytes.Contains(r.small, hint) })
}

// statement cuts a statement, with all that follows it, where it announces a password. Nothing after that is looked at:
// where a password ends is for Cypher to know.
func statement(text []byte) ([]byte, bool) {
	for from := 0; ; {
		at := announces.FindIndex(text[from:])
		if at == nil {
			return text, false
		}
		begin, end := from+at[0], from+at[1]
		if !bytes.HasPrefix(text[end:], []byte("***")) { // Neo4j has masked it itself
			for end > begin && bytes.IndexByte([]byte(`'"$\`), text[end-1]) >= 0 {
				end--
			}
			return append(slices.Clone(text[:end]), masked...), true
		}
		from = end
	}
}

// repeating are the fields that may repeat what an administrative statement says.
var repeating = []string{"queryParameters", "failureReason", "errorInfo", "stacktrace", "queryPlan"}

// unescape undoes what in JSON may stand between the words of a statement.
var unescape = strings.NewReplacer(`\n`, "\n", `\r`, "\r", `\t`, "\t", `\"`, `"`, `\\`, `\`, `\/`, "/")

// inJSON is statement for a line of JSON: the string that announces a password is cut, and what may repeat it left out.
func inJSON(text []byte) ([]byte, bool) {
	found := false
	changed, ok := dropIn(text, func(_ string, value json.RawMessage) json.RawMessage {
		content := plain(value)
		cut, secret := statement(content)
		if !secret {
			return value
		}
		found = true
		return appendString(nil, cut)
	})
	if !ok { // it was cut
		if cut, secret := statement(text); secret {
			return cut, true
		}
		if cut, secret := statement([]byte(unescape.Replace(string(text)))); secret {
			return cut, true
		}
		return text, false
	}
	if !found {
		return text, false
	}
	changed, _ = dropIn(changed, func(name string, value json.RawMessage) json.RawMessage {
		if slices.Contains(repeating, name) {
			return nil
		}
		return value
	})
	return changed, true
}
