// Package neo4jconf knows Neo4j's dialects: what a setting is called, what its default is and where a thing lies, from one
// generation to the next. It renders neo4j.conf and answers the questions that the rest of the program would otherwise
// answer by comparing versions.
//
// It is pure: bytes and plain values in, bytes and plain values out. No disk, network, clock or environment.
//
// The dialects are tables (names.go, presets.go, facts.go) laid out like the manual's: one column per range of versions.
// A further generation is one more column.
//
// Sources, as the comments abbreviate them:
//
//	manual   Neo4j Operations Manual, https://neo4j.com/docs/operations-manual/<version>/
//	image    github.com/neo4j/docker-neo4j, docker-image-src/<version>/coredb/docker-entrypoint.sh at 9df98ef
//	jar      the published jars of 3.5.0-beta03 Enterprise and of 4.0.12, 4.1.13, 4.2.19, 4.3.23, 4.4.48, 5.1.0, 5.26.30,
//	         2025.01.0 and 2026.08.1 Community, read or run
//	run      three cores and a read replica of 3.5.0-beta03, or the version that is named
//
// Enterprise of 4.0 and later was not to be had: what only it knows is from the manual.
package neo4jconf
