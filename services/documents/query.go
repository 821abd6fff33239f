package documents

import (
	"net/http"
	"strings"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/urlpattern"
)

// checkQuery refuses each key of a raw query that begins with "$" and is not
// among known. Other keys mean nothing to a document: caches are told apart by
// them.
func checkQuery(raw string, known ...string) error {
	if raw == "" {
		return nil
	}
	for key := range urlpattern.QueryPairs(raw) {
		if strings.HasPrefix(key, "$") && !contains(known, key) {
			return unknownKey(key, known)
		}
	}
	return nil
}

func contains(known []string, key string) bool {
	for _, k := range known {
		if k == key {
			return true
		}
	}
	return false
}

func unknownKey(key string, known []string) error {
	use := "leave it out"
	if len(known) > 0 {
		use = "use " + strings.Join(known, ", ")
	}
	return bus.Errorf(http.StatusBadRequest, "the query key %q is not supported here: %s", key, use)
}
