package health

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// Colours of a terminal (ECMA-48, select graphic rendition).
const (
	green  = "32"
	yellow = "33"
	red    = "31"
)

// WriteTable writes the status for people: this member in a few lines, then the cluster with this member marked by an
// asterisk. Phases and roles have colours only where asked.
func WriteTable(w io.Writer, s Status, now time.Time, colour bool) error {
	paint := func(text, code string) string {
		if !colour || code == "" {
			return text
		}
		return "\x1b[" + code + "m" + text + "\x1b[0m"
	}
	var b strings.Builder
	b.WriteString(paint(string(s.Phase), phaseColour(s.Phase)))
	if !s.Since.IsZero() {
		b.WriteString(" for " + brief(now.Sub(s.Since)))
	}
	if s.Reason != "" {
		b.WriteString(": " + s.Reason)
	}
	b.WriteString("\n")
	for _, line := range summary(s, now) {
		fmt.Fprintf(&b, "%-9s %s\n", line[0], line[1])
	}
	if len(s.Members) > 0 {
		b.WriteString("\n")
		writeMembers(&b, s.Members, paint)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// phaseColour is green for serving, red for failed, yellow for all on the way.
func phaseColour(p Phase) string {
	switch p {
	case Ready:
		return green
	case Failed:
		return red
	}
	return yellow
}

// summary are the lines about this member; those without a value are left out.
func summary(s Status, now time.Time) [][2]string {
	member := join(" ", s.Member.Kind, s.Member.ID)
	version := join(" ", s.Version, s.Edition)
	restarts := ""
	if s.Restarts.Done > 0 {
		restarts = fmt.Sprintf("%d, %d left", s.Restarts.Done, s.Restarts.Left)
	}
	all := [][2]string{{"member", member}, {"cluster", s.Cluster}, {"neo4j", version}, {"bolt", s.Member.Bolt},
		{"role", roleText(s)}, {"restore", s.Unfinished.text()}, {"init", s.Init.text()}, {"users", s.Users.text()}, {"secrets", s.Secrets.text(now)}, {"restarts", restarts}, {"backup", backupText(s.Backups, now)}, {"restart", s.RestartNeeded}, {"agent", s.AgentVersion}}
	return slices.DeleteFunc(all, func(line [2]string) bool { return line[1] == "" })
}

// backupText is how old the newest verified backup is.
func backupText(b *Backups, now time.Time) string {
	switch {
	case b == nil:
		return ""
	case b.Trouble != "":
		return "not known: " + b.Trouble
	case b.Verified == 0:
		return "none that is verified"
	}
	return fmt.Sprintf("%s old, the newest of %d", brief(now.Sub(b.Newest)), b.Verified)
}

// roleText is the role in the default database, then those in the others where they differ.
func roleText(s Status) string {
	if s.Phase != Ready {
		return ""
	}
	text := s.Role
	var others []string
	for database, role := range s.Databases {
		if role != s.Role {
			others = append(others, database+" "+role)
		}
	}
	slices.Sort(others)
	return strings.Join(append([]string{text}, others...), ", ")
}

// writeMembers writes the rows of the cluster, aligned.
func writeMembers(b *strings.Builder, members []MemberStatus, paint func(text, code string) string) {
	rows := [][]string{{"", "ADDRESS", "ROLE", "STATE", "ID"}}
	colours := []string{""}
	for _, m := range members {
		mark, state, code := "", "connected", ""
		if m.Own {
			mark, state = "*", "this one"
		}
		if !m.Healthy {
			state, code = "absent", red
		} else if m.Role == RoleLeader {
			code = green
		}
		rows, colours = append(rows, []string{mark, m.Address, m.Role, state, m.ID}), append(colours, code)
	}
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], len(cell))
		}
	}
	for r, row := range rows {
		line := ""
		for i, cell := range row {
			line += fmt.Sprintf("%-*s  ", widths[i], cell)
		}
		b.WriteString(paint(strings.TrimRight(line, " "), colours[r]) + "\n")
	}
}
