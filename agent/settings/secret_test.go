package settings

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/rs/zerolog"
)

const marker = "tOpSeCrEt"

// verbs are all of fmt's, and some that it does not have.
var verbs = []string{"%v", "%+v", "%#v", "%s", "%q", "%+q", "%x", "% x", "%X", "%d", "%c", "%U", "%t", "%e", "%g", "%b", "%o", "%T", "%w", "%z", "%10.3v"}

// printed is everything that fmt, the loggers and the encoders make of v.
func printed(t interface{ Helper() }, v any) string {
	t.Helper()
	var text bytes.Buffer
	for _, verb := range verbs {
		fmt.Fprintf(&text, verb+"\n", v)
	}
	fmt.Fprintln(&text, v)
	for _, marshal := range []func(any) ([]byte, error){json.Marshal, xml.Marshal} {
		encoded, err := marshal(v)
		fmt.Fprintln(&text, string(encoded), err)
	}
	slog.New(slog.NewTextHandler(&text, nil)).Info("m", "v", v)
	slog.New(slog.NewJSONHandler(&text, nil)).Info("m", "v", v)
	log := zerolog.New(&text)
	log.Info().Interface("v", v).Any("w", v).Msg("m")
	return text.String()
}

// around is the part of text that shows the marker.
func around(text string) string {
	at := max(strings.Index(text, marker), 0)
	return text[max(0, at-200):min(len(text), at+200)]
}

// leaks tells whether text shows the marker, as it is or as the hexadecimal verbs write it.
func leaks(text string) bool {
	plain := hex.EncodeToString([]byte(marker))
	return strings.Contains(text, marker) || strings.Contains(strings.ToLower(strings.ReplaceAll(text, " ", "")), plain)
}

func TestASecretIsNeverPrinted(t *testing.T) {
	secret := NewSecret(marker)
	type nested struct {
		Exported   Secret
		unexported Secret
		inMap      map[string]Value
		Slice      []Secret
		pointer    *Secret
		anything   any
	}
	for name, v := range map[string]any{
		"secret": secret, "pointer": &secret, "value": Value{secret, false}, "login": Login{"reader", secret},
		"slice": []Secret{secret}, "map": map[string]Secret{"a": secret},
		"nested":            nested{secret, secret, map[string]Value{"a": {secret, true}}, []Secret{secret}, &secret, secret},
		"pointer to nested": &nested{unexported: secret, anything: &secret},
	} {
		if text := printed(t, v); leaks(text) {
			t.Errorf("%s shows its secret: %s", name, around(text))
		}
	}
}

func TestLeaksFindsWhatItIsMadeToFind(t *testing.T) {
	for _, v := range []any{marker, struct{ a string }{marker}} {
		if !leaks(printed(t, v)) {
			t.Errorf("%T is not noticed", v)
		}
	}
	if !leaks(fmt.Sprintf("% X", marker)) {
		t.Error("hexadecimal is not noticed")
	}
}

func TestASecretShowsWhetherItIsEmpty(t *testing.T) {
	for text, want := range map[string]string{"": "", "x": hidden} {
		secret := NewSecret(text)
		if got := fmt.Sprint(secret); got != want {
			t.Errorf("%q prints as %q, want %q", text, got, want)
		}
		encoded, err := json.Marshal(secret)
		if err != nil || string(encoded) != `"`+want+`"` {
			t.Errorf("%q is %s in JSON (%v)", text, encoded, err)
		}
		if secret.Reveal() != text || secret.IsZero() != (text == "") {
			t.Errorf("%q reveals %q", text, secret.Reveal())
		}
	}
}

func TestSecretsAreEqualByTheirText(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{{"", "", true}, {"a", "a", true}, {"a", "b", false}, {"a", "", false}, {"a", "aa", false}} {
		if got := NewSecret(c.a).Equal(NewSecret(c.b)); got != c.want {
			t.Errorf("%q and %q: %v", c.a, c.b, got)
		}
	}
}
