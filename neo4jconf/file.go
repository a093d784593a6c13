package neo4jconf

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"strings"
)

// A file of ours starts with header and sum. The sum is over all that follows, so that a file which somebody edited is
// told from one that is as we left it. The settings of the file that was there before follow at the end, each
// behind keep: the next start layers on them and not on our own last output.
const (
	header = "# Written by neo4j-agent before each start of Neo4j. Change NEO4J_ variables or the base %s, not this file.\n"
	sum    = "# Checksum %08x\n"
	kept   = "# The base %s:\n"
	keep   = "#| "
)

// The files that hold settings. APOC has one of its own from 5 on.
const (
	confFile = "neo4j.conf"
	apocFile = "apoc.conf"
)

// Bytes returns the file: sorted, in the version's own encoding, the same for the same input.
func (c Config) Bytes() []byte {
	var body bytes.Buffer
	for _, s := range c.settings {
		fmt.Fprintf(&body, "%s=%s\n", escapeName(s.Name), s.raw)
	}
	if len(c.base) > 0 {
		fmt.Fprintf(&body, kept, c.name)
	}
	for _, l := range c.base {
		fmt.Fprintf(&body, "%s%s=%s\n", keep, escapeName(l.name), l.raw)
	}
	return append(fmt.Appendf(nil, header+sum, c.name, crc32.ChecksumIEEE(body.Bytes())), body.Bytes()...)
}

// isOurs tells whether the file found, which has that name, was written by us.
func isOurs(name string, file []byte) bool {
	return bytes.HasPrefix(file, fmt.Appendf(nil, header, name))
}

// readBase returns the settings of the file found, which has that name. From a file of ours that nobody edited these are the ones that
// were there before us; edited tells that somebody did.
func readBase(name string, file []byte) (base []line, edited bool, err error) {
	rest, ours := bytes.CutPrefix(file, fmt.Appendf(nil, header, name))
	if !ours {
		base, err = readProperties(file)
		return base, false, err
	}
	_, body, _ := bytes.Cut(rest, []byte("\n"))
	if !bytes.HasPrefix(rest, fmt.Appendf(nil, sum, crc32.ChecksumIEEE(body))) {
		base, err = readProperties(file)
		return base, true, err
	}
	var settings strings.Builder
	for text := range strings.Lines(string(body)) {
		if setting, ok := strings.CutPrefix(text, keep); ok {
			settings.WriteString(setting)
		}
	}
	base, err = readProperties([]byte(settings.String()))
	return base, false, err
}
