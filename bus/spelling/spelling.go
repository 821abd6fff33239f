// Package spelling finds what somebody meant by a name that is not known. Errors
// of configurations and pipelines end with it.
package spelling

import (
	"fmt"
	"strings"
)

// Choice says which of names to write instead of name: the nearest one if one
// is near, or else any of them.
func Choice(name string, names []string) string {
	if near := Nearest(name, names); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return "write " + OneOf(names)
}

// OneOf lists names to choose from.
func OneOf(names []string) string {
	switch len(names) {
	case 0:
		return "none of them, this server has none"
	case 1:
		return names[0]
	}
	return "one of " + strings.Join(names, ", ")
}

// Nearest returns which of names somebody probably meant by name, whatever the
// case of its letters, or "". Of two that are as near it is the first.
func Nearest(name string, names []string) string {
	const longest = 64
	if len(name) > longest {
		return ""
	}
	best, least := "", 1+min(2, len(name)/3)
	for _, other := range names {
		if d := distance(strings.ToLower(name), strings.ToLower(other)); d < least {
			best, least = other, d
		}
	}
	return best
}

// distance is how many letters have to be added, removed, replaced or swapped
// with their neighbor to make a into b (optimal string alignment).
func distance(a, b string) int {
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			same := 1
			if a[i-1] == b[j-1] {
				same = 0
			}
			row[j] = min(row[j-1]+1, last[j]+1, last[j-1]+same)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
