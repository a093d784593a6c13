package neo4jconf

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// neo4j.conf is a java.util.Properties file in ISO-8859-1 up to 5.26 (jar: Properties.load of an InputStream, in 5 of a
// Reader). Calendar versions read UTF-8, and 5 and later what NEO4J_CONFIG_FILE_CHARSET says (jar 2025.01.0 and 2026.08.1:
// Config.Builder). Values of the file stay as they are, byte by byte, and ours are ASCII, so that it makes no difference but
// for what this program itself reads of a value that is not ASCII.
// So # and ! start comments, = : and blank end a name, a backslash escapes, and at the end of a line joins the next one.

// line is one setting of a neo4j.conf. raw is the value as it stands in the file, in ISO-8859-1, escapes not resolved,
// continuation lines joined.
type line struct {
	name, raw string
	number    int // of the line it starts on, from 1
}

const blank = " \t\f"

// readProperties returns the settings of a file in its order. It fails where Neo4j would: at a \u without four digits.
func readProperties(file []byte) ([]line, error) {
	var lines []line
	rest := string(file)
	for number := 1; rest != ""; {
		logical, length, read := logicalLine(rest)
		rest = rest[length:]
		if logical != "" {
			name, raw := splitLine(logical)
			text, err := unescape(name)
			if err == nil {
				_, err = unescape(raw)
			}
			if err != nil {
				return nil, fmt.Errorf("line %d: %v", number, err)
			}
			lines = append(lines, line{name: text, raw: raw, number: number})
		}
		number += read
	}
	return lines, nil
}

// logicalLine takes the first line off text, with the lines that it continues on; "" for comments and blank lines. It
// also tells how many bytes and natural lines it took.
func logicalLine(text string) (logical string, length, read int) {
	for {
		natural, next := cutLine(text[length:])
		length += next
		read++
		natural = strings.TrimLeft(natural, blank)
		if read == 1 && (natural == "" || natural[0] == '#' || natural[0] == '!') {
			return "", length, read
		}
		if !endsInBackslash(natural) {
			return logical + natural, length, read
		}
		logical += natural[:len(natural)-1]
		if logical == "" || length == len(text) {
			return logical, length, read // a lone backslash joins nothing
		}
	}
}

// cutLine returns the first natural line of text, which ends with LF, CR or CR LF, and where the next one starts.
func cutLine(text string) (string, int) {
	end := strings.IndexAny(text, "\r\n")
	switch {
	case end < 0:
		return text, len(text)
	case strings.HasPrefix(text[end:], "\r\n"):
		return text[:end], end + 2
	default:
		return text[:end], end + 1
	}
}

func endsInBackslash(text string) bool {
	return (len(text)-len(strings.TrimRight(text, `\`)))%2 == 1
}

// splitLine divides a logical line at the first =, : or blank that is not escaped.
func splitLine(logical string) (name, raw string) {
	end := 0
	for end < len(logical) && !strings.ContainsRune("=:"+blank, rune(logical[end])) {
		if logical[end] == '\\' {
			end++
		}
		end++
	}
	end = min(end, len(logical))
	raw = strings.TrimLeft(logical[end:], blank)
	if raw != "" && (raw[0] == '=' || raw[0] == ':') {
		raw = strings.TrimLeft(raw[1:], blank)
	}
	return logical[:end], raw
}

var errUnicodeEscape = errors.New(`\u is not followed by four hexadecimal digits`)

// unescape returns what Neo4j reads: ISO-8859-1 decoded and escapes resolved.
func unescape(raw string) (string, error) {
	if !strings.ContainsFunc(raw, func(r rune) bool { return r == '\\' || r >= utf8.RuneSelf }) {
		return raw, nil
	}
	units := make([]uint16, 0, len(raw))
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			units = append(units, uint16(raw[i]))
			continue
		}
		i++
		if i == len(raw) {
			break
		}
		if raw[i] != 'u' {
			units = append(units, uint16(unescaped(raw[i])))
			continue
		}
		if i+5 > len(raw) {
			return "", errUnicodeEscape
		}
		code, err := strconv.ParseUint(raw[i+1:i+5], 16, 16)
		if err != nil {
			return "", errUnicodeEscape
		}
		units = append(units, uint16(code))
		i += 4
	}
	return string(utf16.Decode(units)), nil
}

func unescaped(c byte) byte {
	switch c {
	case 't':
		return '\t'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 'f':
		return '\f'
	}
	return c
}

// ascii writes what is not ASCII as \uXXXX, so that Neo4j reads the characters that were meant. Bytes that are not UTF-8
// stay as they are.
func ascii(text string) string {
	if !strings.ContainsFunc(text, func(r rune) bool { return r >= utf8.RuneSelf }) {
		return text
	}
	var out strings.Builder
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		if r < utf8.RuneSelf || r == utf8.RuneError && size == 1 {
			out.WriteByte(text[i])
		} else {
			for _, unit := range utf16.AppendRune(nil, r) {
				fmt.Fprintf(&out, `\u%04x`, unit)
			}
		}
		i += size
	}
	return out.String()
}

var (
	inValues = strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\r", `\r`, "\t", `\t`, "\f", `\f`)
	inNames  = strings.NewReplacer("=", `\=`, ":", `\:`, " ", `\ `)
)

// escape writes a value of ours so that Neo4j reads exactly it.
func escape(value string) string { return ascii(inValues.Replace(value)) }

// escapeName writes a name so that Neo4j reads exactly it.
func escapeName(name string) string {
	name = inNames.Replace(escape(name))
	if name != "" && (name[0] == '#' || name[0] == '!') {
		name = `\` + name
	}
	return name
}
