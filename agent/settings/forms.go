package settings

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// form is what a variable's value looks like. set keeps a right value and says of a wrong one what is wrong with it, as
// a predicate ("is not a duration") that does not repeat the value.
type form struct {
	accepts string
	set     func(value string) error
}

// into is the form of a value that parse understands.
func into[T any](field *T, accepts string, parse func(string) (T, error)) form {
	return form{accepts, func(value string) error {
		parsed, err := parse(value)
		if err != nil {
			return err
		}
		*field = parsed
		return nil
	}}
}

// checked is the form of a text that only has to be right.
func checked(field *string, accepts string, right func(string) bool, wrong string) form {
	return into(field, accepts, func(value string) (string, error) {
		if !right(value) {
			return "", errors.New(wrong)
		}
		return value, nil
	})
}

const anyValue = "any value"

func text(field *string, accepts string) form {
	return into(field, accepts, func(value string) (string, error) { return value, nil })
}

func ignored(accepts string) form { return text(new(string), accepts) }

func secretText(field *Secret) form {
	return into(field, anyValue, func(value string) (Secret, error) { return NewSecret(value), nil })
}

func present(field *bool) form {
	return into(field, anyValue, func(string) (bool, error) { return true, nil })
}

func oneOf[T ~string](field *T, values ...T) form {
	return into(field, alternatives(values), func(value string) (T, error) {
		if !slices.Contains(values, T(value)) {
			return "", errors.New("is none of them")
		}
		return T(value), nil
	})
}

// choice is a yes or no in other words.
func choice(field *bool, yes, no string) form {
	return into(field, alternatives([]string{yes, no}), func(value string) (bool, error) {
		if value != yes && value != no {
			return false, errors.New("is neither of them")
		}
		return value == yes, nil
	})
}

func boolean(field *bool) form { return choice(field, "true", "false") }

// alternatives is `a`, `b` or `c`.
func alternatives[T ~string](values []T) string {
	quoted := make([]string, len(values))
	for i, value := range values {
		quoted[i] = "`" + string(value) + "`"
	}
	last := len(quoted) - 1
	return strings.Join(quoted[:last], ", ") + " or " + quoted[last]
}

// day bounds the waits that have no natural bound.
const day = 24 * time.Hour

func duration(field *time.Duration, least, most time.Duration) form {
	accepts := fmt.Sprintf("a duration such as `90s` or `10m`, or a number of seconds, from %s to %s", short(least), short(most))
	return into(field, accepts, func(value string) (time.Duration, error) {
		d, err := parseDuration(value)
		switch {
		case err != nil:
			return 0, err
		case d < least:
			return 0, errors.New("is too short")
		case d > most:
			return 0, errors.New("is too long")
		}
		return d, nil
	})
}

// parseDuration takes Go's form and plain seconds.
func parseDuration(value string) (time.Duration, error) {
	if onlyDigits(value) {
		value += "s"
	}
	d, err := time.ParseDuration(value)
	if err != nil {
		return 0, errors.New("is not a duration")
	}
	return d, nil
}

// short is 1h0m0s without the zeros.
func short(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// mostRestarts bounds AGENT_RESTARTS; more than that in a window is a crash loop without end.
const mostRestarts = 100

func restarts(field *Restarts) form {
	accepts := fmt.Sprintf("a number up to %d, a slash and a duration from 1s to 24h, such as `3/10m`", mostRestarts)
	return into(field, accepts, func(value string) (Restarts, error) {
		count, window, ok := strings.Cut(value, "/")
		most, err := strconv.Atoi(count)
		if !ok || err != nil || !onlyDigits(count) {
			return Restarts{}, errors.New("is not of that form")
		}
		d, err := parseDuration(window)
		if err != nil {
			return Restarts{}, errors.New("is not of that form")
		}
		if most > mostRestarts || d < time.Second || d > day {
			return Restarts{}, errors.New("is out of bounds")
		}
		return Restarts{Max: most, Window: d}, nil
	})
}

func absolute(field *string) form {
	return checked(field, "an absolute path", func(value string) bool {
		return strings.HasPrefix(value, "/") && !strings.ContainsRune(value, 0)
	}, "is not an absolute path")
}

// name is for what becomes part of S3 keys, Cloud Map instance ids (64 characters at most), labels and file names.
func name(field *string) form {
	return checked(field, "up to 64 letters, digits, dots, underscores and dashes, a letter or digit first", func(value string) bool {
		return len(value) <= 64 && isAlphanumeric(value[0]) && only(value, "._-")
	}, "is not a name")
}

func size(field *string) form {
	return checked(field, "a number with `k`, `m` or `g`, such as `512m` or `2G`", func(value string) bool {
		digits := strings.TrimRight(value, "kKmMgG")
		return len(value)-len(digits) <= 1 && onlyDigits(digits)
	}, "is not a size")
}

func stringArray(field *[]string) form {
	return into(field, "a JSON array of texts, such as `[\"apoc\"]`", func(value string) ([]string, error) {
		var list []string
		if json.Unmarshal([]byte(value), &list) != nil {
			return nil, errors.New("is not a JSON array of texts")
		}
		return list, nil
	})
}

func webAddress(field *string) form {
	return checked(field, "a URL with http or https, without user and password", func(value string) bool {
		u, err := url.Parse(value)
		return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "" && u.User == nil
	}, "is not such a URL")
}

// address is one that others can connect to.
func address(field *string) form {
	return checked(field, "an IP address or host name, without a port", func(value string) bool {
		if ip, err := netip.ParseAddr(value); err == nil {
			return !ip.IsUnspecified() && !ip.IsMulticast()
		}
		return isHostName(value)
	}, "is not an address of one host")
}

func onlyDigits(value string) bool {
	return value != "" && strings.Trim(value, "0123456789") == ""
}

func isAlphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// only tells whether value consists of ASCII letters, digits and the characters of others.
func only(value, others string) bool {
	for i := range len(value) {
		if !isAlphanumeric(value[i]) && strings.IndexByte(others, value[i]) < 0 {
			return false
		}
	}
	return true
}
