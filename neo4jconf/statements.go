package neo4jconf

import "strings"

// Statements splits a script of Cypher at the semicolons that stand outside of strings, quoted names and comments, as
// cypher-shell does. What is between two of them and is nothing but comments and blanks is left out. A script that ends
// within a string or comment ends with that statement, which the server will refuse with its own word.
func Statements(script string) []string {
	var found []string
	begin := 0
	content := false // something beside blanks and comments
	for i := 0; i < len(script); {
		n, kind := token(script[i:])
		if kind == separator {
			if content {
				found = append(found, strings.TrimSpace(script[begin:i]))
			}
			begin, content = i+n, false
		}
		content = content || kind == words
		i += n
	}
	if content {
		found = append(found, strings.TrimSpace(script[begin:]))
	}
	return found
}

// kindOf is what a piece of a script is.
type kindOf int

const (
	padding kindOf = iota // blanks and comments
	words
	separator
)

// token is the length and kind of the piece that a script, which is not empty, begins with. Cypher manual, "Comments",
// "Naming rules" (backticks, doubled within) and "Expressions" (strings, backslash within).
func token(script string) (int, kindOf) {
	switch c := script[0]; {
	case c == ';':
		return 1, separator
	case strings.ContainsRune(" \t\r\n\f\v", rune(c)):
		return 1, padding
	case strings.HasPrefix(script, "//"):
		return through(script, 2, "\n"), padding
	case strings.HasPrefix(script, "/*"):
		return through(script, 2, "*/"), padding
	case c == '`':
		return through(script, 1, "`"), words
	case c == '\'' || c == '"':
		for i := 1; i < len(script); i++ {
			switch script[i] {
			case '\\':
				i++
			case c:
				return i + 1, words
			}
		}
		return len(script), words
	}
	return 1, words
}

// through is the length up to and with end, from the given place on; all when there is no end.
func through(script string, from int, end string) int {
	if i := strings.Index(script[from:], end); i >= 0 {
		return from + i + len(end)
	}
	return len(script)
}
