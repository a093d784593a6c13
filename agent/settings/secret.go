package settings

import (
	"crypto/subtle"
	"fmt"
	"io"
	"log/slog"
)

// hidden is what a secret prints as.
const hidden = "••••••"

// Secret is a text that cannot be printed: every verb of fmt, encoding/json, encoding/xml, log/slog and zerolog show
// "••••••", or nothing when it is empty. The text is behind a pointer because fmt cannot call the methods of a value in
// an unexported field: there it prints an address.
type Secret struct{ text *string }

// NewSecret hides text.
func NewSecret(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{text: &text}
}

// Reveal gives the text itself.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// IsZero tells whether there is no secret.
func (s Secret) IsZero() bool { return s.text == nil }

// Equal compares in a time that depends on the lengths only.
func (s Secret) Equal(other Secret) bool {
	return subtle.ConstantTimeCompare([]byte(s.Reveal()), []byte(other.Reveal())) == 1
}

// String is never the text.
func (s Secret) String() string {
	if s.text == nil {
		return ""
	}
	return hidden
}

// GoString is never the text.
func (s Secret) GoString() string { return s.String() }

// Format is the same for every verb.
func (s Secret) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, s.String()) }

// MarshalText is never the text.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// MarshalJSON is never the text.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + s.String() + `"`), nil }

// LogValue is never the text.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// Value is the value of a NEO4J_<setting> variable. It prints like a Secret whether it is one or not, because a name
// that we take for harmless may hold one; who renders neo4j.conf reveals it.
type Value struct {
	Secret
	IsSecret bool // by its name, by what it looks like, or because it came from a file
}
