package settings

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Problem is one mistake in the environment.
type Problem struct {
	Variable string
	Wrong    string // what is wrong; never a secret's value
	Accepted string // what would be right; may be empty
}

func (p Problem) String() string {
	if p.Accepted == "" {
		return p.Variable + ": " + p.Wrong
	}
	return p.Variable + ": " + p.Wrong + "; accepted: " + p.Accepted
}

// Problems is the error of Load: every mistake, sorted by variable.
type Problems struct{ List []Problem }

// Error has a line for each mistake.
func (p *Problems) Error() string {
	if len(p.List) == 1 {
		return "cannot use the environment: " + p.List[0].String()
	}
	var text strings.Builder
	fmt.Fprintf(&text, "cannot use the environment: %d mistakes", len(p.List))
	for _, problem := range p.List {
		text.WriteString("\n  " + problem.String())
	}
	return text.String()
}

// asError is nil when list is empty.
func asError(list []Problem) error {
	if len(list) == 0 {
		return nil
	}
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b Problem) int {
		return cmp.Or(strings.Compare(a.Variable, b.Variable), strings.Compare(a.Wrong, b.Wrong))
	})
	return &Problems{List: slices.Compact(list)}
}

// longestShown bounds how much of a wrong value a message repeats.
const longestShown = 80

// shown quotes value for a message, so that line breaks in it cannot forge another line.
func shown(value string) string {
	if len(value) > longestShown {
		return strconv.Quote(value[:longestShown]) + "…"
	}
	return strconv.Quote(value)
}
