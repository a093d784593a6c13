package settings

import "strings"

// Markdown is the table for the README, a table for each group.
func Markdown() string {
	var text strings.Builder
	for i, v := range catalogue().rows {
		if i == 0 || v.Group != catalogue().rows[i-1].Group {
			text.WriteString("\n**" + v.Group + "**\n\n| name | default | accepted | meaning |\n|---|---|---|---|\n")
		}
		text.WriteString("| `" + v.Name + "` | " + v.defaultText() + " | " + v.accepts + " | " + v.Help + v.marks() + " |\n")
	}
	return strings.TrimPrefix(text.String(), "\n")
}

func (v Variable) defaultText() string {
	if v.Default == "" {
		return v.Note
	}
	return "`" + v.Default + "`"
}

func (v Variable) marks() string {
	marks := ""
	if v.Secret {
		marks += " Secret."
	}
	if v.Pending {
		marks += " Not acted upon yet: accepted and checked only."
	}
	return marks
}

// helpWidth fits a terminal of the usual width.
const helpWidth = 100

// Help is the same for --help.
func Help() string {
	var text strings.Builder
	for i, v := range catalogue().rows {
		if i == 0 || v.Group != catalogue().rows[i-1].Group {
			text.WriteString("\n" + v.Group + "\n")
		}
		text.WriteString("  " + v.Name + "\n")
		about := v.Help + v.marks()
		if v.accepts != anyValue {
			about += " Accepted: " + v.accepts + "."
		}
		if v.defaultText() != "" {
			about += " Default: " + v.defaultText() + "."
		}
		const indent = "      "
		text.WriteString(indent + Wrap(strings.ReplaceAll(about, "`", ""), indent, helpWidth) + "\n")
	}
	return strings.TrimPrefix(text.String(), "\n")
}

// Wrap breaks words into lines of a width; indent, which the first line has already, begins each other one.
func Wrap(words, indent string, width int) string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(words) {
		if line != "" && len(indent)+len(line)+1+len(word) > width {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return strings.Join(append(lines, line), "\n"+indent)
}
