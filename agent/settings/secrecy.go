package settings

import (
	"net/url"
	"slices"
	"strings"
)

// notShown is what messages say in place of a secret's value.
const notShown = "its value (not shown) "

// SecretsOf is what must not stay in environ, with the content of the files that environ names for secrets, by the name
// of the variable. The map is to be sealed and given to Load by the processes that have the scrubbed environment.
func SecretsOf(environ []string, readFile func(string) ([]byte, error)) (map[string]string, error) {
	f := gather(environ, nil, readFile)
	secrets := map[string]string{}
	for name, sealed := range f.sealed {
		if sealed {
			secrets[name] = f.values[name]
		}
	}
	return secrets, asError(f.problems)
}

// Scrub is environ without any secret. Paths of files and references to Secrets Manager stay.
func Scrub(environ []string) []string {
	return slices.DeleteFunc(slices.Clone(environ), func(entry string) bool {
		name, value, _ := strings.Cut(entry, "=")
		return isSecret(name, value)
	})
}

// isSecret tells whether value must not stay in an environment as that of name.
func isSecret(name, value string) bool {
	if v, ok := row(name); ok {
		return v.Secret || carriesSecret(value)
	}
	if _, ok := fileBase(name); ok {
		return false
	}
	if _, ok := referenceBase(name); ok {
		_, err := parseReference(value)
		return err != nil // the secret itself, in the wrong place
	}
	if _, neo4j := prefixed(name); neo4j || strings.HasPrefix(name, agentPrefix) {
		return soundsSecret(name) || carriesSecret(value)
	}
	return strings.HasPrefix(name, endpointPrefix) && carriesSecret(value)
}

// soundsSecret takes a few harmless names along (auth_minimum_password_length); they are only printed less.
func soundsSecret(name string) bool {
	name = strings.ToLower(name)
	for _, word := range []string{"password", "passwd", "passphrase", "secret", "token", "credential", "api_key", "api__key", "apikey"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}

// carriesSecret finds what is secret whatever the name: -Djavax.net.ssl.keyStorePassword=… among JVM options, user and
// password in a URL (apoc.mongodb.<name>.uri, apoc.jdbc.<name>.url).
func carriesSecret(value string) bool {
	lower := strings.ToLower(value)
	if strings.Contains(lower, "password=") || strings.Contains(lower, "passwd=") {
		return true
	}
	_, rest, ok := strings.Cut(value, "://")
	if !ok {
		return false
	}
	authority, _, _ := strings.Cut(rest, "/")
	if u, err := url.Parse("x://" + authority); err == nil {
		_, has := u.User.Password()
		return has
	}
	return strings.Contains(authority, "@")
}
