package documents

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/urlpattern"
)

// maxTake is the most entries on one page of a listing.
const maxTake = 10_000

// listOptions are what the query of a listing asks for.
type listOptions struct {
	recursive, details, items, summary, noDirs, all, zip bool

	take, skip int
	after      urlpattern.Path // the entry before the page, relative to the directory; no segments is none

	search *search // what $filter and its like say; nil: all are listed
}

const (
	listKey  = "$list"
	takeKey  = "$take"
	skipKey  = "$skip"
	afterKey = "$after"

	listFlags = "details, items, summary, recursive, nodirs, all, zip"
)

// parseListOptions reads the query of a listing. A key that it does not know is
// an error of status 400, since a filter that is not applied shows too much.
// Only JSON can be searched.
func parseListOptions(query string, json bool) (listOptions, error) {
	o := listOptions{take: maxTake}
	if query == "" {
		return o, nil
	}
	seen := make(map[string]bool, 4)
	for key, value := range urlpattern.QueryPairs(query) {
		if seen[key] {
			return o, bus.Errorf(http.StatusBadRequest, "the query key %q is there twice: write it once", key)
		}
		seen[key] = true
		var err error
		switch key {
		case listKey:
			err = o.addFlags(value)
		case takeKey:
			o.take, err = number(takeKey, value, 1, maxTake)
		case skipKey:
			o.skip, err = number(skipKey, value, 0, 1<<31-1)
		case afterKey:
			o.after, err = afterEntry(value)
		default:
			err = o.addSearch(key, value, json)
		}
		if err != nil {
			return o, err
		}
	}
	if o.search != nil && seen[takeKey] {
		return o, bus.Errorf(http.StatusBadRequest, "%s is for names: write %s for what is found", takeKey, topKey)
	}
	return o, o.check()
}

func (o *listOptions) addFlags(value string) error {
	for flag := range strings.SplitSeq(value, ",") {
		switch flag {
		case "details":
			o.details = true
		case "items":
			o.items = true
		case "summary":
			o.summary, o.noDirs = true, true
		case "recursive":
			o.recursive = true
		case "nodirs":
			o.noDirs = true
		case "all":
			o.all = true
		case "zip":
			o.zip, o.noDirs = true, true
		default:
			return bus.Errorf(http.StatusBadRequest, "%s: the flag %q is not supported: use %s", listKey, flag, listFlags)
		}
	}
	return nil
}

// check refuses what can't be together.
func (o *listOptions) check() error {
	if o.forms() > 1 {
		return bus.Errorf(http.StatusBadRequest, "%s: only one of details, items, summary and zip can be there: write one of them", listKey)
	}
	if o.zip && (o.take != maxTake || o.skip > 0 || len(o.after.Segments) > 0) {
		return bus.Errorf(http.StatusBadRequest, "a zip has no pages: leave out %s, %s and %s", takeKey, skipKey, afterKey)
	}
	if o.search != nil && (o.details || o.summary || o.zip) {
		return bus.Errorf(http.StatusBadRequest, "%s: details, summary and zip are not for what is found: use items, recursive, all, and %s for some members", listKey, selectKey)
	}
	if o.search != nil && o.search.whole() && len(o.after.Segments) > 0 {
		return bus.Errorf(http.StatusBadRequest, "%s can't be together with %s and %s: use %s", afterKey, orderKey, countKey, skipKey)
	}
	if !o.recursive && len(o.after.Segments) > 1 {
		return bus.Errorf(http.StatusBadRequest, "%s is a path below the directory: write one name, or add recursive to %s", afterKey, listKey)
	}
	return nil
}

// forms returns how many forms the listing is to have.
func (o *listOptions) forms() (n int) {
	for _, form := range []bool{o.details, o.items, o.summary, o.zip} {
		if form {
			n++
		}
	}
	return n
}

func number(key, value string, least, most int) (int, error) {
	n, err := strconv.ParseUint(value, 10, 32)
	if err != nil || int64(n) < int64(least) || int64(n) > int64(most) {
		return 0, bus.Errorf(http.StatusBadRequest, "%s is %q: write a number from %d to %d", key, value, least, most)
	}
	return int(n), nil
}

// afterEntry reads the name of an entry as listings show it.
func afterEntry(value string) (urlpattern.Path, error) {
	path, err := urlpattern.ParsePath(value)
	if err != nil {
		return path, bus.Errorf(http.StatusBadRequest, "%s: %v", afterKey, err)
	}
	if len(path.Segments) == 0 || value[0] == '/' {
		return path, bus.Errorf(http.StatusBadRequest, "%s is %q: write a name as the listing shows it", afterKey, value)
	}
	return path, nil
}
