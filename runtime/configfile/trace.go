package configfile

import (
	"os"
	"path/filepath"
	"strings"
)

// maxLinks is how many links a name may lead over.
const maxLinks = 40

// trace returns the names that decide what name leads to, each in a directory
// that no link leads to: every link on the way, and at the end the file, or
// what of the way to it is missing.
func trace(name string) []string {
	at, left := string(filepath.Separator), elements(name)
	if !filepath.IsAbs(name) {
		if dir, err := os.Getwd(); err == nil {
			left = append(elements(dir), left...)
		}
	}
	var steps []string
	for len(left) > 0 {
		next := filepath.Join(at, left[0])
		left = left[1:]
		target, err := os.Readlink(next)
		switch {
		case err == nil && len(steps) < maxLinks:
			steps = append(steps, next)
			left = append(elements(target), left...)
			if filepath.IsAbs(target) {
				at = string(filepath.Separator)
			}
		case len(left) == 0, err == nil, os.IsNotExist(err):
			return append(steps, next)
		default:
			at = next
		}
	}
	return append(steps, at)
}

// elements returns what stands between the slashes of a path.
func elements(path string) []string {
	return strings.FieldsFunc(path, func(c rune) bool { return c == filepath.Separator })
}
