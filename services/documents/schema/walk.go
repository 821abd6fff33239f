package schema

import (
	"maps"
	"slices"
	"strconv"
)

// walk calls visit with each string below value and the names and indices that
// lead to it, in a fixed order, until it returns false. path is valid during the
// call.
func walk(value any, path []string, visit func(path []string, text string) bool) bool {
	switch value := value.(type) {
	case string:
		return visit(path, value)
	case []any:
		for i, element := range value {
			if !walk(element, append(path, strconv.Itoa(i)), visit) {
				return false
			}
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(value)) {
			if !walk(value[name], append(path, name), visit) {
				return false
			}
		}
	}
	return true
}
