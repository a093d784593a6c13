package neo4jconf

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"
)

// Version of a Neo4j server. Calendar versions have the year as Major.
type Version struct {
	Major, Minor, Patch int
	Suffix              string // "beta03" of 3.5.0-beta03
}

func (v Version) String() string {
	text := fmt.Sprintf("%d.%d.%d", v.Major, v.Minor, v.Patch)
	if v.since(v2025) { // as Neo4j writes them: 2026.08.1
		text = fmt.Sprintf("%d.%02d.%d", v.Major, v.Minor, v.Patch)
	}
	if v.Suffix != "" {
		text += "-" + v.Suffix
	}
	return text
}

// Edition of a Neo4j server.
type Edition string

// The two editions.
const (
	Community  Edition = "community"
	Enterprise Edition = "enterprise"
)

// The server's own jar is neo4j-<version>.jar, or neo4j-kernel-<version>.jar where it was laid out from Maven. Jars of
// other versions lie beside it (neo4j-cypher-planner-spi-3.4-3.4.9.jar), so only these two names count.
var (
	serverJar     = regexp.MustCompile(`^neo4j-(?:kernel-)?(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z][0-9A-Za-z.]*))?\.jar$`)
	enterpriseJar = regexp.MustCompile(`^neo4j-(?:.*-)?enterprise(?:-.*)?\.jar$`)
)

// Detect finds the version and edition from the names of the files in $NEO4J_HOME/lib. It fails when no server jar is
// among them and when there are two versions.
func Detect(jars []string) (Version, Edition, error) {
	var found Version
	edition := Community
	for _, jar := range jars {
		name := path.Base(jar)
		if enterpriseJar.MatchString(name) {
			edition = Enterprise
		}
		match := serverJar.FindStringSubmatch(name)
		if match == nil {
			continue
		}
		version, err := versionOf(match)
		if err != nil {
			return Version{}, "", fmt.Errorf("cannot read the version of %s: %v", name, err)
		}
		if found != (Version{}) && found != version {
			return Version{}, "", fmt.Errorf("cannot tell the version of Neo4j: both %v and %v are in its lib folder", found, version)
		}
		found = version
	}
	if found == (Version{}) {
		return Version{}, "", errors.New("cannot find Neo4j: no neo4j-<version>.jar in its lib folder")
	}
	return found, edition, nil
}

// Or returns the edition of a server whose jars say e and whose NEO4J_EDITION says named, "" for nothing. Jars of
// Enterprise prove it; where none is among them the official image's variable decides. It fails for other editions.
func (e Edition) Or(named string) (Edition, error) {
	switch said := Edition(strings.ToLower(named)); {
	case said != "" && said != Community && said != Enterprise:
		return "", fmt.Errorf("cannot use NEO4J_EDITION=%s: there are %s and %s", named, Community, Enterprise)
	case e == Enterprise || said == "":
		return e, nil
	default:
		return said, nil
	}
}

func versionOf(match []string) (Version, error) {
	version := Version{Suffix: match[4]}
	for i, part := range []*int{&version.Major, &version.Minor, &version.Patch} {
		number, err := strconv.Atoi(match[i+1])
		if err != nil {
			return Version{}, err
		}
		*part = number
	}
	return version, nil
}

// ParseVersion reads a version as Neo4j writes it: 3.5.0-beta03, 2026.08.1.
func ParseVersion(text string) (Version, error) {
	match := serverJar.FindStringSubmatch("neo4j-" + text + ".jar")
	if match == nil {
		return Version{}, fmt.Errorf("cannot read the version %q", text)
	}
	return versionOf(match)
}
