package neo4jconf

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// ScriptStatement is one statement of a script.
type ScriptStatement struct {
	Text string
	Line int // of the script, from 1, where it begins
}

// Unclosed is what a script ends within, and where that begins. The zero value is nothing.
type Unclosed struct {
	What string
	Line int
}

// Statements are the texts of Script. A script that ends within a string or comment ends with that statement, which the
// server will refuse with its own word.
func Statements(script string) []string {
	found, _ := Script(script)
	var texts []string
	for _, statement := range found {
		texts = append(texts, statement.Text)
	}
	return texts
}

// Script splits a script of Cypher at the semicolons that stand outside of strings, quoted names and comments, as
// cypher-shell does. Comments and blanks before a statement are left out, and so is what holds nothing else.
func Script(script string) ([]ScriptStatement, Unclosed) {
	var found []ScriptStatement
	var unclosed Unclosed
	begin, beginLine := -1, 0 // -1 outside of a statement
	line := 1
	end := func(at int) {
		if begin >= 0 {
			found = append(found, ScriptStatement{strings.TrimSpace(script[begin:at]), beginLine})
		}
		begin = -1
	}
	for i := 0; i < len(script); {
		n, kind, open := token(script[i:])
		if kind == separator {
			end(i)
		}
		if kind == words && begin < 0 {
			begin, beginLine = i, line
		}
		if open != "" {
			unclosed = Unclosed{open, line}
		}
		line += strings.Count(script[i:i+n], "\n")
		i += n
	}
	end(len(script))
	return found, unclosed
}

// kindOf is what a piece of a script is.
type kindOf int

const (
	padding kindOf = iota // blanks and comments
	words
	separator
)

// token is the length and kind of the piece that a script, which is not empty, begins with, and what it is where it has
// no end. Cypher manual, "Comments", "Naming rules" (backticks, doubled within) and "Expressions" (strings, backslash
// within). A comment ends at a carriage return too (the grammar of 4 and later).
func token(script string) (n int, kind kindOf, open string) {
	first, size := utf8.DecodeRuneInString(script)
	switch {
	case first == ';':
		return 1, separator, ""
	case unicode.IsSpace(first):
		return size, padding, ""
	case strings.HasPrefix(script, "//"):
		if i := strings.IndexAny(script, "\r\n"); i >= 0 {
			return i, padding, ""
		}
		return len(script), padding, ""
	case strings.HasPrefix(script, "/*"):
		n, open = through(script, 2, "*/", "comment")
		return n, padding, open
	case first == '`':
		n, open = through(script, 1, "`", "quoted name")
		return n, words, open
	case first == '\'' || first == '"':
		n, open = text(script)
		return n, words, open
	}
	return size, words, ""
}

// text is the length of the string that a script begins with.
func text(script string) (n int, open string) {
	for i := 1; i < len(script); i++ {
		switch script[i] {
		case '\\':
			i++
		case script[0]:
			return i + 1, ""
		}
	}
	return len(script), "string"
}

// through is the length up to and with end, from the given place on; all, which is open then, when there is no end.
func through(script string, from int, end, what string) (n int, open string) {
	if i := strings.Index(script[from:], end); i >= 0 {
		return from + i + len(end), ""
	}
	return len(script), what
}
