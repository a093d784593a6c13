package settings

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestWhoDecidesAboutTheAdministrator(t *testing.T) {
	const arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:admin-AbCdEf"
	warning := []string{"NEO4J_AUTH: says otherwise than NEO4J_ADMIN_PASSWORD, which wins"}
	for _, c := range []struct {
		environ            string
		password           string
		disabled, changing bool
		warnings           []string
	}{
		{environ: ""},
		{environ: "NEO4J_AUTH=none", disabled: true},
		{environ: "NEO4J_AUTH=neo4j/a", password: "a"},
		{environ: "NEO4J_AUTH=neo4j/a/True", password: "a", changing: true},
		{environ: "NEO4J_ADMIN_PASSWORD=none", disabled: true},
		{environ: "NEO4J_ADMIN_PASSWORD=a/b", password: "a/b"},
		{environ: "NEO4J_ADMIN_PASSWORD=a NEO4J_AUTH=neo4j/a", password: "a"},
		{environ: "NEO4J_ADMIN_PASSWORD=a NEO4J_AUTH=neo4j/a/true", password: "a", changing: true},
		{environ: "NEO4J_ADMIN_PASSWORD=a NEO4J_AUTH=neo4j/b/true", password: "a", warnings: warning},
		{environ: "NEO4J_ADMIN_PASSWORD=a NEO4J_AUTH=none", password: "a", warnings: warning},
		{environ: "NEO4J_ADMIN_PASSWORD=none NEO4J_AUTH=neo4j/a", disabled: true, warnings: warning},
		{environ: "NEO4J_ADMIN_PASSWORD=none NEO4J_AUTH=none", disabled: true},
		{environ: "NEO4J_ADMIN_PASSWORD_SECRET=" + arn + " NEO4J_AUTH=neo4j/b"}, // waits for Secrets Manager
	} {
		s, report := load(t, strings.Fields(c.environ)...)
		if s.AdminPassword.Reveal() != c.password || s.AuthDisabled != c.disabled || s.RequirePasswordChange != c.changing {
			t.Errorf("%s: password %q, disabled %v, change %v", c.environ, s.AdminPassword.Reveal(), s.AuthDisabled, s.RequirePasswordChange)
		}
		if !slices.Equal(report.Warnings, c.warnings) {
			t.Errorf("%s: warnings %q", c.environ, report.Warnings)
		}
	}
}

func TestThePreviousPasswordComesFromEitherVariable(t *testing.T) {
	for environ, want := range map[string]string{
		"NEO4J_ADMIN_PASSWORD_PREVIOUS=neo4j":                               "neo4j",
		"NEO4J_AUTH_PREVIOUS=neo4j/old":                                     "old",
		"NEO4J_ADMIN_PASSWORD_PREVIOUS=older NEO4J_AUTH_PREVIOUS=neo4j/old": "older",
	} {
		if s, _ := load(t, strings.Fields(environ)...); s.PreviousAdminPassword.Reveal() != want {
			t.Errorf("%s: got %q", environ, s.PreviousAdminPassword.Reveal())
		}
	}
}

// imageExpression is from the image's entrypoint (docker-image-src/5/coredb/docker-entrypoint.sh).
var imageExpression = regexp.MustCompile(`^([^/]+)\/([^/]+)/?([tT][rR][uU][eE])?$`)

func TestNeo4jAuthIsReadAsTheImageReadsIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := strings.Join(rapid.SliceOf(rapid.SampledFrom([]string{"neo4j", "/", "pw", "true", "TrUe", "none", "x", " ", "\n"})).Draw(t, "parts"), "")
		var got auth
		err := imageAuth(&got).set(value)
		parts := imageExpression.FindStringSubmatch(value)
		right := value == "none" || parts != nil && parts[1] == "neo4j" && parts[2] != "neo4j"
		if right != (err == nil) {
			t.Fatalf("%q: %v, but the image's answer is %v", value, err, right)
		}
		if right && value != "none" && (got.password.Reveal() != parts[2] || got.mustChange != (parts[3] != "")) {
			t.Fatalf("%q: password %q, change %v", value, got.password.Reveal(), got.mustChange)
		}
	})
}
