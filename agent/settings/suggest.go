package settings

import "strings"

// Suggest is the known variable that name was most likely meant to be, "" when none is near.
func Suggest(name string) string {
	if upper, ok := prefixed(name); ok {
		if strings.Contains(upper, ".") { // the setting's own name; the image's rule backwards
			upper = strings.NewReplacer("_", "__", ".", "_").Replace(upper)
			upper = settingPrefix + strings.TrimPrefix(upper, settingPrefix+"_")
		}
		if upper != name && Known(upper) {
			return upper
		}
	}
	stem, suffix := name, ""
	for _, form := range []string{fileSuffix, referenceSuffix} {
		if cut, ok := strings.CutSuffix(name, form); ok {
			stem, suffix = cut, form
		}
	}
	best, nearest := "", 0
	for _, v := range catalogue().rows {
		if v.isPattern() || suffix != "" && !Known(v.Name+suffix) {
			continue
		}
		a, b := tail(strings.ToUpper(stem)), tail(v.Name)
		if !tolerable(max(len(a), len(b))-min(len(a), len(b)), a, b) { // spares the arithmetic: it is at least that far
			continue
		}
		if far := distance(a, b); tolerable(far, a, b) && (best == "" || far < nearest) {
			best, nearest = v.Name+suffix, far
		}
	}
	return best
}

// Near tells whether a and b are the same word but for a slip or two of the fingers.
func Near(a, b string) bool {
	return tolerable(distance(strings.ToLower(a), strings.ToLower(b)), strings.ToLower(a), strings.ToLower(b))
}

// tolerable allows one slip, and one more for every four letters after the fourth.
func tolerable(far int, a, b string) bool {
	return far <= max(1, max(len(a), len(b))/4)
}

// prefixed gives name with the prefix NEO4J_ in capitals, and whether it has that prefix in any spelling.
func prefixed(name string) (string, bool) {
	if len(name) <= len(settingPrefix) || !strings.EqualFold(name[:len(settingPrefix)], settingPrefix) {
		return name, false
	}
	return settingPrefix + name[len(settingPrefix):], true
}

// tail drops the prefix, which is often the part that is wrong (AGENT_DATA_ROOT, AGENT_CLOUDMAP_SERVICE_ID).
func tail(name string) string {
	for _, prefix := range []string{agentPrefix, settingPrefix, awsPrefix} {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			return rest
		}
	}
	return name
}

// distance is the optimal string alignment distance: letters inserted, dropped, changed, or swapped with their neighbour.
func distance(a, b string) int {
	before, row, next := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		next[0] = i + 1
		for j := range len(b) {
			change := row[j]
			if a[i] != b[j] {
				change++
			}
			next[j+1] = min(change, row[j+1]+1, next[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				next[j+1] = min(next[j+1], before[j-1]+1)
			}
		}
		before, row, next = row, next, before
	}
	return row[len(b)]
}
