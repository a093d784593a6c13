package restore

import (
	"hash/maphash"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Limits of what an archive may hold. A store has some hundred files, a few levels deep; the lengths are Linux's
// NAME_MAX and PATH_MAX.
const (
	mostEntries   = 100_000
	longestName   = 255
	longestPath   = 4096
	deepestFolder = 32
)

// names are those an archive has used so far. They are kept as sums of what a file system might hold for the same:
// letters of either case, and all ways Unicode writes one character.
type names struct {
	seed maphash.Seed
	fold cases.Caser
	used map[[2]uint64]use
}

type use struct {
	exact  uint64 // sum of the name as it is written
	folder bool
}

func newNames() *names {
	return &names{seed: maphash.MakeSeed(), fold: cases.Fold(), used: map[[2]uint64]use{}}
}

// take gives the path of an entry below the archive's root, "." for the root itself, or refuses it.
func (n *names) take(name string, isFolder bool) (string, error) {
	clean, err := cleanName(name)
	if err != nil || clean == "." {
		return clean, err
	}
	for i, c := range clean {
		if c != '/' {
			continue
		}
		if err := n.claim(clean[:i], true); err != nil {
			return "", err
		}
	}
	return clean, n.claim(clean, isFolder)
}

func (n *names) claim(name string, isFolder bool) error {
	folded := norm.NFKC.String(n.fold.String(norm.NFKD.String(name)))
	key := [2]uint64{maphash.String(n.seed, folded), maphash.String(n.seed, "\x00"+folded)}
	now := use{maphash.String(n.seed, name), isFolder}
	before, taken := n.used[key]
	switch {
	case taken && before.exact != now.exact:
		return corrupt("unpack %q: another name differs from it only in case or in how Unicode writes it", name)
	case taken && (!before.folder || !isFolder):
		return corrupt("unpack %q: it is there twice", name)
	case len(n.used) >= mostEntries:
		return corrupt("unpack the archive: it has more than %d entries", mostEntries)
	}
	n.used[key] = now
	return nil
}

// cleanName gives a name without "./" before it and "/" behind, and refuses what leads out of the folder or is no name
// that a store can have.
func cleanName(name string) (string, error) {
	trimmed := strings.TrimSuffix(name, "/")
	for strings.HasPrefix(trimmed, "./") {
		trimmed = trimmed[2:]
	}
	switch {
	case trimmed == ".":
		return ".", nil
	case trimmed == "":
		return "", corrupt("unpack %q: an entry has no name", name)
	case len(trimmed) > longestPath || strings.Count(trimmed, "/") >= deepestFolder:
		return "", corrupt("unpack %.60q…: its path is too long", name)
	case path.IsAbs(trimmed) || len(trimmed) > 1 && trimmed[1] == ':':
		return "", corrupt("unpack %q: its path is absolute", name)
	case !utf8.ValidString(trimmed) || strings.ContainsFunc(trimmed, isForbidden):
		return "", corrupt("unpack %q: its name has characters that no file of a store has", name)
	}
	for component := range strings.SplitSeq(trimmed, "/") {
		switch {
		case component == "..":
			return "", corrupt("unpack %q: it leads out of its folder", name)
		case component == "" || component == "." || len(component) > longestName:
			return "", corrupt("unpack %q: a part of its path is no name", name)
		}
	}
	return trimmed, nil
}

func isForbidden(c rune) bool { return c == '\\' || unicode.IsControl(c) || unicode.Is(unicode.Cf, c) }
