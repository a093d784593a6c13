# Sourced by neo4j and neo4j-admin: runs the launcher class $1, which reads neo4j.conf and starts the JVM that works.
set -eu

here=$(dirname "$(readlink -f "$0")")
: "${NEO4J_HOME:=$(cd "$(dirname "$0")/.." && pwd)}"
: "${JAVA_HOME:=$(cd "$here/../../@JRE@" && pwd)}"
export NEO4J_HOME JAVA_HOME

launch() {
	class=$1
	shift
	# Unquoted: JAVA_OPTS holds several flags.
	# shellcheck disable=SC2086
	exec "$JAVA_HOME/bin/java" ${JAVA_OPTS:-} -Xmx128m -cp "$NEO4J_HOME/lib/*" "-Dbasedir=$NEO4J_HOME" \
		"org.neo4j.server.startup.$class" "$@"
}
