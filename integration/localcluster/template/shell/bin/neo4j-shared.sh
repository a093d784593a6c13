# Sourced by neo4j and neo4j-admin: the environment, neo4j.conf and paths as the scripts of Neo4j 3.5 and 4.1 read them.
set -eu

here=$(dirname "$(readlink -f "$0")")
: "${NEO4J_HOME:=$(cd "$(dirname "$0")/.." && pwd)}"
: "${NEO4J_CONF:=$NEO4J_HOME/conf}"
: "${JAVA_HOME:=$(cd "$here/../../@JRE@" && pwd)}"
export NEO4J_HOME NEO4J_CONF JAVA_HOME

java=$JAVA_HOME/bin/java
if [ ! -x "$java" ]; then
	echo "ERROR: JAVA_HOME is incorrectly defined as $JAVA_HOME (the executable $java does not exist)" >&2
	exit 1
fi

# setting NAME [DEFAULT] prints the value of a setting of neo4j.conf; of several the last.
setting() {
	value=
	if [ -f "$NEO4J_CONF/neo4j.conf" ]; then
		value=$(sed -n "s/^$1=//p" "$NEO4J_CONF/neo4j.conf" | tail -n 1)
	fi
	echo "${value:-${2:-}}"
}

# directory NAME prints where dbms.directories.NAME is.
directory() {
	path=$(setting "dbms.directories.$1" "$1")
	case $path in
	/*) echo "$path" ;;
	*) echo "$NEO4J_HOME/$path" ;;
	esac
}

plugins=$(directory plugins)
classpath=$plugins:$NEO4J_CONF:$(directory lib)/*:$plugins/*
